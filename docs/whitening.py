"""Draw docs/pictures/whitening_epsilon.png: what epsilon does to pictures learned from, and to others.

    python docs/whitening.py

The pictures are random crops of scikit-learn's samples, CC BY 2.0: flower.jpg by vultilion and china.jpg by
danielbuechele. Crops to learn from and crops held out come from different parts of them.
"""
# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from boda.augment.whiten import Whitening, fit_whitening

PICTURE = Path(__file__).resolve().parent / "pictures" / "whitening_epsilon.png"
SIDE, LEARNED = 64, 1500
EPSILONS = (0.001, 1.0, 10.0, 100.0)
COLOURS = ("#c1272d", "#e08e0b", "#2a9d8f", "#3a5fcd")


def main() -> None:
    """Learn, draw, write."""
    learned, held_out = crops(LEARNED)
    fits = [fit_whitening(learned, epsilon) for epsilon in EPSILONS]
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    draw(fits, shown(learned), held_out).savefig(PICTURE, dpi=110, facecolor="white")
    print(f"wrote {PICTURE.name}")


def crops(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops (n, 64, 64, 3) of the left 420 columns to learn from, and two from the right, divided by 255."""
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng(4)
    photographs = [load_sample_image(name).astype(np.float32) / 255 for name in ("flower.jpg", "china.jpg")]
    learned = [crop(photographs[2 * i // n], rng, 0, 420) for i in range(n)]
    return np.array(learned), np.array([photographs[0][170:234, 425:489], photographs[1][250:314, 440:504]])


def shown(learned: np.ndarray) -> np.ndarray:
    """The first crop of the flower, and that of the temple with the most contrast."""
    temples = learned[LEARNED // 2 :]
    return np.stack([learned[0], temples[temples.std(axis=(1, 2, 3)).argmax()]])


def crop(photograph: np.ndarray, rng: np.random.Generator, left: int, right: int) -> np.ndarray:
    """A crop between two columns, somewhere."""
    y, x = rng.integers(photograph.shape[0] - SIDE + 1), rng.integers(left, right - SIDE + 1)
    return photograph[y : y + SIDE, x : x + SIDE]


def draw(fits: list[Whitening], learned: np.ndarray, held_out: np.ndarray) -> Any:
    """Rows of pictures, a column for each epsilon, over the spectrum with a line for each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 10.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.5, 1])
    axes = top.subplots(4, 1 + len(fits))
    rows = [
        *zip(("learned from", "learned from"), learned, strict=True),
        *zip(("held out",) * 2, held_out, strict=True),
    ]
    for line, (name, picture) in zip(axes, rows, strict=True):
        show(line[0], picture)
        line[0].set_ylabel(name, fontsize=11)
        for cell, fit in zip(line[1:], fits, strict=True):
            show(cell, stretched(fit.apply(picture)))
    axes[0, 0].set_title("as it is", fontsize=11)
    for cell, fit, colour in zip(axes[0, 1:], fits, COLOURS, strict=True):
        cell.set_title(f"ε = {fit.epsilon:g}", fontsize=11, color=colour)
    spectrum(bottom.subplots(), fits)
    return figure


def stretched(white: np.ndarray) -> np.ndarray:
    """Grey at 0; three deviations to either side fill the range."""
    return np.asarray((0.5 + white / (6 * white.std())).clip(0, 1))


def show(cell: Any, picture: np.ndarray) -> None:
    """A picture without axes."""
    cell.imshow(picture, interpolation="nearest")
    cell.set_xticks([])
    cell.set_yticks([])
    for side in cell.spines.values():
        side.set_visible(False)


def spectrum(axes: Any, fits: list[Whitening]) -> None:
    """Singular values from the largest down, a line at each epsilon."""
    values = fits[0].singular_values[::-1]
    axes.semilogy(np.arange(1, len(values) + 1), values, color="#333333", linewidth=2)
    for fit, colour in zip(fits, COLOURS, strict=True):
        axes.axhline(fit.epsilon, color=colour, linewidth=1.5, linestyle="--")
        axes.text(len(values), fit.epsilon * 1.15, f"ε = {fit.epsilon:g}", color=colour, ha="right", va="bottom")
    axes.set_xlim(1, len(values) * 1.01)
    axes.set_xlabel("direction, from the strongest")
    axes.set_ylabel("singular value s")
    axes.set_title("Directions above a line are made equal; below it they stay weak", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
