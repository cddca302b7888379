"""Tones are their formulas, joined in one pass that respects their order."""

import colorsys

import numpy as np
import pytest

from boda.augment import tone
from boda.augment.tone_kernels import BLOCK


def recolour(image, *tones):
    done = np.array(image, np.float32)
    tone.apply(done, tone.join(tones))
    return done


@pytest.fixture
def image():
    """(97, 89, 3), more pixels than a block holds, and not a whole number of blocks."""
    pixels = np.random.default_rng(0).uniform(0, 255, (97, 89, 3)).astype(np.float32)
    assert BLOCK < pixels[..., 0].size < 3 * BLOCK
    return pixels


def test_linear_scales_shifts_and_clips():
    assert recolour([[[10.0, 100.0, 200.0]]], tone.linear(2.0, -30.0, 0.0, 255.0)).ravel().tolist() == [0, 170, 255]


def test_only_an_unclipped_linear_tone_may_change_places_with_a_move():
    assert tone.linear(2.0, 1.0).linear == (2.0, 1.0)
    assert tone.linear(2.0, 1.0, 0.0, 255.0).linear is None
    assert tone.linear(0.0, 1.0).linear is None


def test_grey_goes_to_the_luma_by_its_share(image):
    luma = image @ [0.2989, 0.587, 0.114]

    np.testing.assert_allclose(
        recolour(image, tone.grey(0.4, 0, 255)), image + 0.4 * (luma[..., None] - image), atol=1e-3
    )


@pytest.mark.parametrize("turns", [-0.4, 0.1, 0.75])
def test_hue_turns_the_hue_of_hsv(turns, image):
    few = image[:6, :7]

    def turn(rgb):
        h, s, v = colorsys.rgb_to_hsv(*(rgb / 255))
        return np.multiply(colorsys.hsv_to_rgb((h + turns) % 1.0, s, v), 255)

    wanted = np.apply_along_axis(turn, 2, few.astype(float))
    np.testing.assert_allclose(recolour(few, tone.hue(turns, 0.0)), wanted, atol=1e-2)


@pytest.mark.parametrize("gain", [0.0, 0.5, 1.7])
def test_saturation_multiplies_the_saturation_of_hsv_to_at_most_one(gain, image):
    few = image[:6, :7]

    def strengthen(rgb):
        h, s, v = colorsys.rgb_to_hsv(*(rgb / 255))
        return np.multiply(colorsys.hsv_to_rgb(h, min(s * gain, 1.0), v), 255)

    wanted = np.apply_along_axis(strengthen, 2, few.astype(float))
    np.testing.assert_allclose(recolour(few, tone.saturation(gain, 0.0)), wanted, atol=1e-2)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_posterize_keeps_the_upper_bits(bits):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)

    kept = recolour(levels, tone.posterize(bits, 0, 255))

    assert np.array_equal(kept, levels >> (8 - bits) << (8 - bits))


def test_solarize_adds_and_inverts_from_the_threshold_on():
    assert recolour([[[10.0, 89.0, 90.0]]], tone.solarize(10, 100, 0, 255)).ravel().tolist() == [20, 99, 155]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channelwise_has_a_gain_and_an_offset_for_each_channel(channels):
    image = np.full((2, 3, channels), 10.0)
    gains, offsets = [1.0, 2.0, 3.0, 4.0][:channels], [4.0, 3.0, 2.0, 1.0][:channels]

    done = recolour(image, tone.channelwise(gains, offsets, 0.0, 40.0))

    assert done[1, 2].tolist() == [14.0, 23.0, 32.0, 40.0][:channels]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_contrast_is_about_the_mean_of_each_channel(channels):
    image = np.random.default_rng(2).uniform(80, 160, (97, 89, channels)).astype(np.float32)
    mean = image.mean(axis=(0, 1), dtype=np.float64)

    np.testing.assert_allclose(recolour(image, tone.contrast(1.4, 0, 255)), mean + 1.4 * (image - mean), atol=2e-3)


def test_stretch_fills_the_range_with_each_channel_and_leaves_a_plain_one():
    image = np.array([[[50.0, 0.0, 7.0], [100.0, 40.0, 7.0], [150.0, 200.0, 7.0]]])

    done = recolour(image, tone.stretch(0, 255))

    np.testing.assert_allclose(done[0], [[0, 0, 7], [127.5, 51, 7], [255, 255, 7]], atol=1e-4)


def test_channel_shift_clips_to_the_least_and_the_greatest_value_of_the_picture():
    assert recolour([[[10.0, 50.0, 60.0]]], tone.channel_shift(20)).ravel().tolist() == [30, 60, 60]
    assert recolour([[[10.0, 50.0, 60.0]]], tone.channel_shift(-20)).ravel().tolist() == [10, 30, 40]


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_samplewise_leaves_mean_0_and_deviation_1(offset, image):
    done = recolour(image + offset, tone.samplewise(scaled=True)).astype(np.float64)

    assert done.mean() == pytest.approx(0, abs=1e-4)
    assert done.std() == pytest.approx(1, abs=1e-4)


def test_a_plain_picture_becomes_zero_and_not_infinite():
    assert np.array_equal(recolour(np.full((9, 9, 3), 77.0), tone.samplewise(scaled=True)), np.zeros((9, 9, 3)))


def test_several_tones_are_done_in_order_as_one_by_one(image):
    tones = [
        tone.linear(0.9, 12, 0, 255),
        tone.contrast(1.3, 0, 255),
        tone.hue(0.2, 0.0),
        tone.channel_shift(9.0),
        tone.posterize(5, 0, 255),
        tone.linear(1 / 255),
    ]
    apart = image
    for one in tones:
        apart = recolour(apart, one)

    assert np.array_equal(recolour(image, *tones), apart)
