"""Networks of sequences: a plan becomes a flat Keras model, and its weights become arrays with the plan's names.

    ids ── embedding ─┐
                      ├─ dropout ─ cell ─ norm ─(+)─ ... ─ dropout ─ last, mean, max or each step ─ dense ─ logits
    numbers ──────────┘     └────────────────────┘

A plan is what network.json holds (`boda.models.sequence_plan`), here as a dict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import RecipeError
from boda.models.cells import CELLS
from boda.models.keras_import import import_keras
from boda.models.sequence_decoder import decode
from boda.models.sequence_stack import Carry, embedded, finished, pooled, stack

if TYPE_CHECKING:
    import keras

    from boda.recipe.sequence import SequenceRecipe

FORMAT = 1
MOST_ONE_HOT = 4096  # ids beyond which one-hot rows would fill the memory
EACH = ("tag", "language", "music")

__all__ = ["Carry", "answering", "build", "plan_of", "variables_of", "weights_of"]


def plan_of(
    recipe: SequenceRecipe, task: str, kind: str, size: int, outputs: int, target_size: int = 0
) -> dict[str, Any]:
    """The plan of the network that `recipe` asks for.

    Args:
        recipe: what to train.
        task: what a sequence is turned into.
        kind: "ids" or "numbers".
        size: how many ids there are, or numbers a step.
        outputs: numbers that the head gives.
        target_size: ids that pairs write with.

    Raises:
        RecipeError: one-hot rows of so many ids would not fit into memory.
    """
    layers = [_layer_plan(recipe, bidirectional=recipe.bidirectional) for _ in range(recipe.layers)]
    whole = {"format": FORMAT, "task": task, "input": _input_plan(recipe, kind, size), "layers": layers}
    if task != "pairs":
        head = {"kind": "each" if task in EACH else recipe.pooling, "outputs": outputs}
        return {**whole, "head": head, "decoder": None}
    decoder = {
        "input": _input_plan(recipe, "ids", target_size),
        "layers": [_layer_plan(recipe, bidirectional=False) for _ in range(recipe.layers)],
        "attention": recipe.attention,
        "width": recipe.units,
        "outputs": outputs,
    }
    return {**whole, "head": None, "decoder": decoder}


def build(plan: dict[str, Any], recipe: SequenceRecipe, carry: Carry | None = None) -> keras.Model:
    """The network that learns, functional and without models inside it.

    Inputs:
        Ids (b, t) int32, 0 where there is no step; or numbers (b, t, c + 1) float32, the last of them 1 on steps that
        are there. Steps that are not there stand at the end.
        Of pairs a second one: what was written before each step, (b, s) int32.
        With `carry` a second one: rows (b,), as `Carried` takes them.

    Output:
        Logits (b, outputs), or of each step (b, t, outputs).
    """
    keras = import_keras()
    x, values, there = _entry(plan, None if carry is None else carry.length)
    values = embedded(x, plan["input"], "embedding") if values is None else values
    rows = None if carry is None else keras.Input((), dtype=x.dtype, name="rows")
    top, h = stack(values, there, plan["layers"], recipe, carry=carry, rows=rows)
    if plan["decoder"] is not None:
        written = keras.Input((None,), dtype="int32", name="written")
        return keras.Model([x, written], decode(written, (top, h), there, plan, recipe), name="sequences")
    head = plan["head"]
    answer = keras.layers.Dense(head["outputs"], name="head")(pooled(head["kind"], top, there, plan["layers"][-1]))
    return keras.Model(x if rows is None else [x, rows], answer, name="sequences")


def answering(model: keras.Model, plan: dict[str, Any]) -> keras.Model:
    """The network on the same weights with its memory outside: from [x, *states] to [logits, *states].

    The states are those of each layer in order, (b, units) each. It is for plans that answer at each step.
    """
    keras = import_keras()
    x, values, _ = _entry(plan, None)
    if values is None:
        values = _layer(model, "embedding")(x) if plan["input"]["embedding"] else embedded(x, plan["input"], "")
    before: list[Any] = []
    after: list[Any] = []
    for nth, layer in enumerate(plan["layers"]):
        names = [f"layer{nth}_{i}" for i in range(CELLS[layer["cell"]].states)]
        states = [keras.Input((layer["units"],), name=name) for name in names]
        h, *new = _layer(model, f"layer{nth}")(values, initial_state=states)
        norm = _layer(model, f"layer{nth}_norm") if layer["layer_norm"] else None
        values = finished(h, values, norm, layer)
        before, after = before + states, after + new
    return keras.Model([x, *before], [_layer(model, "head")(values), *after], name="answering")


def weights_of(model: keras.Model, plan: dict[str, Any]) -> dict[str, np.ndarray]:
    """The weights by the plan's names, float32 copies."""
    return {name: np.array(variable, np.float32) for name, variable in variables_of(model, plan).items()}


def variables_of(model: keras.Model, plan: dict[str, Any]) -> dict[str, Any]:
    """The variables by the plan's names, as `boda.models.sequence_weights` lists them."""
    found = _stack_variables(model, plan, "")
    if plan["decoder"] is None:
        return found | _dense_variables(model, "head", "head")
    found |= _stack_variables(model, plan["decoder"], "decoder/")
    own = [layer.name for layer in model.layers if layer.name.startswith("decoder_") and hasattr(layer, "kernel")]
    for name in own:
        found |= _dense_variables(model, name, name.replace("_", "/"))
    return found


def _layer_plan(recipe: SequenceRecipe, *, bidirectional: bool) -> dict[str, Any]:
    shared = {name: getattr(recipe, name) for name in ("cell", "units", "layer_norm", "residual")}
    return {**shared, "bidirectional": bidirectional}


def _input_plan(recipe: SequenceRecipe, kind: str, size: int) -> dict[str, Any]:
    if kind == "numbers":
        return {"kind": kind, "size": size}
    if not recipe.embedding and size > MOST_ONE_HOT:
        raise RecipeError(
            f"embedding must be 1 or more with {size} tokens: one-hot rows are for {MOST_ONE_HOT} at most. "
            "Received: embedding=0"
        )
    return {"kind": kind, "size": size, "embedding": recipe.embedding}


def _entry(plan: dict[str, Any], steps: int | None) -> tuple[Any, Any, Any]:
    """The model's input, the numbers in it where it holds such, and which steps are there."""
    keras, first = import_keras(), plan["input"]
    if first["kind"] == "numbers":
        x = keras.Input((steps, first["size"] + 1), dtype="float32", name="sequence")
        return x, x[..., :-1], x[..., -1] > 0
    x = keras.Input((steps,), dtype="int32", name="sequence")
    return x, None, keras.ops.not_equal(x, 0)


def _stack_variables(model: Any, plan: dict[str, Any], prefix: str) -> dict[str, Any]:
    found, start = {}, prefix.replace("/", "_")
    if plan["input"].get("embedding"):
        found[f"{prefix}embedding"] = _layer(model, f"{start}embedding").embeddings
    for nth, layer in enumerate(plan["layers"]):
        cell = _layer(model, f"{start}layer{nth}")
        both = layer["bidirectional"]
        ways = {"forward": cell.forward_layer, "backward": cell.backward_layer} if both else {"forward": cell}
        for way, each in ways.items():
            found |= {f"{prefix}layer{nth}/{way}/{variable.name}": variable for variable in each.weights}
        if layer["layer_norm"]:
            norm = _layer(model, f"{start}layer{nth}_norm")
            found |= {f"{prefix}layer{nth}/norm/{name}": getattr(norm, name) for name in ("gamma", "beta")}
    return found


def _dense_variables(model: Any, layer: str, name: str) -> dict[str, Any]:
    return {f"{name}/{variable.name}": variable for variable in _layer(model, layer).weights}


def _layer(model: Any, name: str) -> Any:
    """A layer by its name; a recurrent one whose state is carried is inside another."""
    carried = {layer.name: layer.inner for layer in model.layers if layer.name == f"{name}_carried"}
    return carried[f"{name}_carried"] if carried else model.get_layer(name)
