"""A carried state goes on where the last piece of its stream left it, and no gradient goes back beyond the piece."""

import numpy as np
import pytest

from boda.models.carry import carried_class
from boda.models.keras_import import import_keras


def doubling(streams=1, every=4, steps=None):
    """A layer with h_t = x_t + 2 h_(t-1), whose state is carried, in a model from [x, rows]."""
    keras = import_keras()
    inner = keras.layers.SimpleRNN(1, activation="linear", return_sequences=True, return_state=True)
    layer = carried_class()(inner, 1, streams, every)
    x, rows = keras.Input((steps, 1)), keras.Input(())
    model = keras.Model([x, rows], layer(x, rows))
    inner.set_weights([np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(1)])
    return model, layer


def call(model, *values, rows=(1,), training=True):
    x = np.array(values, np.float32).reshape(len(rows), -1, 1)
    return np.asarray(model([x, np.array(rows, np.float32)], training=training))[..., 0].tolist()


def kept(layer):
    return np.asarray(layer.kept[0])[:, 0].tolist()


def test_a_piece_goes_on_from_the_last_ones_end():
    model, layer = doubling()

    assert call(model, 1, 2, rows=[-1]) == [[1, 4]]
    assert call(model, 3, 4) == [[11, 26]]
    assert kept(layer) == [26]


def test_pieces_that_overlap_begin_where_the_update_was():
    model, layer = doubling(every=2, steps=4)

    assert call(model, 1, 2, 3, 4, rows=[-1]) == [[1, 4, 11, 26]]
    assert kept(layer) == [4]
    assert call(model, 3, 4, 5, 6) == [[11, 26, 57, 120]]
    assert kept(layer) == [26]


def test_a_new_sequence_begins_with_an_empty_memory():
    model, _ = doubling()
    call(model, 1, 2)

    assert call(model, 3, 4, rows=[-1]) == [[3, 10]]


def test_each_stream_has_its_own_memory_in_whatever_order_they_come():
    model, layer = doubling(streams=3)
    call(model, 1, 5, 9, rows=[-1, -2, -3])
    call(model, 0, 1, rows=[3, 1])

    assert kept(layer) == [3, 5, 18]


def test_nothing_is_kept_where_it_is_not_trained():
    model, layer = doubling()
    call(model, 1, rows=[-1])
    call(model, 7, training=False)

    assert kept(layer) == [1]


def slope_of_recurrent_kernel(model, *values, rows=(1,)):
    import tensorflow as tf

    x = np.array(values, np.float32).reshape(1, -1, 1)
    with tf.GradientTape() as tape:
        last = model([x, np.array(rows, np.float32)], training=True)[0, -1, 0]
    return float(tape.gradient(last, [v.value for v in model.trainable_variables])[1][0, 0])


def test_no_gradient_goes_back_beyond_the_piece():
    model, _ = doubling()
    call(model, 1, 2, rows=[-1])  # leaves h = 4

    # h = 3 + u 4, then 4 + u h: d/du = h + u 4 = 11 + 8, as if 4 did not depend on u
    assert slope_of_recurrent_kernel(model, 3, 4) == 19


def test_gradients_go_back_through_the_whole_of_a_piece_that_overlaps():
    model, _ = doubling(every=2, steps=4)
    call(model, 1, 2, 3, 4, rows=[-1])  # leaves h = 4

    # h: 4, 11, 26, 57, 120; d_t = h_(t-1) + 2 d_(t-1) = 4, 19, 64, 185
    assert slope_of_recurrent_kernel(model, 3, 4, 5, 6) == 185


def test_the_memory_is_among_the_models_variables_but_does_not_learn():
    model, layer = doubling()

    assert any(variable is layer.kept[0] for variable in model.variables)
    assert len(model.trainable_variables) == 3


def test_a_model_with_it_comes_back_from_its_configuration():
    model, _ = doubling(every=2, steps=4)
    again = import_keras().Model.from_config(model.get_config())
    again.set_weights(model.get_weights())

    assert call(again, 1, 2, 3, 4, rows=[-1]) == [[1, 4, 11, 26]]


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_pieces_say_what_one_long_pass_says(cell):
    keras = import_keras()
    inner = getattr(keras.layers, cell)(5, return_sequences=True, return_state=True)
    layer = carried_class()(inner, 2 if cell == "LSTM" else 1, 3, 4)
    x = np.random.default_rng(0).normal(size=(3, 12, 2)).astype(np.float32)
    rows = np.array([1, 2, 3], np.float32)
    found = [np.asarray(layer(x[:, i : i + 4], rows if i else -rows, training=True)) for i in (0, 4, 8)]

    np.testing.assert_allclose(np.concatenate(found, axis=1), np.asarray(inner(x)[0]), atol=1e-6)
