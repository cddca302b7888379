"""The training part as neighbours: by features that a training has at hand, or by the Run's own network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.atomic import file_digest
from boda.batches import batched, in_order
from boda.data.duplicates import content_digest
from boda.data.view import View
from boda.explain.activation import BATCH
from boda.explain.neighbours import FILE, MOST, Neighbours, write_neighbours
from boda.models.engine import Network
from boda.training.cache import key_of
from boda.training.features import compute_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from boda.run import Run
    from boda.sample import Sample


def keep_neighbours(run: Run, samples: Sequence[Sample], features: np.ndarray | None = None) -> Neighbours:
    """Keep the training part in `run`, by features that are at hand or by its own network.

    Args:
        run: has model/network.xml already.
        samples: the training part, with labels.
        features: (n, d) pooled features of `samples`, where the Run's network is the one that they were computed with;
            None has them computed, for a network that was trained itself.
    """
    if features is None:
        neighbours = compute_neighbours(run, samples)
        run.write_bytes(FILE, neighbours.to_bytes())
        return neighbours
    return write_neighbours(run, features, [s.name for s in samples], [s.label or () for s in samples])


def compute_neighbours(run: Run, samples: Sequence[Sample], most: int = MOST) -> Neighbours:
    """The training pictures of `run` as neighbours, by its own network; what was computed before comes from the cache.

    At most `most` of them are taken, at equal distances.

    Raises:
        ImageError: a picture cannot be read.
    """
    some = samples[:: -(-len(samples) // most)]
    digests = [content_digest(sample.read_bytes()) for sample in some]
    about = run.about
    network = [file_digest(run.path / "model" / f"network.{suffix}") for suffix in ("xml", "bin")]
    view = View(**about["view"])
    keys = [key_of("neighbours 1", *network, about["precision"], view.key, digest) for digest in digests]
    pictures = list(zip(some, digests, strict=True))
    features = compute_once(keys, pictures, lambda missing: _rows(run, missing, view), "training pictures")
    return Neighbours.of(features, [s.name for s in some], [s.label or () for s in some])


def _rows(run: Run, pictures: list[tuple[Sample, str]], view: View) -> Iterator[np.ndarray]:
    if pictures:
        network = Network(run.path / "model" / "network.xml", run.about["precision"], outputs=("pooled",))
        for output in network.run(batched(in_order(lambda picture: view.pixels(*picture), pictures), BATCH)):
            yield from output["pooled"]
