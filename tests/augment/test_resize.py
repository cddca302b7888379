import numpy as np
import pytest

from boda.augment import Pipeline, Resizing
from boda.errors import AugmentError

SIZES = [(20, 20), (90, 64), (37, 53), (9, 110)]


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).uniform(0, 255, (37, 53, 3)).astype(np.float32)


def by_keras(image, *size, **arguments):
    import keras

    return np.asarray(keras.layers.Resizing(*size, **arguments)(image))


def differing(ours, reference, tolerance=0.002):
    """The share of pixels that differ by more than `tolerance` of 255."""
    return (np.abs(ours - reference).max(axis=-1) > tolerance).mean()


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", SIZES)
def test_each_pixel_is_that_of_the_layer_of_keras(size, interpolation, antialias, photo):
    reference = by_keras(photo, *size, interpolation=interpolation, antialias=antialias)

    ours = Pipeline([Resizing(*size, interpolation=interpolation, antialias=antialias)])(photo)

    assert differing(ours, reference) == 0


@pytest.mark.parametrize("size", SIZES)
def test_bicubic_with_antialias_is_that_of_the_layer_of_keras(size, photo):
    reference = by_keras(photo, *size, interpolation="bicubic", antialias=True)

    ours = Pipeline([Resizing(*size, interpolation="bicubic", antialias=True)])(photo)

    assert differing(ours, reference) == 0


@pytest.mark.parametrize("size", [(90, 64), (50, 110)])
def test_bicubic_is_that_of_the_layer_of_keras_but_for_the_border(size, photo):
    reference = by_keras(photo, *size, interpolation="bicubic")
    margin = 2 * int(np.ceil(max(size[0] / 37, size[1] / 53)))

    ours = Pipeline([Resizing(*size, interpolation="bicubic")])(photo)

    inside = np.abs(ours - reference)[margin:-margin, margin:-margin]
    assert inside.max() < 0.4  # TensorFlow reads the weights from a table of 1024 rows
    assert inside.mean() < 0.05


@pytest.mark.parametrize("shape", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("size", SIZES)
def test_the_kept_shape_is_that_of_the_layer_of_keras_but_for_the_windows_border(size, shape, photo):
    reference = by_keras(photo, *size, fill_value=3.0, **{shape: True})

    ours = Pipeline([Resizing(*size, fill_value=3.0, **{shape: True})])(photo)

    enlarged = max(size[0] / 37, size[1] / 53, 1)
    assert differing(ours, reference) <= 2 * enlarged / min(size)


def test_a_picture_of_the_wanted_size_is_not_changed(photo):
    assert np.array_equal(Pipeline([Resizing(37, 53)])(photo), photo)


def test_boxes_follow_a_stretch():
    done = Pipeline([Resizing(20, 90)])(np.zeros((40, 30, 1), np.uint8), boxes=[[3, 8, 6, 20]])

    assert done.boxes.tolist() == [[9, 4, 18, 10]]


def test_boxes_follow_a_crop_to_the_aspect_ratio():
    done = Pipeline([Resizing(20, 20, crop_to_aspect_ratio=True)])(
        np.zeros((10, 30, 1), np.uint8), boxes=[[8, 1, 15, 9]]
    )

    assert done.boxes.tolist() == [[0, 2, 10, 18]]


@pytest.mark.parametrize("antialias", [False, True])
def test_boxes_and_ground_follow_a_padding_to_the_aspect_ratio(antialias):
    step = Resizing(20, 20, pad_to_aspect_ratio=True, fill_value=7.0, antialias=antialias)

    done = Pipeline([step])(np.full((20, 40, 1), 99, np.uint8), boxes=[[0, 0, 40, 20]])

    assert done.boxes.tolist() == [[0, 5, 20, 15]]
    assert (done.image[:5] == 7).all()
    np.testing.assert_allclose(done.image[5:15], 99, rtol=1e-6)
    assert (done.image[15:] == 7).all()


def test_a_box_is_found_where_it_is_said_to_be_after_an_antialiased_shrinking():
    image = np.zeros((100, 200, 1), np.uint8)
    image[20:60, 40:160] = 200

    done = Pipeline([Resizing(25, 40, antialias=True)])(image, boxes=[[40, 20, 160, 60]])

    assert done.boxes.tolist() == [[8, 5, 32, 15]]
    assert np.argwhere(done.image[..., 0] > 100).min(axis=0).tolist() == [5, 8]
    assert (np.argwhere(done.image[..., 0] > 100).max(axis=0) + 1).tolist() == [15, 32]


def test_antialias_keeps_the_mean_of_a_fine_pattern_that_would_turn_into_stripes():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))[..., None]

    plain, smooth = (Pipeline([Resizing(64, 16, antialias=a)])(stripes)[:, 2:-2] for a in (False, True))

    assert np.ptp(smooth) < 1
    assert smooth.mean() == pytest.approx(127.5, abs=0.5)
    assert np.ptp(Pipeline([Resizing(64, 21)])(stripes)) > 100
    assert plain.shape == smooth.shape


def test_an_antialiased_resizing_takes_any_dtype_and_strides():
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 4), dtype=np.uint8)
    pipeline = Pipeline([Resizing(11, 13, antialias=True)])

    assert np.array_equal(pipeline(image[::-1].copy()), pipeline(image[::-1]))
    np.testing.assert_allclose(pipeline(image), pipeline(image.astype(np.float32)), atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Resizing(0, 5), "Resizing: height must be a whole number of pixels from 1. Received: height=0"),
        (lambda: Resizing(5, True), "width must be a whole number"),  # noqa: FBT003
        (lambda: Resizing(5, 5, interpolation="lanczos5"), "interpolation must be one of nearest, bilinear, bicubic"),
        (lambda: Resizing(5, 5, fill_mode="reflect"), "fill_mode must be 'constant'"),
        (
            lambda: Resizing(5, 5, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "pad_to_aspect_ratio must be False where crop_to_aspect_ratio is True",
        ),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
