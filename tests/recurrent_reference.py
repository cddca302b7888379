"""What the NumPy runtime is held against: the same plan and weights as layers of Keras itself."""

import numpy as np

from boda.models.keras_import import import_keras
from boda.models.sequence_plan import Head, Input, Layer, Plan
from boda.models.sequence_weights import weight_shapes

IDS, NUMBERS = Input("ids", 9, 5), Input("numbers", 5)


def plan_of(*layers, first=IDS, head="last", outputs=4, task="classify"):
    return Plan(task, first, layers or (Layer("lstm", 6),), Head(head, outputs))


def random_weights(plan, seed=0, dtype=np.float32, size=0.6):
    """Normal numbers, so that no weight is 0 and no gate is at its middle."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, size, shape).astype(dtype) for name, shape in weight_shapes(plan).items()}


def random_ids(seed=0, lengths=(7, 3, 5), size=9):
    """Padded (b, t) ids, and the rows without padding."""
    rng = np.random.default_rng(seed)
    rows = [rng.integers(1, size, length) for length in lengths]
    x = np.zeros((len(rows), max(lengths)), np.int64)
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    return x, rows


def keras_outputs(plan, weights, x, lengths=None):
    """The outputs of `plan` made of keras.layers, (b, ...)."""
    keras = import_keras()
    steps = np.arange(x.shape[1])
    mask = None if lengths is None else keras.ops.convert_to_tensor(steps < np.asarray(lengths)[:, None])
    y = embedded(plan, weights, x)
    for nth, layer in enumerate(plan.layers):
        top = nth == len(plan.layers) - 1 and not layer.layer_norm and not layer.residual
        y = keras_layer(plan, weights, nth, y, mask, return_sequences=plan.head.kind != "last" or not top)
    if plan.head.kind == "mean":
        y = keras.layers.GlobalAveragePooling1D()(y, mask=mask)
    if plan.head.kind == "max":
        y = keras.ops.max(y if mask is None else keras.ops.where(mask[..., None], y, -np.inf), axis=1)
    if plan.head.kind == "last" and len(y.shape) == 3:
        y = keras.ops.stack([row[int(n) - 1] for row, n in zip(y, lengths, strict=True)])
    return np.asarray(y) @ weights["head/kernel"] + weights["head/bias"]


def embedded(plan, weights, x):
    if plan.input.kind == "numbers":
        return x
    return weights["embedding"][x] if plan.input.embedding else np.eye(plan.input.size, dtype=np.float32)[x]


def keras_layer(plan, weights, nth, x, mask=None, initial_state=None, **options):
    keras = import_keras()
    layer = plan.layers[nth]
    built = keras_cell(layer.cell, layer.units, **{"return_sequences": True, **options})
    if layer.bidirectional:
        built = keras.layers.Bidirectional(built)
    built.build(np.shape(x))
    built.set_weights(
        [weights[f"layer{nth}/{way}/{name}"] for way in layer.ways for name in ("kernel", "recurrent_kernel", "bias")]
    )
    y = built(keras.ops.convert_to_tensor(x), mask=mask, **({"initial_state": initial_state} if initial_state else {}))
    if layer.layer_norm:
        norm = keras.layers.LayerNormalization()
        norm.build(y.shape)
        norm.set_weights([weights[f"layer{nth}/norm/{name}"] for name in ("gamma", "beta")])
        y = norm(y)
    return y + x if layer.residual and y.shape[-1] == np.shape(x)[-1] else y


def keras_cell(cell, units, **options):
    layers = import_keras().layers
    return {"lstm": layers.LSTM, "gru": layers.GRU, "rnn": layers.SimpleRNN}[cell](units, **options)
