"""The decoder of pairs as Keras layers: it learns to write the target a token at a time, looking back at the source.

    score_ij = (s_i W) . e_j,   a_i = softmax(score_i),   c_i = sum_j a_ij e_j,   y_i = tanh([s_i, c_i] V + b)

s_i are the decoder's outputs and e_j the encoder's (Luong et al., arXiv 1508.04025, "general"). It begins with states
that are tanh of a dense layer of the encoder's last one, and while it learns it is told what was written before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.models.cells import CELLS
from boda.models.keras_import import import_keras
from boda.models.sequence_stack import NEVER, embedded, last, stack

if TYPE_CHECKING:
    from boda.recipe.sequence import SequenceRecipe


def decode(written: Any, encoded: tuple[Any, Any], there: Any, plan: dict[str, Any], recipe: SequenceRecipe) -> Any:
    """Logits (b, s, outputs) of each step of the target.

    Args:
        written: ids before each step, (b, s).
        encoded: the encoder's outputs and its top layer's h, (b, t, width) both.
        there: which steps of the source are there, (b, t).
        plan: the network's, whose "decoder" is built.
        recipe: for its dropout.
    """
    keras, decoder = import_keras(), plan["decoder"]
    outputs, h = encoded
    final = last(h, there, plan["layers"][-1])
    initial = [_bridge(final, layer, nth) for nth, layer in enumerate(decoder["layers"])]
    x = embedded(written, decoder["input"], "decoder_embedding")
    states, _ = stack(x, None, decoder["layers"], recipe, prefix="decoder_", initial=initial)
    if decoder["attention"]:
        states = _attend(states, outputs, there, decoder["width"])
    return keras.layers.Dense(decoder["outputs"], name="decoder_head")(states)


def _bridge(final: Any, layer: dict[str, Any], nth: int) -> list[Any]:
    """The states with which a layer of the decoder begins."""
    dense = import_keras().layers.Dense
    names = ("h", "c")[: CELLS[layer["cell"]].states]
    return [dense(layer["units"], activation="tanh", name=f"decoder_bridge{nth}_{name}")(final) for name in names]


def _attend(states: Any, outputs: Any, there: Any, width: int) -> Any:
    """What the decoder says at each step, with what it looked at in the source."""
    keras = import_keras()
    ops, layers = keras.ops, keras.layers
    asked = layers.Dense(outputs.shape[-1], use_bias=False, name="decoder_attention")(states)
    scores = ops.matmul(asked, ops.transpose(outputs, (0, 2, 1)))
    scores = ops.where(ops.expand_dims(there, 1), scores, NEVER)
    context = ops.matmul(ops.softmax(scores, axis=-1), outputs)
    both = ops.concatenate([states, context], axis=-1)
    return layers.Dense(width, activation="tanh", name="decoder_combine")(both)
