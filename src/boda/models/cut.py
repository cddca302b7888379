"""Where a network is cut: below, a fixed function of the picture; above, what a stage trains.

    picture ──> stem ──> block0 ──> ... ──> block10 ──┤cut├──> block11 ──> ... ──> head's layers ──> logits
                └────────────── trunk ──────────────┘      └───────────────── tail ─────────────────┘

The blocks and the layers at which they end stand in the table of backbones.
Each of these layers carries the picture alone to everything above it, so that no residual connection crosses a cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from boda.errors import RecipeError
from boda.models.backbones import get
from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

BatchNorm = Literal["inference", "train"]
NOTHING = ("as-is", "head")
EVERYTHING = ("all", "scratch")


def block_names(name: str) -> tuple[str, ...]:
    """The blocks of the backbone `name`, the lowest first.

    >>> block_names("mobilenet")[:2], block_names("mobilenet")[-1]
    (('stem', 'block1'), 'block13')
    """
    return tuple(block for block, _ in get(name).blocks)


def thawed_blocks(name: str, thaw: str) -> tuple[str, ...]:
    """The blocks of the backbone `name` that `thaw` lets learn, the lowest first.

    Args:
        name: a row of `BACKBONES`.
        thaw: "as-is" and "head" thaw no block, "last-N" the N highest, "all" and "scratch" every one.

    Raises:
        RecipeError: there is no such backbone, no such word, or there are fewer blocks.

    >>> thawed_blocks("mobilenet", "last-2")
    ('block12', 'block13')
    """
    blocks = block_names(name)
    if thaw in NOTHING:
        return ()
    if thaw in EVERYTHING:
        return blocks
    number = int(thaw[5:]) if re.fullmatch(r"last-[1-9][0-9]{0,3}", thaw) else 0
    if not 1 <= number <= len(blocks):
        raise RecipeError(
            f"What thaws must be as-is, head, last-N, all or scratch, with N from 1 to {len(blocks)}, since {name} has "
            f"{len(blocks)} blocks: {', '.join(blocks)}. Received: {thaw!r}"
        )
    return blocks[-number:]


def cut_layer(name: str, thaw: str) -> str | None:
    """The layer whose output is the cut: the last one of the highest frozen block; None where no block is frozen.

    >>> cut_layer("mobilenet", "last-2")
    'conv_pw_11_relu'
    """
    frozen = len(block_names(name)) - len(thawed_blocks(name, thaw))
    return get(name).blocks[frozen - 1][1] if frozen else None


def trunk(model: keras.Model, layer: str) -> keras.Model:
    """The part of `model` from the picture to the output of `layer`; it shares the model's layers.

    Args:
        model: flat and functional, from RGB (n, h, w, 3), 0 to 255.
        layer: what `cut_layer` names.

    Returns:
        A model with one output, (n, h, w, c).
    """
    return import_keras().Model(model.input, model.get_layer(layer).output, name=f"{model.name}_trunk")


def trunk_of(model: keras.Model, layers: Sequence[str]) -> keras.Model:
    """The part of `model` from the picture to the outputs of several `layers`, in their order."""
    outputs = [model.get_layer(layer).output for layer in layers]
    return import_keras().Model(model.input, outputs, name=f"{model.name}_trunk")


def tail_of(model: keras.Model, layers: Sequence[str]) -> keras.Model:
    """The part of `model` from the outputs of `layers`, all of them needed, to its last output; it shares the layers.

    Where there are none it is the whole of it.
    """
    keras = import_keras()
    if not layers:
        return keras.Model(model.input, model.outputs[-1], name=f"{model.name}_tail")
    above = keras.Model([model.get_layer(layer).output for layer in layers], model.outputs[-1])
    for number, layer in enumerate(above.input):
        above.get_layer(layer._keras_history.operation.name).name = f"cut_{number}"  # noqa: SLF001 - Keras has no other way
    return keras.Model(above.input, above.output, name=f"{model.name}_tail")


def tail(model: keras.Model, layer: str | None) -> keras.Model:
    """The part of `model` from the output of `layer` to all of the model's outputs, flat.

    It shares the model's layers, so that to train the tail is to train the model.

    Args:
        model: flat and functional, from the picture.
        layer: what `cut_layer` names; None, where nothing is frozen, gives `model` itself.
    """
    if layer is None:
        return model
    model_of, cut = import_keras().Model, model.get_layer(layer).output
    above = model_of(cut, [output for output in model.outputs if output is not cut])
    above.layers[0].name = "cut"  # Keras's own name counts what was built in the process
    answers = iter(above.outputs)
    outputs = [above.input if output is cut else next(answers) for output in model.outputs]
    return model_of(above.input, outputs, name=f"{model.name}_tail")


def freeze(model: keras.Model, name: str, thaw: str, *, batch_norm: BatchNorm = "inference") -> None:
    """Let only the layers above the cut learn, those of the head among them; "as-is" lets none.

    A frozen BatchNormalization runs in inference, with the mean and variance that it has, and keeps its scale and
    offset.
    So do by default those of the thawed blocks, since the statistics of a few small batches are worse than ImageNet's.
    Those of the head, above the last block, learn wherever the head does.
    A compiled model must be compiled again.

    Args:
        model: the backbone `name` or a tail of it, with any head on it.
        name: a row of `BACKBONES`.
        thaw: as `thawed_blocks` takes it.
        batch_norm: "inference", or "train" for a network from scratch, which has yet to learn its statistics.
    """
    kinds = import_keras().layers.BatchNormalization
    depths, blocks = layer_depths(model, name), len(thawed_blocks(name, thaw))
    for layer in model.layers:
        depth = depths[layer.name]
        held = isinstance(layer, kinds) and depth > 0 and batch_norm == "inference"
        layer.trainable = thaw != "as-is" and depth <= blocks and not held


def layer_depths(model: keras.Model, name: str) -> dict[str, int]:
    """How far below the top each layer lies, in blocks: 0 in the head, 1 in the last block, and so on to the stem.

    With a factor d for each block, the learning rate of a layer is rate d^depth.

    Args:
        model: the backbone `name` or a tail of it, with any head on it.
        name: a row of `BACKBONES`.

    Returns:
        Layer name to depth; the input and its scaling count as of the lowest block.
    """
    names = {layer.name for layer in model.layers}
    blocks = [end for _, end in get(name).blocks]
    there = [number for number, end in enumerate(blocks) if end in names]
    ends = {blocks[number]: len(blocks) - number - 1 for number in there}
    if there:
        ends[blocks[there[-1]]] = 0  # whatever comes now is the head's, also where it looks at a lower block
    depths, depth = {}, len(blocks) - there[0] if there else 0
    for layer in model.layers:  # Keras orders them so that all below a cut come before it
        depths[layer.name] = depth
        depth = ends.get(layer.name, depth)
    return depths
