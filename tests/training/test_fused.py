"""A fused network answers and learns as the plain one does, on the same variables, with fewer operations."""

import numpy as np
import pytest

from boda.models.assemble import feature_model
from boda.models.cut import cut_layer, freeze, tail
from boda.models.keras_import import import_keras
from boda.training.chance import seed_draws
from boda.training.fused import fused_call
from boda.training.step import Step, accuracy

SIZE = 64
SLOW = [
    pytest.param(name, "last-3", marks=pytest.mark.slow)
    for name in ("resnet50", "resnet50_v2", "densenet121", "convnext_tiny", "efficientnetv2_b0")
]


def layers():
    return import_keras().layers


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=(4, *shape)).astype(np.float32)


def shuffled(model):
    """The model with weights and statistics that no initializer gives: a fresh BatchNormalization changes nothing."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers().BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.normal(size=layer.bias.shape))
    return model


def frozen(model):
    """No BatchNormalization learns."""
    for layer in model.layers:
        if isinstance(layer, layers().BatchNormalization):
            layer.trainable = False
    return shuffled(model)


def tail_of(name, thaw):
    """The tail of a fresh network, with statistics that suit its maps, and a head of three classes."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    base = feature_model(name, None, SIZE)
    logits = keras.layers.Dense(3, name="logits")(base.outputs[1])
    whole = keras.Model(base.input, [*base.outputs, logits], name=name)
    above = tail(whole, cut_layer(name, thaw))
    norms = [layer for layer in above.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in norms:
        layer.momentum = 0.0
    above(np.abs(images(*above.input.shape[1:], seed=1)), training=True)
    freeze(whole, name, thaw)
    return keras.Model(above.input, above.outputs[-1])


def slopes(call, model, x):
    """The logits (n, classes), and the gradient of their squares' sum for each variable that learns."""
    import tensorflow as tf

    seed_draws(model, 0)

    @tf.function(autograph=False)
    def run(x):
        with tf.GradientTape() as tape:
            logits = call(x, training=True)
            loss = tf.reduce_sum(logits**2)
        return logits, tape.gradient(loss, [v.value for v in model.trainable_variables])

    logits, found = run(tf.constant(x))
    return np.asarray(logits), [np.asarray(tf.convert_to_tensor(slope)) for slope in found]


def assert_same(model, x):
    """Both give the same answers and gradients, but for float32's rounding; every gradient says something."""
    logits, expected = slopes(model, model, x)
    fused_logits, found = slopes(fused_call(model), model, x)

    np.testing.assert_allclose(fused_logits, logits, rtol=1e-4, atol=1e-4 * np.abs(logits).max())
    assert len(found) == len(model.trainable_variables) > 0
    assert any(np.abs(slope).max() > 0 for slope in expected)
    largest = max(np.linalg.norm(slope) for slope in expected)
    for variable, ours, theirs in zip(model.trainable_variables, found, expected, strict=True):
        gap = np.linalg.norm(ours - theirs)
        assert gap <= 1e-3 * np.linalg.norm(theirs) + 1e-6 * largest, variable.path


def operations(call, shape):
    """How many operations of each kind, of those that a whole map (n, h, w, c) or matrix comes out of."""
    import tensorflow as tf

    graph = tf.function(lambda x: call(x, training=True), autograph=False).get_concrete_function(
        tf.TensorSpec((None, *shape), tf.float32)
    )
    kinds = [op.type for op in graph.graph.get_operations() if op.outputs and (op.outputs[0].shape.rank or 0) >= 2]
    return {kind: kinds.count(kind) for kind in kinds}


def toy(body, shape=(6, 6, 4)):
    """A model whose map is `body(input)` and whose logits are its mean."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(body(inputs)))


@pytest.mark.parametrize(("name", "thaw"), [("efficientnet_lite0", "last-5"), ("mobilenet_v3_small", "last-3"), *SLOW])
def test_a_fused_tail_answers_and_learns_as_the_plain_one(name, thaw):
    model = tail_of(name, thaw)

    assert_same(model, np.abs(images(*model.input.shape[1:])))


@pytest.mark.parametrize(
    "conv",
    [
        lambda: layers().Conv2D(8, 1, use_bias=False),
        lambda: layers().Conv2D(8, 1),
        lambda: layers().Conv2D(8, 1, strides=2),
        lambda: layers().Conv2D(8, 1, groups=2),
        lambda: layers().Conv2D(8, 3, padding="same"),
        lambda: layers().Conv2D(8, 3, strides=2, padding="same"),
        lambda: layers().Conv2D(8, 3, dilation_rate=2),
        lambda: layers().DepthwiseConv2D(3, padding="same"),
        lambda: layers().DepthwiseConv2D(3, strides=2, depth_multiplier=2, use_bias=False),
        lambda: layers().DepthwiseConv2D(3, dilation_rate=2),
    ],
    ids=str,
)
def test_any_convolution_takes_up_its_frozen_norm_and_relu(conv):
    model = frozen(toy(lambda x: layers().ReLU(6.0)(layers().BatchNormalization()(conv()(x)))))

    assert_same(model, images(6, 6, 4))
    assert operations(fused_call(model), (6, 6, 4)).get("AddV2", 0) < operations(model, (6, 6, 4))["AddV2"]


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"epsilon": 0.5}])
def test_a_norm_without_scale_or_offset_or_with_its_own_epsilon_is_fused_as_it_is(options):
    model = frozen(toy(lambda x: layers().BatchNormalization(**options)(layers().Conv2D(8, 3)(x))))

    assert_same(model, images(6, 6, 4))


def test_a_pointwise_convolution_is_a_product_of_matrices():
    model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1)(x))))
    kinds = operations(fused_call(model), (6, 6, 4))

    assert (kinds["MatMul"], kinds["BiasAdd"]) == (1, 1)
    assert kinds["Mul"] == 1  # the kernel's with its factors
    assert not {"Conv2D", "AddV2"} & set(kinds)


def test_a_map_of_unknown_size_goes_through_the_convolution():
    model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1)(x)), shape=(None, None, 4)))

    assert_same(model, images(5, 7, 4))


def test_a_norm_that_learns_stays_and_moves_its_statistics():
    plain, model = (shuffled(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1)(x)))) for _ in range(2))
    plain(images(6, 6, 4), training=True)
    fused_call(model)(images(6, 6, 4), training=True)

    np.testing.assert_allclose(model.layers[2].moving_mean, plain.layers[2].moving_mean, rtol=1e-4, atol=1e-6)
    assert_same(model, images(6, 6, 4))


def test_a_convolution_that_two_layers_read_keeps_its_own_output():
    def body(x):
        x = layers().Conv2D(8, 3)(x)
        return layers().Add()([layers().BatchNormalization()(x), layers().BatchNormalization()(x)])

    assert_same(frozen(toy(body)), images(6, 6, 4))


def test_a_norm_that_two_layers_read_keeps_its_own_output():
    def body(x):
        x = layers().BatchNormalization()(layers().Conv2D(8, 3)(x))
        return layers().Add()([layers().ReLU()(x), layers().ReLU(0.5)(x)])

    assert_same(frozen(toy(body)), images(6, 6, 4))


def test_a_convolution_that_is_used_twice_is_called_as_it_is():
    def body(x):
        conv = layers().Conv2D(4, 3, padding="same")
        return layers().BatchNormalization()(conv(layers().BatchNormalization()(conv(x))))

    assert_same(frozen(toy(body)), images(6, 6, 4))


def test_a_norm_that_is_used_twice_is_called_as_it_is():
    def body(x):
        norm = layers().BatchNormalization()
        return norm(layers().ReLU()(norm(layers().Conv2D(4, 3)(x))))

    assert_same(frozen(toy(body)), images(6, 6, 4))


def test_a_norm_after_an_add_and_an_activation_inside_a_convolution_stay():
    def body(x):
        x = layers().Conv2D(4, 3, padding="same", activation="relu")(x)
        x = layers().BatchNormalization()(x)
        x = layers().BatchNormalization()(layers().Add()([x, layers().Conv2D(4, 1)(x)]))
        return layers().Activation("hard_swish")(x)

    assert_same(frozen(toy(body)), images(6, 6, 4))


def test_a_frozen_norm_passes_no_gradient_to_its_scale_and_offset():
    model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1, use_bias=False)(x))))
    before = [np.array(weight) for weight in model.layers[2].weights]
    slopes(fused_call(model), model, images(6, 6, 4))

    assert [variable.name for variable in model.trainable_variables] == ["kernel"]
    for weight, value in zip(model.layers[2].weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_dropout_draws_the_same_and_moves_on():
    def dropped(call_of):
        model = frozen(toy(lambda x: layers().Dropout(0.5, seed=1)(layers().Conv2D(8, 1)(x))))
        call = call_of(model)
        return [np.asarray(call(images(6, 6, 4), training=True)) for _ in range(2)]

    plain, fused = dropped(lambda model: model), dropped(fused_call)

    np.testing.assert_allclose(fused, plain, rtol=1e-4, atol=1e-5)
    assert not np.allclose(fused[0], fused[1])


def test_in_inference_dropout_is_off():
    model = frozen(toy(lambda x: layers().Dropout(0.5)(layers().Conv2D(8, 1)(x))))
    x = images(6, 6, 4)

    np.testing.assert_allclose(fused_call(model)(x, training=False), model(x, training=False), rtol=1e-4, atol=1e-5)


def test_the_weights_that_count_are_those_of_the_moment():
    model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1)(x))))
    fused = fused_call(model)
    model.set_weights([weight * 1.5 for weight in model.get_weights()])

    np.testing.assert_allclose(fused(images(6, 6, 4), training=False), model(images(6, 6, 4)), rtol=1e-4, atol=1e-5)


def test_a_penalty_on_what_a_convolution_gives_still_counts():
    keras = import_keras()
    penalty = keras.regularizers.L2(0.1)
    model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1, activity_regularizer=penalty)(x))))
    model(images(6, 6, 4), training=True)
    (expected,) = model.losses
    fused_call(model)(images(6, 6, 4), training=True)
    (found,) = model.losses

    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found > 0


def test_in_bfloat16_nothing_is_fused():
    keras = import_keras()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(8, 1)(x))))
    finally:
        keras.config.set_dtype_policy("float32")

    assert "Conv2D" in operations(fused_call(model), (6, 6, 4))


def test_a_map_of_fewer_bits_is_taken_as_float32():
    def body(x):
        return layers().BatchNormalization()(layers().Conv2D(8, 3)(layers().ReLU(dtype="mixed_bfloat16")(x)))

    assert_same(frozen(toy(body)), images(6, 6, 4))


def test_a_model_of_another_kind_is_called_as_it_is():
    model = import_keras().Sequential([layers().Dense(2)])

    assert fused_call(model) is model


def test_a_step_trains_the_fused_network():
    import tensorflow as tf

    model = frozen(toy(lambda x: layers().BatchNormalization()(layers().Conv2D(2, 1)(x))))
    optimizer = import_keras().optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    step = Step(model, optimizer, lambda y, logits: tf.reduce_sum((y - logits) ** 2, axis=-1), accuracy, [])
    before = np.array(model.layers[1].kernel)
    step(images(6, 6, 4), np.eye(2, dtype=np.float32)[[0, 1, 0, 1]], np.ones(4, np.float32), momentum=0.0)

    assert "Conv2D" not in {operation.type for operation in step._whole.graph.get_operations()}
    assert np.abs(model.layers[1].kernel - before).max() > 0
