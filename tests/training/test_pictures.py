"""Pictures to learn from are seen plain or varied, whatever their order and part."""

import itertools

import numpy as np
import pytest

from boda.augment import Pipeline, RandomRotation, Resizing
from boda.augment.strength import pipeline_of_strength
from boda.data.duplicates import content_digest
from boda.data.view import View
from boda.errors import AugmentError
from boda.recipe import Recipe, Stage
from boda.sample import Sample
from boda.training.pictures import Pictures, pipeline_of, variants


@pytest.fixture
def pictures(picture):
    samples = [Sample(f"{name}-{i}", picture(name, i)) for name in ("berry", "leaf") for i in range(3)]
    digests = [content_digest(sample.read_bytes()) for sample in samples]
    return Pictures(samples, digests, np.repeat([0, 1], 3), 2, View(32))


def test_the_first_variant_is_the_picture_itself(pictures):
    pipeline = pipeline_of_strength("strong", seed=1)

    assert (pictures.varied(0, pipeline, 0) == pictures.plain(0)).all()
    assert (pictures.varied(0, pipeline, 1) != pictures.plain(0)).any()


def test_what_is_drawn_depends_on_the_picture_and_not_on_its_place(pictures):
    pipeline = pipeline_of_strength("strong", seed=1)
    turned = pictures.some(np.array([5, 2]))

    assert turned.targets.tolist() == [1, 0]
    assert (turned.varied(1, pipeline, 3) == pictures.varied(2, pipeline, 3)).all()


def test_other_seeds_and_epochs_draw_anew(pictures):
    drawn = [
        pictures.varied(0, pipeline_of_strength("default", seed), epoch) for seed, epoch in ((1, 1), (1, 2), (2, 1))
    ]

    assert not any((a == b).all() for a, b in itertools.pairwise(drawn))


def test_values_stay_within_those_of_a_picture(pictures):
    seen = pictures.varied(0, pipeline_of_strength("strong", seed=1), 2)

    assert seen.dtype == np.float32
    assert 0 <= seen.min() < seen.max() <= 255


def test_a_pipeline_that_changes_the_size_is_refused(pictures):
    with pytest.raises(AugmentError, match=r"\(32, 32, 3\)\. Received: \(16, 16, 3\) for berry-0"):
        pictures.varied(0, Pipeline([Resizing(16, 16)]), 1)


def test_a_recipes_own_pipeline_is_drawn_with_the_runs_seed():
    recipe = Recipe(augmentation=Pipeline([RandomRotation(0.1)], seed=5).to_toml())
    pipeline = pipeline_of(recipe, Stage.usual("all", augment="own"), seed=7)

    assert (pipeline.steps, pipeline.seed) == ((RandomRotation(0.1),), 7)


def test_without_augmentation_there_is_one_variant():
    assert variants(Stage.usual("all", augment="none")) == 1
    assert variants(Stage.usual("all", augment="default", views=4)) == 4
