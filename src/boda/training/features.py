"""Features once: a frozen network is a fixed function, so each picture goes through it a single time.

Pictures are decoded by threads, run by OpenVINO on all cores, and their features are kept under a key of
network, view and picture, so that a second training on the same pictures computes none again.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from boda.batches import batched, in_order
from boda.errors import WeightsError
from boda.models import backbones
from boda.models.efficientnet_lite import SHA256
from boda.models.engine import Network, Precision, convert
from boda.models.lite_network import write_embedded
from boda.models.weights_file import check_size
from boda.progress import say, track
from boda.training.cache import FeatureStore, cache_folder, cache_limit, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from boda.data.view import View
    from boda.recipe import Recipe
    from boda.sample import Sample

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
        key = key_of("network 1", weights_key(recipe.backbone, recipe.weights), metadata.version("openvino"))
        path = _made_once(_place(recipe.backbone, key), lambda made: _write_features(made, recipe))
        return cls(path, key, recipe.precision)

    def features(self, samples: Sequence[Sample], digests: Sequence[str], view: View) -> np.ndarray:
        """Pooled features (n, d) float32 of `samples` in `view`.

        `digests` are the hashes of the samples' contents: what is kept for one of them is not computed again.
        """
        keys = [key_of(self.key, self.precision, view.key, digest) for digest in digests]
        pictures = list(zip(samples, digests, strict=True))
        return compute_once(keys, pictures, lambda missing: self._rows(missing, view), "features")

    def _rows(self, pictures: list[tuple[Sample, str]], view: View) -> Iterator[np.ndarray]:
        if pictures:
            network = Network(self.network, self.precision, outputs=("pooled",))
            for output in network.run(batched(in_order(lambda picture: view.pixels(*picture), pictures), BATCH)):
                yield from output["pooled"]


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


def weights_key(name: str, weights: str | None) -> str:
    """What the weights of the backbone `name` are, as far as it is known without reading them into a network."""
    row = backbones.get(name)
    if weights is None:
        return f"{name}, fresh"
    if weights != "pretrained":
        return f"{name}, file {_file_digest(Path(weights))}"
    return f"{name}, pretrained {'embedded ' + SHA256 if row.weights is None else row.weights.url + row.weights.digest}"


def _file_digest(path: Path) -> str:
    check_size(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read: {(error.strerror or str(error)).lower()}.") from error


def as_is_network(name: str) -> Path:
    """The whole pretrained network `name`, with its 1000 ImageNet classes, converted now or earlier."""
    key = key_of("as is 1", weights_key(name, "pretrained"), metadata.version("openvino"))
    return _made_once(_place(f"{name}-as-is", key), lambda path: _write_as_is(path, name))


def _made_once(path: Path, write: Callable[[Path], None]) -> Path:
    """`path`, written by `write` where it is missing: in a folder of its own that is then renamed, whole.

    Where another process was faster, its network is taken.
    """
    if path.exists():
        return path
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent.parent, ignore_cleanup_errors=True) as scratch:
        made = Path(scratch) / "network"
        made.mkdir()
        write(made / path.name)
        try:
            made.rename(path.parent)
        except OSError:
            if not path.exists():
                raise
    return path


def _place(name: str, key: str) -> Path:
    return cache_folder() / "networks" / f"{name}-{key[:24]}" / "network.xml"


def _write_features(path: Path, recipe: Recipe) -> None:
    """The embedded network is written without Keras, whose import costs seconds; the others are converted."""
    if recipe.weights == "pretrained" and backbones.get(recipe.backbone).embedded:
        write_embedded(path)
        return
    from boda.models.assemble import feature_model
    from boda.models.keras_import import import_keras

    _say_converting(recipe.backbone)
    if recipe.weights is None:
        import_keras().utils.set_random_seed(0)
    convert(feature_model(recipe.backbone, recipe.weights), path)


def _write_as_is(path: Path, name: str) -> None:
    if backbones.get(name).embedded:
        write_embedded(path, include_top=True)
        return
    from boda.models.assemble import build_classifier_as_is

    _say_converting(name)
    convert(build_classifier_as_is(name), path, ("logits",))


def _say_converting(name: str) -> None:
    say(f"Converting {name} for OpenVINO, once; this takes some seconds.")
