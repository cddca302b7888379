"""Taps: the maps of a backbone that a head of boxes looks at, and which of them lie below the cut.

    picture ──> ... ──> 1/8 ──> ... ──> 1/16 ──┤cut├──> ... ──> 1/32
                         └── kept ───────┴── kept            └── trained

Averaging a map loses the place, so such a head takes maps of several scales: small things are seen in the large ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.errors import RecipeError
from boda.models.backbones import get
from boda.models.cut import cut_layer, thawed_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

WIDE = "head"  # the last block of some backbones, which only widens the map for a classifier


def taps(model: keras.Model, name: str, strides: Sequence[int]) -> dict[int, str]:
    """Of each stride the highest layer that ends a block and whose map is so many times smaller than the picture.

    Args:
        model: the backbone `name`, flat, for square pictures whose side the largest stride divides.
        name: a row of `BACKBONES`.
        strides: such as (8, 16, 32).

    Raises:
        RecipeError: the side of the pictures is no multiple of the largest stride.
    """
    side = model.inputs[0].shape[1]
    if side % max(strides):
        raise RecipeError(
            f"For boxes the side of the pictures must be a multiple of {max(strides)} pixels. Received: size={side}"
        )
    found = {}
    for block, layer in get(name).blocks:
        if block != WIDE:
            found[side // model.get_layer(layer).output.shape[1]] = layer
    return {stride: found[stride] for stride in strides}


def cut_layers(name: str, thaw: str, tapped: Sequence[str]) -> tuple[str, ...]:
    """The layers at which a network with a head on the layers `tapped` is cut, the lowest first; () where all learns.

    These are the taps that lie in frozen blocks and, where a tap lies in a thawed one, the layer below that.
    """
    thawed = thawed_blocks(name, thaw)
    ends = {layer: block for block, layer in get(name).blocks}
    frozen = [layer for layer in ends if layer in tapped and ends[layer] not in thawed]
    below = cut_layer(name, thaw)
    if below is None:
        return ()
    return tuple(frozen) if len(frozen) == len(tapped) or below in frozen else (*frozen, below)
