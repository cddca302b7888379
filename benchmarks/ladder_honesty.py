"""How often a ladder calls a lever that does nothing, and how often it finds one that is worth 5 points.

    python benchmarks/ladder_honesty.py [--ladders 200] [--only false coarse planted] [--start 0]

Each ladder takes 400 of the flowers' 500 training pictures, and folds of its own. Its base and its ten rungs are small
networks on the kept features, each trained from its own start and in its own order: 11 x 3 repeats x 5 folds.

* false: ten rungs that differ from the base by the seed alone.
* coarse: the same, with heads trained in few large steps, so that each fit has more luck of its own.
* planted: the base and nine rungs see features with noise that costs 5 points of accuracy; the first rung sees them
  clean. The noise is set beforehand, on ladders of other seeds.

The same answers are judged with one, two and three repeats, by four rules: accuracy alone, log loss alone (after a
temperature fitted on the other folds), both with the correction over both, and both with the luck of fits left out.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import machine
import numpy as np

from boda.data.folds import folds
from boda.metrics.calibrate import fit_temperature
from boda.metrics.classify import log_losses, softmax
from boda.metrics.compare import compare_scores
from boda.metrics.intervals import wilson

if TYPE_CHECKING:
    from boda.metrics.compare import Comparison

KINDS = ("false", "coarse", "planted")
PICTURES, RUNGS, REPEATS, FOLDS, DIMENSIONS, WIDTH, BATCH = 400, 10, 3, 5, 64, 32, 64
WORTH = 0.05
RULES = {
    "accuracy": (("accuracy",), True),
    "log loss": (("log_loss",), True),
    "both": (("accuracy", "log_loss"), True),
    "both, without the fits' luck": (("accuracy", "log_loss"), False),
}
OTHER_SEEDS = 1_000_000


@dataclass(frozen=True)
class Pictures:
    """Features (n, d), targets (n,) and groups (n,)."""

    features: np.ndarray
    targets: np.ndarray
    groups: np.ndarray

    def some(self, rng: np.random.Generator) -> Pictures:
        """400 of them."""
        rows = np.sort(rng.permutation(len(self.targets))[:PICTURES])
        return Pictures(self.features[rows], self.targets[rows], self.groups[rows])


def kept() -> Pictures:
    """The flowers' training part: features standardised, in their 64 directions of most variance."""
    from boda.data import read
    from boda.data.audit import scan
    from boda.data.view import View
    from boda.models import backbones
    from boda.recipe import Recipe
    from boda.training.features import Extractor

    recipe = Recipe()
    dataset, scanned = scan(read(machine.data("flowers")))
    view = View(backbones.get(recipe.backbone).size, recipe.resize)
    features = Extractor.of(recipe).features(dataset.samples, scanned.digests, view)
    train = np.array([sample.part == "train" for sample in dataset.samples])
    return Pictures(_reduced(features[train]), dataset.targets()[train], scanned.group_ids[train])


def _reduced(features: np.ndarray) -> np.ndarray:
    standard = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    u, s, _ = np.linalg.svd(standard, full_matrices=False)
    reduced = u[:, :DIMENSIONS] * s[:DIMENSIONS]
    return (8 * reduced / np.sqrt((reduced**2).sum(axis=1).mean())).astype(np.float32)


def train(
    tables: np.ndarray,
    rows: list[np.ndarray],
    table: np.ndarray,
    targets: np.ndarray,
    rng: np.random.Generator,
    kind: str,
) -> np.ndarray:
    """Logits (heads, n, classes) of as many networks as `rows`, all trained beside one another.

    Head h has one hidden layer and sees `rows[h]` of `tables[table[h]]`; SGD with momentum, a cosine to 0.
    """
    epochs, batch, rate = (6, 16, 0.3) if kind == "coarse" else (30, BATCH, 0.05)
    hot = np.eye(targets.max() + 1, dtype=np.float32)[targets]
    steps = min(map(len, rows)) // batch
    weights = _start(len(rows), tables.shape[2], hot.shape[1], rng)
    speed = [np.zeros_like(w) for w in weights]
    for epoch in range(epochs):
        order = np.stack([rng.permutation(own)[: steps * batch] for own in rows])
        for step in range(steps):
            some = order[:, step * batch : (step + 1) * batch]
            slopes = _slopes(weights, tables[table[:, None], some], hot[some])
            now = float(rate / 2 * (1 + np.cos(np.pi * (epoch + step / steps) / epochs)))
            speed = [0.9 * v - now * (slope + 1e-3 * w) for w, v, slope in zip(weights, speed, slopes, strict=True)]
            weights = [w + v for w, v in zip(weights, speed, strict=True)]
    return _forward(weights, tables[table])[1]


def _start(heads: int, inputs: int, classes: int, rng: np.random.Generator) -> list[np.ndarray]:
    shapes = ((inputs, WIDTH, 0.3 * np.sqrt(2 / inputs)), (1, WIDTH, 0), (WIDTH, classes, WIDTH**-0.5), (1, classes, 0))
    return [(scale * rng.normal(size=(heads, a, b))).astype(np.float32) for a, b, scale in shapes]


def _forward(weights: list[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w1, b1, w2, b2 = weights
    hidden = np.maximum(x @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def _slopes(weights: list[np.ndarray], x: np.ndarray, hot: np.ndarray) -> list[np.ndarray]:
    """The mean cross-entropy's gradient by each of the weights."""
    hidden, logits = _forward(weights, x)
    off = (softmax(logits) - hot) / x.shape[1]
    back = off @ weights[2].transpose(0, 2, 1) * (hidden > 0)
    return [
        x.transpose(0, 2, 1) @ back,
        back.sum(axis=1, keepdims=True),
        hidden.transpose(0, 2, 1) @ off,
        off.sum(axis=1, keepdims=True),
    ]


@dataclass(frozen=True)
class Ladder:
    """Scores (1 + rungs, repeats, n), the base first; fits (repeats, n); groups (n,)."""

    scores: dict[str, np.ndarray]
    fits: np.ndarray
    groups: np.ndarray


def climb(pictures: Pictures, kind: str, noise: float, seed: int, rungs: int = RUNGS, repeats: int = REPEATS) -> Ladder:
    """Train the base and the rungs on the same folds; in a planted ladder the first rung sees no noise."""
    rng = np.random.default_rng(seed)
    these = pictures.some(rng)
    n, y = PICTURES, these.targets
    blurred = these.features + noise * rng.normal(size=these.features.shape).astype(np.float32)
    parts = [folds(y, these.groups, FOLDS, int(rng.integers(2**31))) for _ in range(repeats)]
    pairs = [pair for _ in range(rungs + 1) for part in parts for pair in part]
    clean = np.repeat(np.arange(rungs + 1) == 1, repeats * FOLDS).astype(int)
    logits = train(np.stack([blurred, these.features]), [seen for seen, _ in pairs], clean, y, rng, kind)
    unseen = np.stack([np.isin(np.arange(n), test) for _, test in pairs]).reshape(rungs + 1, repeats, FOLDS, n)
    answers = np.einsum("rpfn,rpfnc->rpnc", unseen, logits.reshape(*unseen.shape, -1))
    right = (answers.argmax(axis=3) == y).astype(float)
    losses = np.stack([[_losses(a, y, part) for a, part in zip(rung, parts, strict=True)] for rung in answers])
    return Ladder({"accuracy": right, "log_loss": -losses}, unseen[0].argmax(axis=1), these.groups)


def _losses(logits: np.ndarray, targets: np.ndarray, part: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(n,) after a temperature that is fitted, for each fold, on the answers of the others."""
    losses = np.zeros(len(targets))
    for seen, unseen in part:
        temperature = fit_temperature(logits[seen], targets[seen])
        losses[unseen] = log_losses(targets[unseen], softmax(logits[unseen] / temperature))
    return losses


def judged(ladder: Ladder, rule: str, repeats: int) -> list[set[str]]:
    """The verdicts of each rung, in all scores of the rule."""
    scores, with_fits = RULES[rule]
    cut = {score: ladder.scores[score][:, :repeats] for score in scores}
    base, others = {s: c[0] for s, c in cut.items()}, {str(i): {s: c[i] for s, c in cut.items()} for i in range(1, 11)}
    fits = ladder.fits[:repeats] if with_fits else None
    found = compare_scores(base, others, ladder.groups, fits, rng=np.random.default_rng(0))
    return [_called(one) for one in found.values()]


def _called(one: dict[str, Comparison]) -> set[str]:
    return {comparison.verdict for comparison in one.values()} - {"no difference shown"}


def outcome(
    pictures: Pictures, kind: str, noise: float, seed: int
) -> tuple[float, dict[tuple[int, str], tuple[int, int]]]:
    """The first rung's gain, and by repeats and rule: was it (alone) said to help, and was a false rung called."""
    ladder = climb(pictures, kind, noise, seed)
    first = 1 if kind == "planted" else 0
    found = {}
    for repeats in range(1, REPEATS + 1):
        for rule in RULES:
            called = judged(ladder, rule, repeats)
            found[repeats, rule] = (int(called[0] == {"helps"}), int(any(called[first:])))
    right = ladder.scores["accuracy"].mean(axis=(1, 2))
    return float(right[1] - right[0]), found


def noise_worth(pictures: Pictures, worth: float, ladders: int = 12) -> float:
    """The noise that costs `worth` of accuracy, by halving, on ladders of other seeds with the planted rung alone."""

    def cost(noise: float) -> float:
        climbed = [climb(pictures, "planted", noise, OTHER_SEEDS + i, 1, 1).scores["accuracy"] for i in range(ladders)]
        return float(np.mean([right[1].mean() - right[0].mean() for right in climbed]))

    low, high = 0.0, 1.5
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) > worth else (middle, high)
    return (low + high) / 2


def rows(kind: str, found: list[dict[tuple[int, str], tuple[int, int]]]) -> list[list[str]]:
    """A line for each number of repeats and each rule."""
    lines = []
    for repeats, rule in found[0]:
        helps, false = np.sum([one[repeats, rule] for one in found], axis=0)
        power = share(int(helps), len(found)) if kind == "planted" else ""
        lines.append([kind, f"{repeats} x {FOLDS}", rule, share(int(false), len(found)), power])
    return lines


def share(count: int, n: int) -> str:
    """A share with Wilson's interval."""
    return "{:.3f} ({:.3f} to {:.3f})".format(count / n, *wilson(count, n))


def one_thread() -> None:
    """Let each process keep to one core."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")


def main() -> None:
    """Climb the ladders of each kind in two processes, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ladders", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--start", type=int, default=0, help="the first ladder's seed")
    args = parser.parse_args()
    print(machine.facts())
    pictures, lines, began = kept(), [], time.perf_counter()
    with get_context("spawn").Pool(2, one_thread) as pool:
        for kind in args.only:
            noise = pool.apply(noise_worth, (pictures, WORTH)) if kind == "planted" else 0.0
            seeds = range(args.start, args.start + args.ladders)
            found = pool.map(partial(outcome, pictures, kind, noise), seeds, chunksize=1)
            gains = [gain for gain, _ in found]
            machine.note(f"{kind}: {time.perf_counter() - began:.0f} s")
            gain = f"{np.mean(gains):+.4f} (sd {np.std(gains):.4f})"
            print(f"{kind}: noise {noise:.3f}; the first rung's mean gain in accuracy {gain}\n")
            lines += rows(kind, [one for _, one in found])
    header = ("ladders", "repeats x folds", "rule", "a false rung called (95 %)", "planted rung helps (95 %)")
    print(machine.table(header, lines))


if __name__ == "__main__":
    main()
