import numpy as np
import pytest

from boda.errors import RunError
from boda.models.keras_import import import_keras
from boda.models.recurrence import CELLS, CellWeights, pass_over
from boda.models.recurrence_gradient import backward
from recurrent_reference import keras_cell

BATCH, STEPS, WIDTH, UNITS = 3, 6, 4, 5
LENGTHS = [6, 2, 4]
KERAS_CELLS = ("lstm", "gru", "rnn")


def cell_of(cell, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    columns = UNITS * len(CELLS[cell].sigmoids)
    arrays = {
        "kernel": rng.normal(0, 0.5, (WIDTH, columns)),
        "bias": rng.normal(0, 0.5, (2, columns) if cell == "gru" else (columns,)),
        "recurrent": None if cell == "mingru" else rng.normal(0, 0.5, (UNITS, columns)),
    }
    return CellWeights(cell, **{name: None if a is None else a.astype(dtype) for name, a in arrays.items()})


def inputs(dtype=np.float32, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (BATCH, STEPS, WIDTH)).astype(dtype)


def states_of(cell, dtype=np.float32):
    rng = np.random.default_rng(2)
    return tuple(rng.normal(0, 1, (BATCH, UNITS)).astype(dtype) for _ in CELLS[cell].states)


def mask_of(lengths=LENGTHS):
    return np.arange(STEPS) < np.array(lengths)[:, None]


def built_in_keras(cell, weights):
    layer = keras_cell(cell, UNITS, return_sequences=True, return_state=True)
    layer.build((None, STEPS, WIDTH))
    layer.set_weights([weights.kernel, weights.recurrent, weights.bias])
    return layer


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("cell", KERAS_CELLS)
def test_a_pass_equals_keras(cell, masked):
    weights, x, state = cell_of(cell), inputs(), states_of(cell)
    mask = mask_of() if masked else None
    passed = pass_over(weights, weights.project(x), mask=mask, state=state)

    h, *final = built_in_keras(cell, weights)(x, mask=mask, initial_state=list(state))

    assert np.allclose(passed.h, h, atol=1e-5)
    assert all(np.allclose(ours, theirs, atol=1e-5) for ours, theirs in zip(passed.state, final, strict=True))


def test_a_mingru_step_is_its_formula():
    weights, x, (h,) = cell_of("mingru"), inputs()[:, 0], states_of("mingru")
    z = 1 / (1 + np.exp(-(x @ weights.kernel[:, :UNITS] + weights.bias[:UNITS])))
    candidate = x @ weights.kernel[:, UNITS:] + weights.bias[UNITS:]

    (after,), _ = CELLS["mingru"].step(weights.project(x), (h,), weights.ready)

    assert np.allclose(after, (1 - z) * h + z * candidate, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_leaves_its_state_and_input_as_they_are(cell):
    weights, state = cell_of(cell), states_of(cell)
    projected = weights.project(inputs()[:, 0])
    before = [values.copy() for values in (projected, *state)]

    CELLS[cell].step(projected, state, weights.ready)

    assert all((a == b).all() for a, b in zip(before, (projected, *state), strict=True))


@pytest.mark.parametrize("cell", CELLS)
def test_states_far_out_neither_overflow_nor_warn(cell):
    weights = cell_of(cell)
    passed = pass_over(weights, weights.project(inputs() * 1e4))

    assert np.isfinite(passed.h).all()


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_recorded_has_the_cells_names_and_its_states(cell):
    weights = cell_of(cell)
    passed = pass_over(weights, weights.project(inputs()), record=True)

    assert list(passed.kept) == [*CELLS[cell].states, *CELLS[cell].gates]
    assert (passed.kept["h"] == passed.h).all()
    assert all(values.shape == (BATCH, STEPS, UNITS) for values in passed.kept.values())


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("cell", KERAS_CELLS)
def test_the_way_back_equals_tensorflows(cell, masked):
    import_keras()
    tf = pytest.importorskip("tensorflow")
    weights, x, state = cell_of(cell), inputs(), states_of(cell)
    mask = mask_of() if masked else None
    d_h = np.random.default_rng(3).normal(0, 1, (BATCH, STEPS, UNITS)).astype(np.float32)
    if masked:
        d_h *= mask[..., None]
    passed = pass_over(weights, weights.project(x), mask=mask, state=state, record=True)
    ours = backward(weights, x, passed, d_h, tuple(np.ones_like(s) for s in state))

    layer = built_in_keras(cell, weights)
    x, state = tf.constant(x), [tf.constant(s) for s in state]
    with tf.GradientTape() as tape:
        tape.watch([x, *state])
        h, *final = layer(x, mask=mask, initial_state=state)
        loss = tf.reduce_sum(h * d_h) + sum(tf.reduce_sum(values) for values in final)
    d_x, *d_state, kernel, recurrent, bias = tape.gradient(loss, [x, *state, *(w.value for w in layer.weights)])

    pairs = [(ours.x, d_x), (ours.kernel, kernel), (ours.recurrent, recurrent), (ours.bias, bias)]
    pairs += zip(ours.state, d_state, strict=True)
    assert all(np.allclose(mine, theirs, atol=1e-5, rtol=1e-5) for mine, theirs in pairs)


@pytest.mark.parametrize("cell", CELLS)
def test_the_way_back_equals_finite_differences_in_float64(cell):
    weights, x, state = cell_of(cell, np.float64), inputs(np.float64), states_of(cell, np.float64)
    d_h = np.random.default_rng(3).normal(0, 1, (BATCH, STEPS, UNITS))

    def loss(x, kernel, bias, recurrent, *state):
        made = CellWeights(cell, kernel, bias, recurrent)
        return (pass_over(made, made.project(x), mask=mask_of(), state=state).h * d_h).sum()

    values = [x, weights.kernel, weights.bias, weights.recurrent, *state]
    passed = pass_over(weights, weights.project(x), mask=mask_of(), state=state, record=True)
    ours = backward(weights, x, passed, d_h)

    for place, gradient in enumerate([ours.x, ours.kernel, ours.bias, ours.recurrent, *ours.state]):
        if gradient is None:
            continue
        direction = np.random.default_rng(place).normal(0, 1, gradient.shape)
        ends = [
            [v + sign * 1e-6 * direction if nth == place else v for nth, v in enumerate(values)] for sign in (1, -1)
        ]
        slope = (loss(*ends[0]) - loss(*ends[1])) / 2e-6
        assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_of_a_simple_network_the_gradient_fades_by_its_weight_a_step():
    weights = CellWeights("rnn", np.zeros((1, 1)), np.zeros(1), np.full((1, 1), 0.5))
    x = np.zeros((1, 4, 1))
    passed = pass_over(weights, weights.project(x), record=True)
    d_h = np.zeros((1, 4, 1))
    d_h[0, -1] = 1

    assert backward(weights, x, passed, d_h).h[0, :, 0].tolist() == [0.125, 0.25, 0.5, 1.0]


def test_the_way_back_needs_a_record():
    weights = cell_of("lstm")
    passed = pass_over(weights, weights.project(inputs()))

    with pytest.raises(RunError, match="record=True"):
        backward(weights, inputs(), passed, passed.h)
