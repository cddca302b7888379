"""Activation maps: a Run's network and pictures, to where each answer comes from.

A map is sum_c w_c A_c over the last convolution's channels A, where w is the slope of the answer's logit by
the pooled features; for a linear head that is CAM (Zhou et al. 2016, arXiv 1512.04150), in general Grad-CAM
(Selvaraju et al. 2017, arXiv 1610.02391).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.batches import batched
from boda.models.engine import Network
from boda.models.heads.classify import Head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from boda.run import Run

BATCH = 4
OUTPUTS = ("map", "pooled", "logits")


def evidence(spatial: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """What each place says for the answer, and below 0 against it: (h, w), from activations (h, w, c), slopes (c,)."""
    return np.asarray(spatial @ slope)


def activation_map(spatial: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Where the answer comes from: (h, w) in 0 to 1, from activations (h, w, c) and slopes (c,)."""
    return to_heat(evidence(spatial, slope))


def to_heat(values: np.ndarray) -> np.ndarray:
    """What speaks for the answer, in 0 to 1: `values` without those below 0, by their greatest; all 0 where none is."""
    heat = np.maximum(values, 0)
    return np.asarray(heat / heat.max() if heat.max() > 0 else heat)


@dataclass(frozen=True, eq=False)
class Reaction:
    """What a network makes of n pictures: `spatial` (n, h, w, c), `pooled` (n, c) and `logits` (n, classes)."""

    spatial: np.ndarray
    pooled: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True, eq=False)
class Looker:
    """A Run's network with its head, ready to say where it looks.

    `network` runs pictures to "map", "pooled" and "logits"; `head` gives the slopes.
    """

    network: Network
    head: Head

    @classmethod
    def of(cls, run: Run) -> Looker:
        """The network of `run`; RunError or WeightsError where its files are damaged."""
        return cls(open_network(run), Head.from_bytes((run.path / "model" / "head.npz").read_bytes()))

    def react(self, pictures: Iterable[np.ndarray]) -> Reaction:
        """What the network makes of one or more `pictures`, (size, size, 3) uint8 each."""
        outputs = list(self.network.run(batched(pictures, BATCH)))
        return Reaction(*(np.concatenate([output[name] for output in outputs]) for name in OUTPUTS))

    def logits(self, pictures: Iterable[np.ndarray]) -> np.ndarray:
        """Logits (n, classes) of one or more `pictures`; their maps are not kept."""
        return np.concatenate([output["logits"] for output in self.network.run(batched(pictures, BATCH))])

    def evidence(self, reaction: Reaction, outputs: np.ndarray) -> list[np.ndarray]:
        """For each picture, what its places say for the class `outputs[i]`: n arrays (h, w)."""
        slopes = self.head.gradient(reaction.pooled, np.asarray(outputs))
        return [evidence(a, s) for a, s in zip(reaction.spatial, slopes, strict=True)]


def open_network(run: Run) -> Network:
    """The network of `run`, from pictures to "map", "pooled" and "logits"; WeightsError where it is damaged."""
    return Network(run.path / "model" / "network.xml", run.about.get("precision", "f32"), outputs=OUTPUTS)
