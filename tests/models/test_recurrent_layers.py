"""boda's recurrent layers give what Keras's give, forwards and back, and are theirs in files and settings too."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.models import scan
from boda.models.cells import CELLS, get, layer
from boda.models.keras_import import import_keras
from boda.models.recurrent_layers import recurrent_layers

PAIRS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 7, 3)).astype(np.float32)
PADDED = np.arange(7) < np.array([7, 3, 1, 5, 0])[:, None]
SCATTERED = RNG.random((5, 7)) < 0.6
CASES = {
    "alone": {},
    "last": {"return_sequences": False},
    "padded": {"mask": PADDED},
    "scattered": {"mask": SCATTERED, "return_sequences": False},
    "begun": {"begun": True, "mask": PADDED},
    "backwards": {"go_backwards": True, "begun": True},
    "backwards-padded": {"go_backwards": True, "mask": PADDED, "return_sequences": False},
    "zeros": {"zero_output_for_mask": True, "mask": SCATTERED},
    "unbiased": {"use_bias": False},
    "dropout": {"dropout": 0.3, "seed": 3},
    "recurrent-dropout": {"recurrent_dropout": 0.4, "seed": 3, "mask": PADDED, "begun": True},
    "both-dropouts": {"dropout": 0.3, "recurrent_dropout": 0.4, "seed": 3, "go_backwards": True},
}


def keras_layer(name, units=4, **options):
    return getattr(import_keras().layers, PAIRS[name])(units, **options)


def filled(made, width=3, rng=7):
    made.build((None, None, width))
    chance = np.random.default_rng(rng)
    made.set_weights([chance.normal(0, 0.4, w.shape).astype(np.float32) for w in made.get_weights()])
    return made


def answers_and_slopes(made, x, states, mask, **call):
    """Everything that comes out, and the gradients of a loss that sees all of it."""
    import tensorflow as tf

    x, states = tf.constant(x), [tf.constant(state) for state in states]
    mask = None if mask is None else tf.constant(mask)
    variables = [v.value for v in made.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        outputs = made(x, initial_state=states or None, mask=mask, **call)
        outputs = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        loss = tf.add_n([tf.reduce_sum(tf.sin(output * (3 + nth))) for nth, output in enumerate(outputs)])
    return [np.asarray(each) for each in (*outputs, *tape.gradient(loss, [x, *states, *variables]))]


def assert_all_close(found, expected):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * max(1, np.abs(theirs).max(initial=0)))


def initial_states(name, units=4):
    return [RNG.standard_normal((5, units)).astype(np.float32) for _ in range(CELLS[name].states)]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("name", PAIRS)
def test_values_and_gradients_are_those_of_keras(name, case):
    options = {"return_sequences": True, "return_state": True, **case}
    mask, begun = options.pop("mask", None), options.pop("begun", False)
    states = initial_states(name) if begun else []

    ours = answers_and_slopes(filled(layer(name, 4, **options)), X, states, mask, training=True)
    theirs = answers_and_slopes(filled(keras_layer(name, **options)), X, states, mask, training=True)

    assert_all_close(ours, theirs)


@pytest.mark.parametrize("name", PAIRS)
def test_a_bidirectional_layer_is_that_of_keras(name):
    both_ways = import_keras().layers.Bidirectional
    ours, theirs = (filled(both_ways(make(name, 4, return_sequences=True))) for make in (layer, keras_layer))

    assert type(ours.backward_layer) is getattr(recurrent_layers(), CELLS[name].builder)
    found, expected = (answers_and_slopes(made, X, [], PADDED) for made in (ours, theirs))
    assert_all_close(found, expected)


@pytest.mark.parametrize("name", PAIRS)
def test_the_loop_is_ours_and_not_a_fall_back(name, monkeypatch):
    monkeypatch.setattr(scan, "_share", lambda *_: pytest.fail("the loop was called"))

    with pytest.raises(BaseException, match="the loop was called"):
        filled(layer(name, 4))(X)


@pytest.mark.parametrize("name", PAIRS)
def test_an_unusual_activation_runs_as_in_keras(name):
    ours, theirs = (filled(make(name, 4, activation="relu"))(X) for make in (layer, keras_layer))

    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", CELLS)
def test_the_number_of_threads_and_of_rows_at_once_changes_rounding_only(name, monkeypatch):
    x = RNG.standard_normal((70, 6, 3)).astype(np.float32)
    made = filled(layer(name, 4, return_sequences=True))
    whole = answers_and_slopes(made, x, [], None)
    monkeypatch.setattr(scan, "threads", lambda: 3)
    monkeypatch.setattr(scan, "_rows_at_once", lambda *_: 16)

    assert_all_close(answers_and_slopes(made, x, [], None), whole)


@pytest.mark.parametrize("name", CELLS)
def test_the_same_batch_gives_the_same_bits(name, monkeypatch):
    monkeypatch.setattr(scan, "threads", lambda: 2)
    x = RNG.standard_normal((70, 6, 3)).astype(np.float32)
    made = filled(layer(name, 16, return_sequences=True))
    first, second = (answers_and_slopes(made, x, [], None) for _ in range(2))

    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_directions_and_a_pipeline_of_tensorflows_do_not_wait_for_each_other_for_ever(monkeypatch):
    import tensorflow as tf

    keras = import_keras()
    monkeypatch.setattr(scan, "threads", lambda: 2)
    both = keras.layers.Bidirectional(layer("gru", 4))
    model = keras.Sequential([keras.Input((None, 3)), both, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.tile(X, (28, 1, 1))
    batches = tf.data.Dataset.from_tensor_slices((x, x[:, 0, :1])).batch(70)
    slow = batches.map(lambda a, b: (tf.ensure_shape(tf.numpy_function(np.copy, [a], tf.float32), a.shape), b))

    assert len(model.fit(slow.prefetch(2), epochs=3, shuffle=False, verbose=0).history["loss"]) == 3


@pytest.mark.parametrize("name", CELLS)
def test_a_traced_step_takes_batches_of_any_size_and_length(name):
    import tensorflow as tf

    keras = import_keras()
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, filled(layer(name, 4, return_sequences=True))(inputs))

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))], autograph=False)
    def slopes(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x, training=True) ** 2)
        return tape.gradient(loss, [v.value for v in model.trainable_variables])

    for x in (X, X[:2, :4]):
        _, _, *expected = answers_and_slopes(model.layers[-1], x, [], None)
        assert [slope.shape for slope in slopes(x)] == [slope.shape for slope in expected]
        assert all(np.isfinite(slope).all() and np.abs(slope).sum() > 0 for slope in slopes(x))


@pytest.mark.parametrize("name", PAIRS)
def test_settings_and_weights_go_to_keras_and_back(name):
    theirs = keras_layer(name, recurrent_dropout=0.25, go_backwards=True, kernel_regularizer="l2")
    ours = type(layer(name, 1)).from_config(theirs.get_config())

    assert ours.get_config() == theirs.get_config()
    theirs.build(X.shape)
    theirs.set_weights(filled(ours).get_weights())
    np.testing.assert_allclose(theirs(X), ours(X), atol=1e-6)
    ours.set_weights(filled(theirs, rng=8).get_weights())
    np.testing.assert_allclose(theirs(X), ours(X), atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_weights_come_back_from_a_file(name, tmp_path):
    keras = import_keras()
    written, read = (keras.Sequential([keras.Input((None, 3)), filled(layer(name, 4), rng=rng)]) for rng in (1, 2))
    written.save_weights(tmp_path / "a.weights.h5")
    read.load_weights(tmp_path / "a.weights.h5")

    np.testing.assert_array_equal(read(X), written(X))


@pytest.mark.parametrize("name", CELLS)
def test_a_saved_model_is_the_same_when_it_is_loaded(name, tmp_path):
    keras = import_keras()
    both = keras.layers.Bidirectional(layer(name, 4, dropout=0.1))
    model = keras.Sequential([keras.Input((None, 3)), both])
    model.save(tmp_path / "model.keras")

    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(X), model(X))


def test_mingru_is_its_formula_step_by_step():
    made = filled(layer("mingru", 4, return_sequences=True, return_state=True))
    kernel, bias = made.get_weights()
    h = start = RNG.standard_normal((5, 4)).astype(np.float32)
    expected = []
    for x, there in zip(X.transpose(1, 0, 2), SCATTERED.T, strict=True):
        gate, candidate = np.split(x @ kernel + bias, 2, axis=1)
        z = there[:, None] / (1 + np.exp(-gate))
        h = (1 - z) * h + z * candidate
        expected.append(h)
    outputs, last = made(X, initial_state=[start], mask=SCATTERED)

    counted = np.cumsum(SCATTERED, axis=1)[..., None] > 0
    np.testing.assert_allclose(outputs, np.where(counted, np.stack(expected, 1), 0), atol=1e-5)
    np.testing.assert_allclose(last, h, atol=1e-5)


@pytest.mark.parametrize("case", [CASES[name] for name in ("alone", "scattered", "begun", "backwards-padded")])
def test_mingrus_gradients_are_those_of_keras_own_loop_over_its_cell(case):
    options = {"return_sequences": True, "return_state": True, **case}
    mask, begun = options.pop("mask", None), options.pop("begun", False)
    states = initial_states("mingru") if begun else []
    ours = filled(layer("mingru", 4, **options))
    theirs = filled(import_keras().layers.RNN(ours.cell, **options))

    found, expected = (answers_and_slopes(made, X, states, mask) for made in (ours, theirs))
    assert_all_close(found, expected)


def test_mingrus_dropout_takes_the_same_channels_at_each_step():
    made = filled(layer("mingru", 4, dropout=0.5, return_sequences=True, seed=1), width=64)
    made.set_weights([np.ones_like(weight) for weight in made.get_weights()])
    steady = made(np.ones((2, 40, 64), np.float32), training=True)

    np.testing.assert_allclose(steady[:, -1], steady[:, -2], rtol=1e-5)  # else the candidate would jump


def test_a_diverged_input_shows_as_nan_and_not_as_a_number():
    x = X.copy()
    x[0, 3, 1] = np.nan

    for name in CELLS:
        outputs = np.asarray(filled(layer(name, 4, return_sequences=True))(x))
        assert np.isnan(outputs[0, 3:]).all()
        assert np.isfinite(outputs[1:]).all()


def test_an_unknown_cell_is_told_of_the_nearest():
    with pytest.raises(RecipeError, match=r"There is no cell lstn\. Did you mean lstm\?"):
        get("lstn")


def test_recurrent_dropout_is_refused_where_there_is_nothing_to_drop():
    with pytest.raises(RecipeError, match="minGRU has no recurrent kernel"):
        layer("mingru", 4, recurrent_dropout=0.2)
