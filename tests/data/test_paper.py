"""Paper by chance, and colours."""

import colorsys

import numpy as np
import pytest

from boda.data.paper import contrast, draw_paper, hsv_to_rgb


def test_paper_is_a_square_of_values_of_a_picture():
    for seed in range(30):
        paper = draw_paper(np.random.default_rng(seed), 64)

        assert paper.shape == (64, 64, 3)
        assert paper.dtype == np.float32
        assert paper.min() >= 0
        assert paper.max() <= 255


def test_paper_is_light_or_dark_and_leaves_room_for_ink():
    means = np.array([draw_paper(np.random.default_rng(seed), 48).mean() for seed in range(120)])
    dark = means < 128

    assert 0.2 < dark.mean() < 0.5
    assert (means[dark] < 100).all()


def test_paper_comes_again_from_the_same_chance():
    one, again = (draw_paper(np.random.default_rng(5), 64) for _ in range(2))

    np.testing.assert_array_equal(one, again)


def test_colours_are_those_of_the_standard_library():
    hsv = np.random.default_rng(0).random((50, 3))

    np.testing.assert_allclose(hsv_to_rgb(hsv), [colorsys.hsv_to_rgb(*row) for row in hsv], atol=1e-6)


def test_a_hue_is_taken_as_a_turn():
    np.testing.assert_allclose(hsv_to_rgb(np.array([-0.9, 0.5, 0.8])), hsv_to_rgb(np.array([0.1, 0.5, 0.8])), atol=1e-6)


@pytest.mark.parametrize(("one", "other", "ratio"), [([0, 0, 0], [255] * 3, 21), ([90, 20, 200], [90, 20, 200], 1)])
def test_black_on_white_is_a_contrast_of_21_and_the_same_of_1(one, other, ratio):
    assert contrast(np.array(one), np.array(other)) == pytest.approx(ratio)
    assert contrast(np.array(other), np.array(one)) == pytest.approx(ratio)
