import numpy as np
import pytest

from boda.preprocessing.image import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_zoom,
)
from boda.preprocessing.image import functions as boda_functions

pytestmark = pytest.mark.filterwarnings("ignore:Please (use|import) `affine_transform`:DeprecationWarning")

LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("random_rotation", (30,)),
        ("random_shift", (0.2, 0.3)),
        ("random_shear", (25,)),
        ("random_zoom", ((0.6, 1.4),)),
        ("random_channel_shift", (40,)),
        ("random_brightness", ((0.5, 1.5), False)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_the_random_functions_are_keras_own(keras_image, smooth, name, arguments, dtype):
    picture = smooth(1, 21, 34, 3)[0].astype(dtype)
    axes = {} if name == "random_brightness" else {"channel_axis": 2}
    axes |= {"row_axis": 0, "col_axis": 1} if name not in ("random_brightness", "random_channel_shift") else {}
    results = []
    for module in (keras_image, boda_functions):
        np.random.seed(3)  # noqa: NPY002 - as a user of Keras does
        results.append(getattr(module, name)(picture, *arguments, **axes))

    assert results[0].dtype == results[1].dtype
    np.testing.assert_allclose(results[1], results[0], atol=1e-3)


@pytest.mark.parametrize("axes", [(1, 2, 0), (2, 1, 0), (0, 1, 2), (1, 0, 2)], ids=str)
def test_rows_and_columns_may_lie_on_any_axes(keras_image, smooth, axes):
    picture = smooth(1, 20, 20, 3)[0].astype(np.float32)
    picture = np.moveaxis(picture, 2, axes[2])
    named = dict(zip(("row_axis", "col_axis", "channel_axis"), axes, strict=True))
    move = {"theta": 15, "tx": 2, "ty": -1, "shear": 5, "zx": 0.9, "zy": 1.2}

    got = apply_affine_transform(picture, **move, **named)

    np.testing.assert_allclose(got, keras_image.apply_affine_transform(picture, **move, **named), atol=1e-3)


def test_a_shift_by_one_pixel_moves_one_pixel():
    picture = np.array([[[1], [2], [3]]], np.float32)

    moved = apply_affine_transform(picture, tx=1, **LAST, fill_mode="constant", cval=9)

    assert moved[..., 0].tolist() == [[2, 3, 9]]


def test_a_channel_shift_stays_within_the_pictures_own_range():
    picture = np.array([[[10.0, 200.0]]])

    assert apply_channel_shift(picture, 50, 2).tolist() == [[[60, 200]]]


def test_brightness_drops_fractions_as_pillow_does():
    picture = np.array([[[100.9], [201.0]]], np.float32)

    assert apply_brightness_shift(picture, 1.255, scale=False).tolist() == [[[125], [252]]]


def test_brightness_leaves_alpha_alone():
    assert apply_brightness_shift(np.full((1, 1, 4), 100.0), 0.5, scale=False).tolist() == [[[50, 50, 50, 100]]]


@pytest.mark.parametrize(
    ("axes", "message"),
    [((0, 0, 2), "must be distinct"), ((0, 1, 3), "Invalid axis' indices"), ((0, 2, 1), "Channels are allowed")],
)
def test_axes_that_are_none_are_refused(axes, message):
    with pytest.raises(ValueError, match=message):
        apply_affine_transform(np.zeros((2, 2, 2)), 5, row_axis=axes[0], col_axis=axes[1], channel_axis=axes[2])


def test_a_picture_without_three_axes_is_refused():
    with pytest.raises(ValueError, match="multi-channel 2D"):
        apply_affine_transform(np.zeros((2, 2)), 5)


def test_ranges_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match="`zoom_range` should be a tuple or list of two floats"):
        random_zoom(np.zeros((1, 2, 2)), [0])
    with pytest.raises(ValueError, match="brightness_range should be tuple or list of two floats"):
        random_brightness(np.zeros((1, 2, 2)), [0])
