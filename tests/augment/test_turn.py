import numpy as np
import pytest

from boda.augment import Pipeline, RandomRotation, RandomShear, RandomTranslation, RandomZoom
from boda.errors import AugmentError

FILLS = ["reflect", "nearest", "constant", "wrap"]
POINTS = {
    "rotation": (RandomRotation, {"factor": (0.1, 0.1)}),
    "translation": (RandomTranslation, {"height_factor": (0.13, 0.13), "width_factor": (-0.21, -0.21)}),
    "zoom in": (RandomZoom, {"height_factor": (-0.3, -0.3)}),
    "zoom in and out": (RandomZoom, {"height_factor": (-0.3, -0.3), "width_factor": (0.23, 0.23)}),
    "shear": (RandomShear, {"x_factor": (0.233, 0.233), "y_factor": (0.117, 0.117)}),
}


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).uniform(0, 255, (37, 53, 3)).astype(np.float32)


def by_keras(name, arguments, image):
    import keras

    layer = getattr(keras.layers, name)(**arguments, seed=1)
    return np.asarray(layer(image, training=True))


def nearest_of_both_signs(step, image, reference):
    """Our result of the draw that is closest to the reference: a shear's sign is a chance."""
    results = [Pipeline([step], seed=seed)(image) for seed in range(8)]
    return min(results, key=lambda ours: np.abs(ours - reference).mean())


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest"])
@pytest.mark.parametrize("name", POINTS)
def test_each_pixel_is_that_of_the_layer_of_keras(name, fill_mode, interpolation, photo):
    kind, arguments = POINTS[name]
    arguments = {**arguments, "fill_mode": fill_mode, "interpolation": interpolation}
    reference = by_keras(kind.__name__, arguments, photo)

    ours = nearest_of_both_signs(kind(**arguments), photo, reference)

    assert np.abs(ours - reference).max() < 0.002  # of 255; Keras computes the places in float32


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill_mode", ["constant", "wrap"])
@pytest.mark.parametrize("name", POINTS)
def test_only_the_pixels_on_the_pictures_edge_differ_where_keras_blends_with_what_lies_beyond(
    name, fill_mode, interpolation, photo
):
    kind, arguments = POINTS[name]
    arguments = {**arguments, "fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 7.0}
    reference = by_keras(kind.__name__, arguments, photo)

    ours = nearest_of_both_signs(kind(**arguments), photo, reference)

    differs = np.abs(ours - reference).max(axis=-1) > 0.002
    assert differs.mean() < 2 * (37 + 53) / (37 * 53)  # a line of one pixel around the picture
    if (fill_mode, interpolation) == ("constant", "nearest"):
        assert not differs.any()


def test_a_positive_rotation_turns_counter_clockwise():
    image = np.zeros((5, 5, 1), np.uint8)
    image[2, 4] = 9  # at three o'clock

    turned = Pipeline([RandomRotation((0.25, 0.25))], seed=0)(image)

    assert np.argwhere(turned[..., 0] > 8.9).tolist() == [[0, 2]]  # at twelve


def test_a_whole_pixel_translation_changes_no_value(photo):
    moved = Pipeline([RandomTranslation((5 / 37, 5 / 37), (3 / 53, 3 / 53), fill_mode="nearest")], seed=0)(photo)

    np.testing.assert_allclose(moved[5:, 3:], photo[:-5, :-3], atol=1e-3)


def test_a_negative_zoom_makes_things_larger():
    zoomed = Pipeline([RandomZoom((-0.5, -0.5))], seed=0)(np.zeros((40, 40, 1), np.uint8), boxes=[[10, 15, 20, 25]])

    assert zoomed.boxes.tolist() == [[0, 10, 20, 30]]


def test_one_zoom_factor_keeps_the_aspect_ratio():
    (move,) = Pipeline([RandomZoom(0.5)], seed=3).draw((40, 60, 3), sample=0)

    assert move.matrix[0, 0] == pytest.approx(move.matrix[1, 1])
    assert move.matrix[0, 0] != pytest.approx(1)


def test_two_zoom_factors_are_drawn_apart():
    (move,) = Pipeline([RandomZoom(0.5, 0.5)], seed=3).draw((40, 60, 3), sample=0)

    assert move.matrix[0, 0] != pytest.approx(move.matrix[1, 1])


def test_both_slants_of_a_shear_have_one_sign():
    pipeline = Pipeline([RandomShear((0.2, 0.2), (0.1, 0.1))], seed=0)
    draws = [np.linalg.inv(pipeline.draw((40, 60, 3), sample=i)[0].matrix) for i in range(20)]

    assert {(round(back[0, 1], 6), round(back[1, 0], 6)) for back in draws} == {(0.2, 0.1), (-0.2, -0.1)}


def test_the_ends_of_a_range_may_stand_in_either_order():
    one, other = (Pipeline([RandomRotation(ends)], seed=0).draw((9, 9, 1), sample=4) for ends in [(-1, 0.5), (0.5, -1)])

    assert np.array_equal(one[0].matrix, other[0].matrix)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomRotation(1.5), r"RandomRotation: factor must be a number or a pair .* Received: factor=1.5"),
        (lambda: RandomRotation((0.1, 0.2, 0.3)), "factor must be a number or a pair"),
        (lambda: RandomRotation(0.1, fill_mode="mirror"), "fill_mode must be one of reflect, wrap, constant, nearest"),
        (lambda: RandomRotation(0.1, interpolation="lanczos"), "interpolation must be one of nearest, bilinear"),
        (lambda: RandomTranslation(0.1, "wide"), "width_factor must be a number or a pair"),
        (lambda: RandomZoom((-1, 0.5)), "height_factor must be .* above -1"),
        (lambda: RandomZoom(0.5, 1.0), "width_factor must be .* above -1"),
        (lambda: RandomShear((-0.2, 0.2)), "x_factor must be .* from 0 to 1"),
        (lambda: RandomShear(1.0, 1.0), "y_factor must be below 1 where x_factor reaches 1"),
        (lambda: RandomRotation(float("nan")), "factor must be a number or a pair"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
