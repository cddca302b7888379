"""Features once: a frozen network is a fixed function, so each picture goes through it a single time.

Pictures are decoded by threads, run by OpenVINO on all cores, and their features are kept under a key of
network, view and picture, so that a second training on the same pictures computes none again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from boda.batches import batched, in_order
from boda.models.engine import Network, Precision
from boda.progress import track
from boda.training.cache import FeatureStore, cache_limit, key_of
from boda.training.networks import feature_network
from boda.training.pictures import pipeline_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from boda.augment.pipeline import Pipeline
    from boda.data.view import View
    from boda.recipe import Recipe
    from boda.sample import Sample
    from boda.training.pictures import Pictures

T = TypeVar("T")
BATCH = 4
KEEP_EVERY = 64


@dataclass(frozen=True)
class Extractor:
    """A converted backbone on disk, and how it is run.

    `network` is the OpenVINO file; `key` is a hash of the backbone, its weights and the runtime's version.
    """

    network: Path
    key: str
    precision: Precision = "f32"

    @classmethod
    def of(cls, recipe: Recipe) -> Extractor:
        """The recipe's backbone, converted now or by an earlier training."""
        path, key = feature_network(recipe)
        return cls(path, key, recipe.precision)

    def features(self, samples: Sequence[Sample], digests: Sequence[str], view: View) -> np.ndarray:
        """Pooled features (n, d) float32 of `samples` in `view`.

        `digests` are the hashes of the samples' contents: what is kept for one of them is not computed again.
        """
        keys = [key_of(self.key, self.precision, view.key, digest) for digest in digests]
        pictures = list(zip(samples, digests, strict=True))
        return compute_once(keys, pictures, lambda missing: self._rows(missing, view), "features")

    def varied(self, pictures: Pictures, pipeline: Pipeline, epoch: int) -> np.ndarray:
        """Pooled features (n, d) float32 of `pictures` as `pipeline` varies them in `epoch`, kept like the others."""
        key = (self.key, self.precision, pictures.view.key, pipeline.to_toml(), str(epoch))
        keys = [key_of(*key, digest) for digest in pictures.digests]

        def compute(missing: list[int]) -> Iterator[np.ndarray]:
            network = Network(self.network, self.precision, outputs=("pooled",), dtype="float32")
            seen = in_order(lambda index: pictures.varied(index, pipeline, epoch), missing)
            for output in network.run(batched(seen, BATCH)):
                yield from output["pooled"]

        return compute_once(keys, list(range(len(pictures))), compute, f"features of view {epoch + 1}")

    def _rows(self, pictures: list[tuple[Sample, str]], view: View) -> Iterator[np.ndarray]:
        if pictures:
            network = Network(self.network, self.precision, outputs=("pooled",))
            for output in network.run(batched(in_order(lambda picture: view.pixels(*picture), pictures), BATCH)):
                yield from output["pooled"]


def head_views(recipe: Recipe, extractor: Extractor, pictures: Pictures, seed: int) -> tuple[np.ndarray, ...]:
    """The features (n, d) of each view from which a head learns, the plain one first.

    "flip" is each picture mirrored; the stronger ones are drawn.
    """
    levers, view = recipe.head, pictures.view
    plain = extractor.features(pictures.samples, pictures.digests, view)
    if levers.augment == "none":
        return (plain,)
    if levers.augment == "flip":
        return plain, extractor.features(pictures.samples, pictures.digests, replace(view, mirrored=True))
    pipeline = pipeline_of(recipe, levers, seed)
    return plain, *(extractor.varied(pictures, pipeline, epoch) for epoch in range(1, levers.views))


def compute_once(
    keys: Sequence[str],
    items: Sequence[T],
    compute: Callable[[list[T]], Iterator[np.ndarray]],
    what: str,
) -> np.ndarray:
    """A vector an item (n, d) float32: those that are kept under their `keys`, and the others by `compute`, kept now.

    Args:
        keys: hashes of all that each vector depends on.
        items: as many.
        compute: gives the vectors of the items that it gets, in order.
        what: for the progress.
    """
    store, limit = FeatureStore.default(), cache_limit()
    have = store.get(sorted(set(keys)))
    if len({vector.size for vector in have.values()}) > 1:  # the file was tampered with
        have = {}
    missing = {key: item for key, item in zip(keys, items, strict=True) if key not in have}
    rows = track(compute(list(missing.values())), what, total=len(missing))
    fresh: list[tuple[str, np.ndarray]] = []
    try:
        for key, row in zip(missing, rows, strict=True):
            fresh.append((key, row))
            have[key] = row
            if len(fresh) == KEEP_EVERY:
                store.put(fresh)
                fresh = []
    finally:  # Ctrl-C too leaves what was computed
        if fresh:
            store.put(fresh)
    store.trim(limit)
    return np.stack([have[key] for key in keys]).astype(np.float32)
