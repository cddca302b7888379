"""How fast ZCA whitening is learned, and how exactly: boda's drop-in beside tf_keras's ImageDataGenerator.

    python benchmarks/whiten.py [--rounds 5] [--pictures 2000] [--side 32]

Both fit in one process, in turns, on random crops of scikit-learn's two sample pictures, with one BLAS thread, and are
measured by CPU time. "with the matrix" makes boda's dense matrix too, which tf_keras cannot go without. Errors are the
greatest difference from the formula in float64 on pictures that were learned from, over their deviation when white.
Ratios are taken within a round; brackets hold the least and the most of all rounds.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"})

import numpy as np
from machine import facts, note, spread, table

if TYPE_CHECKING:
    from collections.abc import Callable

EPSILON = 1e-6
TESTED = 200  # pictures whose whitening is compared


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--side", type=int, default=32)
    arguments = parser.parse_args()
    pictures = crops(arguments.pictures, arguments.side)
    ways = ways_to_fit()
    found: dict[str, list[float]] = {name: [] for name in ways}
    fitted = {}
    for number in range(arguments.rounds):
        for name, fit in ways.items():
            found[name].append(cpu_seconds(lambda fit=fit, name=name: fitted.update({name: fit(pictures)})))
        note(f"round {number + 1} of {arguments.rounds}")
    print(f"{facts()}\n{len(pictures)} pictures of {arguments.side} x {arguments.side} x 3\n\n{report(found)}")
    print(exactness(fitted, pictures))


def ways_to_fit() -> dict[str, Callable[[np.ndarray], Any]]:
    """The fits by name; tf_keras's where it is installed."""
    from boda.preprocessing.image import ImageDataGenerator

    ways = {
        "boda": lambda pictures: fitted(ImageDataGenerator, pictures),
        "boda, with the matrix": lambda pictures: with_matrix(fitted(ImageDataGenerator, pictures)),
    }
    try:
        from tf_keras.preprocessing.image import ImageDataGenerator as Peer
    except ImportError:
        note("tf_keras is not installed: no ratio. pip install tf_keras")
        return ways
    return {"tf_keras": lambda pictures: fitted(Peer, pictures), **ways}


def fitted(kind: Any, pictures: np.ndarray) -> Any:
    """A generator that whitens."""
    generator = kind(featurewise_center=True, zca_whitening=True, zca_epsilon=EPSILON)
    generator.fit(pictures)
    return generator


def with_matrix(generator: Any) -> Any:
    """The same, its dense matrix made."""
    _ = generator.zca_whitening_matrix
    return generator


def crops(n: int, side: int) -> np.ndarray:
    """Random crops (n, side, side, 3) float32 of two photographs, no two the same."""
    from sklearn.datasets import load_sample_images

    rng, photographs, places = np.random.default_rng(0), load_sample_images().images, set()
    while len(places) < n:
        which = int(rng.integers(2))
        height, width, _ = photographs[which].shape
        places.add((which, int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))))
    cut = [photographs[which][y : y + side, x : x + side] for which, y, x in sorted(places)]
    return np.array(cut, np.float32)


def cpu_seconds(work: Callable[[], None]) -> float:
    """CPU time of this process, all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def report(found: dict[str, list[float]]) -> str:
    """Seconds and ratios."""
    peer = found.get("tf_keras")
    rows = [
        [name, spread(seconds, 2), spread([p / s for p, s in zip(peer, seconds, strict=True)], 2) if peer else "-"]
        for name, seconds in found.items()
    ]
    return table(("fit", "CPU-seconds", "times as fast as tf_keras"), rows)


def exactness(generators: dict[str, Any], pictures: np.ndarray) -> str:
    """How far each is from the formula in float64, on learned and on other pictures."""
    from numpy.linalg import svd

    n, mean = len(pictures), pictures.mean((0, 1, 2), dtype=np.float64)
    u, s, _ = svd((pictures - mean).reshape(n, -1).T, full_matrices=False)
    kept = s > s[0] * np.sqrt(max(u.shape) * np.finfo(np.float64).eps)
    u, scales = u[:, kept], np.sqrt(n) / (s[kept] + EPSILON)
    others = np.ascontiguousarray(pictures[-TESTED:, ::-1, ::-1])
    rows = []
    for name, generator in generators.items():
        cells = []
        for some in (pictures[:TESTED], others):
            wanted = (((some - mean).reshape(len(some), -1) @ u) * scales) @ u.T
            got = generator.standardize(some.copy()).reshape(len(some), -1)
            cells.append(f"{np.abs(got - wanted).max() / wanted.std():.1e}")
        rows.append([name, *cells])
    head = f"Least singular value {s[kept][-1] / s[0]:.1e} of the largest; {np.sum(~kept)} dropped.\n\n"
    return head + table(("error", "pictures learned from", "turned by 180 degrees"), rows)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
