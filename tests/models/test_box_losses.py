"""The losses of boxes: the values of `boda.boxes`, slopes that are right and always numbers, and Keras's habits."""

import keras
import numpy as np
import pytest

import boda
from boda import boxes
from boda.errors import RecipeError

tf = pytest.importorskip("tensorflow")

KINDS = {"iou": boda.IoULoss, "giou": boda.GIoULoss, "diou": boda.DIoULoss, "ciou": boda.CIoULoss}
MEASURES = {"iou": boxes.iou, "giou": boxes.giou, "diou": boxes.diou, "ciou": boxes.ciou}
ODD = {
    "two points on each other": ([5, 5, 5, 5], [5, 5, 5, 5]),
    "a point within": ([0, 0, 4, 4], [2, 2, 2, 2]),
    "a point far off": ([0, 0, 4, 4], [20, 30, 20, 30]),
    "a line": ([0, 0, 4, 4], [1, 0, 1, 4]),
    "inverted": ([0, 0, 4, 4], [3, 3, 1, 1]),
    "inverted both": ([4, 4, 0, 0], [3, 3, 1, 1]),
    "apart": ([0, 0, 4, 4], [50, 60, 70, 65]),
    "side by side": ([0, 0, 4, 4], [4, 0, 8, 4]),
    "the same": ([0, 0, 4, 4], [0, 0, 4, 4]),
    "one within the other": ([0, 0, 9, 9], [2, 3, 4, 8]),
}
TINY = ([0, 0, 1e-12, 1e-12], [0, 0, 1e-11, 1e-12])


def pairs(n=40, seed=0):
    rng = np.random.default_rng(seed)
    corner, side = rng.uniform(0, 20, (2, n, 2)), rng.uniform(1, 15, (2, n, 2))
    return np.concatenate([corner, corner + side], axis=-1)


def slope(loss, true, found):
    found = tf.Variable(found, dtype="float64")
    with tf.GradientTape() as tape:
        value = loss(true, found)
    return tape.gradient(value, found).numpy()


def differences(function, found, step=1e-5):
    """The slope of `function` at `found` by central differences."""
    moves = np.eye(found.size).reshape(found.size, *found.shape) * step
    return np.array([(function(found + m) - function(found - m)) / (2 * step) for m in moves]).reshape(found.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_is_one_less_its_measure(kind):
    true, found = pairs()

    losses = KINDS[kind](reduction=None, dtype="float64")(true, found)

    np.testing.assert_allclose(losses, 1 - MEASURES[kind](true, found), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ODD)
def test_a_loss_of_odd_boxes_is_one_less_its_measure(kind, case):
    true, found = np.array([ODD[case]], np.float64).swapaxes(0, 1)

    losses = KINDS[kind](reduction=None, dtype="float64")(true, found)

    np.testing.assert_allclose(losses, 1 - MEASURES[kind](true, found), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", [*ODD.values(), TINY], ids=[*ODD, "tiny"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_slope_at_odd_boxes_is_finite(kind, case, dtype):
    true, found = np.array([case], np.float64).swapaxes(0, 1)

    assert np.isfinite(slope(KINDS[kind](dtype=dtype), true, found)).all()


@pytest.mark.parametrize("kind", ["iou", "giou", "diou"])
def test_the_slope_is_that_of_finite_differences(kind):
    true, found = pairs()
    loss = KINDS[kind](reduction="sum", dtype="float64")

    by_hand = differences(lambda boxes: np.sum(1 - MEASURES[kind](true, boxes)), found)

    np.testing.assert_allclose(slope(loss, true, found), by_hand, atol=1e-7)


def test_the_slope_of_ciou_takes_the_weight_of_the_aspect_for_a_constant():
    true, found = pairs()
    v = (4 / np.pi**2) * (aspect(true) - aspect(found)) ** 2
    weight = v / (1 - boxes.iou(true, found) + v)

    def loss(found):
        return np.sum(1 - boxes.diou(true, found) + weight * (4 / np.pi**2) * (aspect(true) - aspect(found)) ** 2)

    got = slope(boda.CIoULoss(reduction="sum", dtype="float64"), true, found)

    np.testing.assert_allclose(got, differences(loss, found), atol=1e-7)


def aspect(some):
    return np.arctan((some[:, 2] - some[:, 0]) / (some[:, 3] - some[:, 1]))


@pytest.mark.parametrize(("kind", "moves"), [("iou", False), ("giou", True), ("diou", True), ("ciou", True)])
def test_all_but_iou_draw_a_box_that_lies_apart_to_its_target(kind, moves):
    pull = slope(KINDS[kind](), np.array([[0.0, 0, 4, 4]]), np.array([[10.0, 0, 14, 4]]))

    assert bool(pull[0, 0] > 0) is moves


@pytest.mark.parametrize(("kind", "moves"), [("iou", False), ("giou", False), ("diou", True), ("ciou", True)])
def test_distance_draws_a_box_within_its_target_to_the_middle(kind, moves):
    pull = slope(KINDS[kind](), np.array([[0.0, 0, 10, 10]]), np.array([[1.0, 4, 3, 6]]))

    assert bool(pull[0, 0] + pull[0, 2] < -1e-6) is moves


@pytest.mark.parametrize("box_format", ["cxcywh", "xywh"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_format_changes_the_numbers_and_not_the_loss(kind, box_format):
    true, found = pairs()
    other = [boxes.convert(some, "xyxy", box_format) for some in (true, found)]

    wanted = KINDS[kind](reduction=None, dtype="float64")(true, found)

    np.testing.assert_allclose(KINDS[kind](box_format, reduction=None, dtype="float64")(*other), wanted, atol=1e-12)


def test_smooth_l1_is_a_parabola_near_and_a_line_far():
    losses = boda.SmoothL1Loss(beta=2.0, reduction=None)(np.zeros((2, 4)), [[1.0, 0, 0, 0], [0, 0, 0, -5.0]])

    np.testing.assert_allclose(losses, [0.25 / 4, 4.0 / 4])


def test_smooth_l1_is_hubers_loss_over_beta():
    true, found = pairs()

    got = boda.SmoothL1Loss(beta=0.5, dtype="float64")(true, found)

    np.testing.assert_allclose(got, keras.losses.Huber(delta=0.5, dtype="float64")(true, found) / 0.5)


def test_the_slope_of_smooth_l1_is_that_of_finite_differences():
    true, found = pairs()
    loss = boda.SmoothL1Loss(beta=3.0, dtype="float64")

    by_hand = differences(lambda boxes: float(loss(true, boxes)), found)

    np.testing.assert_allclose(slope(loss, true, found), by_hand, atol=1e-7)


ALL = (*KINDS.values(), boda.SmoothL1Loss)


@pytest.mark.parametrize("kind", ALL)
def test_any_axes_may_lead(kind):
    true, found = pairs(24).reshape(2, 2, 3, 4, 4)

    losses = kind(reduction=None)(true, found)

    assert losses.shape == (2, 3, 4)


@pytest.mark.parametrize("kind", ALL)
def test_the_reduction_is_kerass(kind):
    true, found = pairs()
    each = kind(reduction=None)(true, found).numpy()
    weights = np.arange(len(each))

    np.testing.assert_allclose(kind()(true, found), each.mean(), rtol=1e-6)
    np.testing.assert_allclose(kind(reduction="sum")(true, found), each.sum(), rtol=1e-6)
    np.testing.assert_allclose(kind()(true, found, weights), (each * weights).mean(), rtol=1e-6)


@pytest.mark.parametrize("kind", ALL)
def test_a_loss_comes_back_from_its_config(kind):
    given = kind(beta=0.2, name="mine") if kind is boda.SmoothL1Loss else kind("cxcywh", reduction="sum", name="mine")

    made = keras.losses.deserialize(keras.losses.serialize(given))

    assert type(made) is kind
    assert made.get_config() == given.get_config()


@pytest.mark.parametrize("kind", ALL)
def test_a_saved_model_keeps_its_loss(kind, tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile("sgd", loss=kind())
    model.save(tmp_path / "model.keras")

    assert type(keras.saving.load_model(tmp_path / "model.keras").loss) is kind


@pytest.mark.parametrize("kind", [boda.GIoULoss, boda.DIoULoss, boda.CIoULoss])
def test_boxes_that_lie_apart_reach_their_targets_by_descent(kind):
    true, found = tf.constant([[0.5, 0.5, 0.7, 0.8]]), tf.Variable([[0.0, 0.1, 0.2, 0.2]])
    loss, optimizer = kind(), keras.optimizers.Adam(0.02)
    optimizer.build([found])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(true, found)
        optimizer.apply([tape.gradient(value, found)], [found])

    for _ in range(150):
        step()

    assert boxes.iou(true.numpy(), found.numpy())[0] > 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_format_is_refused(kind):
    with pytest.raises(RecipeError, match=r"box_format must be 'xyxy', 'cxcywh', 'xywh'. Received: 'yolo'"):
        KINDS[kind]("yolo")


def test_a_beta_of_zero_is_refused():
    with pytest.raises(RecipeError, match=r"beta must be above 0.*Received: 0"):
        boda.SmoothL1Loss(beta=0)


@pytest.mark.parametrize("kind", ALL)
def test_what_is_no_box_is_refused(kind):
    with pytest.raises(RecipeError, match=r"must both be \(\.\.\., 4\).*Received: \(2, 5\) and \(2, 4\)"):
        kind()(np.zeros((2, 5)), np.zeros((2, 4)))
