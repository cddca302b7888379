import numpy as np
import pytest

from boda.augment import Pipeline, RandomPerspective
from boda.augment.affine import move_points, sampling_matrix
from boda.augment.project import _plane
from boda.augment.warp import warp
from boda.errors import AugmentError

FOLDED = np.array([[0, 0], [0.5, 0], [0, 0.5], [-0.5, -0.5]])  # the lower right corner inside the other three


def by_keras(image, strength, interpolation):
    import keras

    height, width, _ = image.shape
    start = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float32)
    moved = start * (1 + strength)
    layer = keras.layers.RandomPerspective(interpolation=interpolation, fill_value=5.0)
    chosen = {"apply_perspective": np.array([True]), "start_points": start[None], "end_points": moved[None]}
    return np.asarray(layer.transform_images(image, chosen))


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_each_pixel_within_the_picture_is_that_of_the_layer_of_keras(interpolation):
    rng = np.random.default_rng(0)
    image, strength = rng.uniform(0, 255, (37, 53, 3)).astype(np.float32), rng.uniform(-0.2, 0.2, (4, 2))
    reference = by_keras(image, strength, interpolation)

    back = sampling_matrix(_plane(37, 53, strength))
    order = {"nearest": 0, "bilinear": 1}[interpolation]
    ours = warp(image, back, fill_mode="constant", fill_value=5.0, order=order)

    differs = np.abs(ours - reference).max(axis=-1) > 0.1  # Keras solves for the matrix in float32
    assert differs.mean() < 2 * (37 + 53) / (37 * 53)  # its border blends with the fill


def test_corners_go_where_they_are_sent():
    strength = np.array([[0.3, 0.3], [-0.1, 0.2], [0.4, -0.2], [0.1, -0.1]])
    corners = np.array([[0.5, 0.5], [99.5, 0.5], [0.5, 49.5], [99.5, 49.5]])

    moved = move_points(corners, _plane(50, 100, strength))

    np.testing.assert_allclose(moved, [[0.5, 0.5], [89.6, 0.5], [0.5, 39.7], [109.4, 44.6]], atol=1e-9)


def test_a_draw_that_would_fold_the_plane_is_halved():
    corners = np.array([[0, 0], [100, 0], [0, 50], [100, 50]])

    moved = move_points(corners, _plane(50, 100, FOLDED))

    assert np.isfinite(moved).all()
    np.testing.assert_allclose(moved[3], [75, 37.5], atol=1)


def test_whatever_is_drawn_no_part_of_the_picture_lies_beyond_the_horizon():
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0, 1], [100, 0, 1], [0, 50, 1], [100, 50, 1]])

    depths = [(corners @ _plane(50, 100, rng.uniform(-0.5, 0.5, (4, 2)))[2]).min() for _ in range(2000)]

    assert min(depths) > 0.05


def test_a_factor_of_one_changes_every_second_picture():
    pipeline = Pipeline([RandomPerspective()], seed=0)

    changed = sum(bool(pipeline.draw((40, 60, 3), sample=i)) for i in range(1000))

    assert 440 < changed < 560


def test_a_factor_of_one_to_one_changes_each_picture():
    pipeline = Pipeline([RandomPerspective((1, 1))], seed=0)

    assert all(pipeline.draw((40, 60, 3), sample=i) for i in range(100))


def test_no_scale_moves_nothing():
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)

    np.testing.assert_allclose(Pipeline([RandomPerspective((1, 1), scale=0.0)], seed=0)(image), image, atol=1e-3)


def test_a_line_of_pixels_has_no_perspective():
    image = np.full((1, 9, 3), 7, np.uint8)

    assert np.array_equal(Pipeline([RandomPerspective((1, 1))], seed=0)(image), image)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomPerspective(-0.5), "RandomPerspective: factor must be .* from 0 to 1, a chance"),
        (lambda: RandomPerspective(scale=2.0), "scale must be from 0 to 1. Received: scale=2.0"),
        (lambda: RandomPerspective(interpolation="linear"), "interpolation must be one of nearest, bilinear, bicubic"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
