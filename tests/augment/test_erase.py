import numpy as np
import pytest

from boda.augment import Pipeline, RandomErasing
from boda.augment.erase import draw_span
from boda.errors import AugmentError

GREY = np.full((40, 60, 3), 100, np.uint8)


def erased(step, sample=0):
    """Where the grey picture changed, (h, w), and the picture."""
    done = Pipeline([step], seed=2)(GREY, sample=sample)
    return (done != 100).any(axis=2), done


@pytest.mark.parametrize("sample", range(5))
def test_one_rectangle_is_erased_and_nothing_else(sample):
    hole, _ = erased(RandomErasing((1.0, 1.0), fill_value=7.0), sample)

    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    assert hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert hole.sum() == len(rows) * len(columns)


def test_sides_are_the_roots_of_the_scale():
    hole, _ = erased(RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=7.0))

    assert hole.any(axis=1).sum() in {20, 21}  # half of 40, and half of 60, from anywhere
    assert hole.any(axis=0).sum() in {30, 31}


def test_the_whole_scale_erases_everything():
    hole, _ = erased(RandomErasing((1.0, 1.0), scale=(1.0, 1.0), fill_value=7.0))

    assert hole.all()


def test_each_channel_may_have_its_own_filling_clipped_to_the_range():
    hole, done = erased(RandomErasing((1.0, 1.0), fill_value=(1.0, 2.0, 300.0)))

    assert (done[hole] == [1, 2, 255]).all()


def test_noise_is_a_clipped_normal_deviate_times_the_greatest_value():
    _, done = erased(RandomErasing((1.0, 1.0), scale=(1.0, 1.0)))

    assert done.min() == 0
    assert done.max() == 255
    assert (done == 0).mean() == pytest.approx(0.5, abs=0.03)  # P(z < 0)
    assert (done == 255).mean() == pytest.approx(0.159, abs=0.03)  # P(z > 1)


def test_noise_is_the_samples_own_and_repeats():
    step = RandomErasing((1.0, 1.0), scale=(1.0, 1.0))

    assert np.array_equal(erased(step, 3)[1], erased(step, 3)[1])
    assert not np.array_equal(erased(step, 3)[1], erased(step, 4)[1])


def test_a_lone_factor_of_one_erases_in_about_every_second_picture():
    count = sum(erased(RandomErasing(1.0, fill_value=7.0), i)[0].any() for i in range(200))

    assert 70 < count < 130


def test_boxes_stay_even_where_they_are_erased():
    done = Pipeline([RandomErasing((1.0, 1.0), (1.0, 1.0))])(GREY, boxes=[[3, 4, 20, 30]])

    assert done.boxes.tolist() == [[3, 4, 20, 30]]


def test_a_span_holds_the_indices_from_its_start_to_before_its_end():
    span = draw_span(np.random.default_rng(0), 100, 0.3)

    assert 0 <= span.start < span.stop <= 100
    assert span.stop - span.start in {30, 31}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomErasing(2.0), r"RandomErasing: factor must be a number or a pair of numbers from 0 to 1"),
        (lambda: RandomErasing(scale=(0.1, 1.5)), r"RandomErasing: scale must be"),
        (lambda: RandomErasing(fill_value="grey"), r"RandomErasing: fill_value must be None, a number"),
        (lambda: erased(RandomErasing(fill_value=(1.0, 2.0))), r"one for each of the picture's 3 channels"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
