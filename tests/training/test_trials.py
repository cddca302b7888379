"""A pipeline taken apart: what is tried, behind which fixed steps, and what a network then sees."""

import numpy as np
import pytest

from boda.augment import (
    CenterCrop,
    MixUp,
    Pipeline,
    RandomBrightness,
    RandomCrop,
    RandomFlip,
    RandomPosterization,
    RandomRotation,
    Rescaling,
    Resizing,
    SamplewiseNormalization,
)
from boda.sample import Sample
from boda.training.trials import WHOLE, as_pixels, levels, step_name, trials, views


def names(tried):
    return [trial.name for trial in tried]


def test_each_step_is_tried_alone_and_then_the_whole():
    tried, _ = trials(Pipeline([RandomFlip(), RandomRotation(0.1)]), 3)

    assert names(tried) == ["RandomFlip()", "RandomRotation(0.1)", WHOLE]
    assert [len(trial.pipeline.steps) for trial in tried] == [1, 1, 2]


def test_a_single_step_is_tried_once_and_not_again_as_the_whole():
    assert names(trials(Pipeline([RandomFlip()]), 3)[0]) == ["RandomFlip()"]


def test_a_step_is_tried_behind_the_fixed_steps_before_it():
    resizing, crop = Resizing(64, 64), RandomCrop(32, 32)
    trial = trials(Pipeline([resizing, RandomFlip(), crop]), 3)[0][2]

    assert trial.pipeline.steps == (resizing, crop)
    assert trial.before.steps == (resizing,)
    assert trial.has_own_before


def test_what_is_left_to_no_chance_is_drawn_once():
    assert [trial.draws for trial in trials(Pipeline([CenterCrop(9, 9), RandomFlip()]), 3)[0]] == [1, 3, 3]


def test_a_rescaling_is_kept_before_what_follows_but_not_tried():
    (trial,), untried = trials(Pipeline([Rescaling(1 / 255), RandomBrightness(0.2, (0, 1))]), 3)

    assert len(trial.pipeline.steps) == 2
    assert not trial.has_own_before
    assert untried == {}


def test_a_fixed_change_of_tone_is_tried():
    assert names(trials(Pipeline([RandomPosterization(2), RandomFlip()]), 3)[0])[0] == "RandomPosterization(2)"


def test_mixing_and_normalizing_are_not_tried_and_it_is_said_why():
    tried, untried = trials(Pipeline([SamplewiseNormalization(), RandomFlip(), MixUp()]), 3)

    assert names(tried) == ["RandomFlip()"]
    assert list(untried) == ["SamplewiseNormalization()", "MixUp()"]
    assert "mixes pictures" in untried["MixUp()"]


def test_a_name_holds_what_is_not_the_default():
    assert step_name(RandomRotation(0.1, fill_mode="constant")) == "RandomRotation(factor=0.1, fill_mode=constant)"
    assert step_name(Rescaling(1 / 255)) == "Rescaling(0.003922)"


def test_rescaled_values_come_back_to_where_they_were():
    image = np.array([[[0, 100, 255]]], np.uint8)
    pipeline = Pipeline([Rescaling(1 / 127.5, -1)])

    pixels, stretched = as_pixels(pipeline(image), levels(pipeline.steps))

    assert pixels.tolist() == image.tolist()
    assert not stretched


def test_values_that_are_no_pixels_are_stretched_and_that_is_told():
    pixels, stretched = as_pixels(np.array([[[-2.0, 0.0, 2.0]]], np.float32), (0.0, 255.0))

    assert pixels.tolist() == [[[0, 128, 255]]]
    assert stretched


def test_a_dark_picture_stays_dark():
    pixels, stretched = as_pixels(np.array([[[0.0, 1.0, 3.0]]], np.float32), (0.0, 255.0))

    assert pixels.tolist() == [[[0, 1, 3]]]
    assert not stretched


def test_a_rescaling_to_nothing_divides_by_nothing():
    assert as_pixels(np.zeros((1, 1, 3), np.float32), (0.0, 0.0))[0].tolist() == [[[0, 0, 0]]]


def test_draws_in_which_a_flip_does_nothing_are_passed_over():
    ramp = np.repeat(np.arange(16, dtype=np.uint8)[None, :, None] * 16, 16, axis=0).repeat(3, axis=2)
    flip, nothing = Pipeline([RandomFlip("horizontal")], seed=5), Pipeline([], seed=5)

    for index in range(8):
        seen = views(Sample("ramp", ramp), index, [(flip, nothing, 3)], 16)

        assert len(seen) == 3
        assert all((view == ramp[:, ::-1]).all() for view in seen)


def test_a_step_that_does_nothing_is_seen_all_the_same():
    plain = np.full((8, 8, 3), 7, np.uint8)
    nothing = Pipeline([], seed=0)

    assert len(views(Sample("plain", plain), 0, [(nothing, nothing, 2)], 8)) == 2


@pytest.mark.parametrize(("steps", "side"), [([RandomFlip("vertical")], 640), ([RandomCrop(100, 100)], 900)])
def test_a_large_picture_is_shrunk_unless_a_step_counts_pixels(steps, side, monkeypatch):
    shapes = []
    real = Pipeline.draw

    def draw(self, shape, *args, **options):
        shapes.append(tuple(shape[:2]))
        return real(self, shape, *args, **options)

    monkeypatch.setattr(Pipeline, "draw", draw)
    views(
        Sample("large", np.zeros((900, 450, 3), np.uint8)), 0, [(Pipeline(steps, seed=0), Pipeline([], seed=0), 1)], 8
    )

    assert set(shapes) == {(side, side // 2)}
