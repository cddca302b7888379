import numpy as np
import pytest
from scipy import ndimage

from boda.augment import affine
from boda.augment.warp import FILL_MODES, warp
from boda.errors import AugmentError

SCIPY = {"constant": "constant", "nearest": "nearest", "reflect": "reflect", "wrap": "wrap"}
FAR = affine.sampling_matrix(affine.compose([affine.rotation(0.07), affine.scale(0.4, 0.6), affine.shift(9, 5)]))


def picture(channels=3, dtype=np.float32, size=(31, 43)):
    return np.random.default_rng(channels).uniform(0, 255, (*size, channels)).astype(dtype)


def by_scipy(image, matrix, size, mode, order):
    """Each channel by scipy.ndimage.affine_transform, whose coordinates are (row, column)."""
    flip = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    turned = flip @ matrix @ flip
    planes = [
        ndimage.affine_transform(
            image[..., k].astype(float), turned, output_shape=size, order=order, mode=mode, cval=7.0
        )
        for k in range(image.shape[2])
    ]
    return np.stack(planes, axis=-1)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("mode", SCIPY)
def test_bilinear_is_scipys(mode, channels, dtype):
    image = picture(channels, dtype)

    ours = warp(image, FAR, (37, 29), fill_mode=mode, fill_value=7.0, edge=0.0)

    assert np.abs(ours - by_scipy(image, FAR, (37, 29), mode, 1)).max() < 1e-3


@pytest.mark.parametrize("mode", SCIPY)
def test_nearest_is_scipys(mode):
    image = picture(3, np.uint8)

    ours = warp(image, FAR, (37, 29), fill_mode=mode, fill_value=7, order=0, edge=0.0)

    assert ours.dtype == np.uint8
    assert np.array_equal(ours, by_scipy(image, FAR, (37, 29), mode, 0))


def test_grid_wrap_repeats_the_picture():
    image = picture(3, np.uint8, (5, 7))
    shifted = affine.sampling_matrix(affine.shift(-9, 11))

    ours = warp(image, shifted, fill_mode="grid-wrap")

    assert np.array_equal(ours, np.roll(image, (11, -9), axis=(0, 1)))


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("mode", FILL_MODES)
def test_no_move_changes_nothing(mode, order):
    image = picture(3, np.uint8)

    assert np.array_equal(warp(image, np.eye(3), fill_mode=mode, order=order), image)


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_a_picture_of_a_single_row_or_column_is_warped(size, mode, order):
    image = np.full((*size, 3), 50, np.float32)

    ours = warp(image, FAR, (8, 8), fill_mode=mode, order=order, fill_value=50)

    np.testing.assert_allclose(ours, 50, rtol=1e-5)


def test_bicubic_reproduces_a_ramp():
    ramp = np.arange(20, dtype=np.float32)[None, :, None].repeat(20, axis=0)
    half = affine.sampling_matrix(affine.shift(0.5, 0))

    np.testing.assert_allclose(warp(ramp, half, order=3)[:, 3:-3], ramp[:, 3:-3] - 0.5, atol=1e-4)


def test_the_outer_half_of_a_border_pixel_belongs_to_the_picture():
    row = np.array([[[10], [20]]], np.float32)

    enlarged = warp(row, affine.sampling_matrix(affine.scale(4, 1)), (1, 8), fill_mode="constant", fill_value=-1)

    assert (enlarged >= 10).all()


def test_what_lies_beyond_a_horizon_takes_the_constant():
    bent = np.eye(3)
    bent[2, 0] = -0.2  # the output's columns from 5 on lie behind it

    ours = warp(np.full((4, 8, 1), 9.0, np.float32), bent, fill_mode="constant", fill_value=-1)

    assert (ours[:, 5:] == -1).all()


def test_a_view_of_any_strides_is_taken():
    image = picture(3, np.uint8)

    assert np.array_equal(warp(image[::-1, ::2], FAR), warp(image[::-1, ::2].copy(), FAR))


def test_the_result_goes_where_it_is_wanted():
    out = np.empty((31, 43, 3), np.float32)

    assert warp(picture(), FAR, out=out) is out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": np.zeros((4, 4))}, r"must have the shape \(h, w, c\) with no empty side. Received: \(4, 4\)"),
        ({"image": np.zeros((0, 4, 3))}, "with no empty side"),
        ({"fill_mode": "mirror"}, "fill_mode must be one of constant, nearest, reflect, wrap, grid-wrap"),
        ({"order": 2}, "order must be 0, 1 or 3"),
        ({"matrix": np.full((3, 3), np.nan)}, r"matrix must be \(3, 3\) of finite numbers"),
        ({"out": np.empty((4, 4, 3))}, "out must be contiguous float32 of shape"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(AugmentError, match=message):
        warp(**{"image": np.zeros((4, 4, 3)), "matrix": np.eye(3), **arguments})
