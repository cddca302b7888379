"""The stack: ids or numbers through Keras's recurrent layers, and what a single answer is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.models.carry import carried_class
from boda.models.cells import CELLS
from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from boda.recipe.sequence import SequenceRecipe

EPSILON = 1e-3  # of LayerNormalization, Keras's own
NEVER = -1e9  # below all that a layer gives


@dataclass(frozen=True)
class Carry:
    """How the state is carried from piece to piece: `rows` streams, pieces of `length` steps, one each `every`."""

    rows: int
    length: int
    every: int


def embedded(ids: Any, first: dict[str, Any], name: str) -> Any:
    """Ids (b, t) as numbers (b, t, width)."""
    keras = import_keras()
    if first["embedding"]:
        return keras.layers.Embedding(first["size"], first["embedding"], name=name)(ids)
    return keras.ops.one_hot(ids, first["size"])


def stack(
    x: Any,
    there: Any,
    plans: list[dict[str, Any]],
    recipe: SequenceRecipe,
    *,
    prefix: str = "",
    initial: list[list[Any]] | None = None,
    carry: Carry | None = None,
    rows: Any = None,
) -> tuple[Any, Any]:
    """The recurrent layers on x (b, t, width): what the top one gives, and its states h, both (b, t, width).

    Only layers that read backwards get a mask: forwards no step sees what is missing at the end.
    """
    keras, h = import_keras(), x
    for nth, plan in enumerate(plans):
        name = f"{prefix}layer{nth}"
        x = keras.layers.Dropout(recipe.dropout, name=f"{name}_dropout")(x) if recipe.dropout else x
        cell = cell_layer(plan, recipe, name)
        if carry is not None:
            states = CELLS[plan["cell"]].states
            h = carried_class()(cell, states, carry.rows, carry.every, name=f"{name}_carried")(x, rows)
        else:
            given = {"initial_state": initial[nth]} if initial else {}
            h = cell(x, **given, **({"mask": there} if plan["bidirectional"] else {}))[0]
        norm = keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm") if plan["layer_norm"] else None
        x = finished(h, x, norm, plan)
    x = keras.layers.Dropout(recipe.dropout, name=f"{prefix}dropout")(x) if recipe.dropout else x
    return x, h


def finished(h: Any, x: Any, norm: Any, plan: dict[str, Any]) -> Any:
    """What follows a cell: the norm, where there is one, and the layer's input on top."""
    y = h if norm is None else norm(h)
    return y + x if plan["residual"] and y.shape[-1] == x.shape[-1] else y


def cell_layer(plan: dict[str, Any], recipe: SequenceRecipe, name: str) -> Any:
    """A recurrent layer that gives its h of each step, and its last states."""
    options: dict[str, Any] = {"return_sequences": True, "return_state": True}
    if recipe.recurrent_dropout:
        options["recurrent_dropout"] = recipe.recurrent_dropout
    layer = CELLS[plan["cell"]].layer
    if not plan["bidirectional"]:
        return layer(plan["units"], **options, name=name)
    return import_keras().layers.Bidirectional(layer(plan["units"], **options), name=name)


def pooled(kind: str, top: Any, there: Any, plan: dict[str, Any]) -> Any:
    """What a head reads of the top layer (b, t, width): "each" step, the "last", the "mean" or the "max"."""
    if kind == "each":
        return top
    return {"last": last, "mean": _mean, "max": _max}[kind](top, there, plan)


def last(top: Any, there: Any, plan: dict[str, Any]) -> Any:
    """The last step that is there, (b, width); the half that reads backwards at the first."""
    ops = import_keras().ops
    there = ops.cast(there, "float32")
    ends = there - ops.pad(there[:, 1:], ((0, 0), (0, 1)))
    found = ops.sum(top * ops.expand_dims(ends, -1), axis=1)
    if not plan["bidirectional"]:
        return found
    return ops.concatenate([found[:, : plan["units"]], top[:, 0, plan["units"] :]], axis=-1)


def _mean(top: Any, there: Any, plan: dict[str, Any]) -> Any:  # noqa: ARG001 - as its siblings
    ops = import_keras().ops
    weights = ops.expand_dims(ops.cast(there, "float32"), -1)
    return ops.sum(top * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)


def _max(top: Any, there: Any, plan: dict[str, Any]) -> Any:  # noqa: ARG001 - as its siblings
    ops = import_keras().ops
    return ops.max(ops.where(ops.expand_dims(there, -1), top, NEVER), axis=1)
