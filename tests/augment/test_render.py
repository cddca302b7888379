import numpy as np
import pytest

from boda.augment import affine, tone
from boda.augment.effects import Move, Paint, Tone
from boda.augment.render import arrange, render

PHOTO = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
FLIP = Move(affine.flip_across(30), (20, 30), order=None)
CROP = Move(affine.shift(-4, -3), (10, 12), order=None)
TURN = Move(affine.about(affine.rotation(0.1), 15, 10), (20, 30), "reflect")
ZOOM = Move(affine.about(affine.scale(1.2, 1.2), 15, 10), (20, 30), "reflect")
HALVE = tone.linear(0.5, 3.0)
CLIP = tone.linear(1.0, 0.0, 50.0, 200.0)
DARKEN = Paint(lambda pixels: pixels / 2)


def kinds(plan):
    return [type(effect) for effect in plan]


def test_moves_that_fill_alike_become_one():
    (joined,) = arrange([FLIP, TURN, ZOOM, CROP])

    np.testing.assert_allclose(joined.matrix, CROP.matrix @ ZOOM.matrix @ TURN.matrix @ FLIP.matrix)
    assert (joined.size, joined.fill_mode, joined.order) == ((10, 12), "reflect", 1)


@pytest.mark.parametrize(
    "other",
    [
        Move(TURN.matrix, (20, 30), "constant"),
        Move(TURN.matrix, (20, 30), "reflect", order=0),
        Move(affine.scale(0.5, 0.5), (10, 15), antialias=True),
    ],
)
def test_moves_that_resample_in_different_ways_stay_apart(other):
    assert arrange([TURN, other]) == [TURN, other]
    assert arrange([other, TURN]) == [other, TURN]


def test_whole_pixels_join_with_any_interpolation():
    nearest = Move(TURN.matrix, (20, 30), "reflect", order=0)

    assert [effect.order for effect in arrange([FLIP, nearest, CROP])] == [0]


def test_moves_join_across_a_rescaling_and_the_constant_is_rescaled_back():
    constant = Move(TURN.matrix, (20, 30), "constant", 23.0)

    move, scaled = arrange([FLIP, HALVE, constant])

    assert (move.fill_value, scaled) == (40.0, HALVE)  # 0.5 * 40 + 3


@pytest.mark.parametrize("between", [CLIP, DARKEN])
def test_moves_do_not_join_across_what_does_not_commute(between):
    assert kinds(arrange([TURN, between, ZOOM])) == [Move, type(between), Move]


def test_joined_moves_show_what_the_separate_ones_would_but_sharper():
    smooth = np.cumsum(np.cumsum(np.ones((20, 30, 3), np.float32), 0), 1)

    joined, apart = render(smooth, arrange([TURN, ZOOM])), render(render(smooth, [TURN]), [ZOOM])

    assert np.abs(joined - apart)[6:-6, 6:-6].max() < 2  # of 600


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_flips_and_crops_change_no_value(dtype):
    image = PHOTO.astype(dtype) / dtype(3) if dtype == np.float32 else PHOTO

    done = render(image, arrange([FLIP, CROP]))

    assert np.array_equal(done, image[:, ::-1][3:13, 4:16])


def test_tones_and_paintings_keep_their_order():
    wanted = (np.clip(PHOTO.astype(np.float32) * 0.5 + 3, 50, 200)) / 2

    np.testing.assert_allclose(render(PHOTO, [HALVE, CLIP, DARKEN]), wanted)


@pytest.mark.parametrize(
    "plan",
    [[], [HALVE], [DARKEN], [FLIP], [TURN], [CROP, HALVE], [HALVE, CLIP, TURN], [DARKEN, FLIP], [TURN, DARKEN, HALVE]],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_nothing_is_written_into_the_picture_and_the_result_is_ones_own(plan, dtype):
    image = PHOTO.astype(dtype)

    done = render(image, plan)

    assert np.array_equal(image, PHOTO)
    assert not np.shares_memory(done, image)
    assert done.flags.c_contiguous
    assert done.dtype == np.float32


@pytest.mark.parametrize(
    "plan", [[], [HALVE], [DARKEN], [FLIP], [TURN, HALVE], [TURN, CLIP, ZOOM], [HALVE, TURN, DARKEN]]
)
def test_the_result_goes_into_the_array_that_is_given(plan):
    out = np.empty((20, 30, 3), np.float32)

    assert render(PHOTO, plan, out) is out
    assert np.array_equal(out, render(PHOTO, plan))


def test_a_tone_is_told_from_the_rest_by_its_kind():
    assert isinstance(HALVE, Tone)
    assert HALVE.linear == (0.5, 3.0)
    assert CLIP.linear is None
