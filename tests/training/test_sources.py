"""Batches of a stage: each picture once an epoch, the same whenever they are asked for, from any batch on."""

import numpy as np
import pytest

from boda.augment.strength import pipeline_of_strength
from boda.data.duplicates import content_digest
from boda.data.view import View
from boda.recipe import Stage
from boda.sample import Sample
from boda.training.activations import Activations
from boda.training.pictures import Pictures
from boda.training.sources import Kept, Lesson, Live

SEEN = np.array([0, 2, 3, 5, 6, 7, 9])


@pytest.fixture
def pictures(picture):
    samples = [Sample(f"p{i}", picture("berry", i)) for i in range(10)]
    return Pictures(samples, [content_digest(s.read_bytes()) for s in samples], np.arange(10) % 2, 2, View(8))


def lesson(pictures, **changes):
    return Lesson.of(pictures, SEEN, Stage.usual("last-2", batch_size=3, **changes), seed=4)


def numbered(views=3):
    """Activations that say which picture and view they are."""
    rows = np.arange(10)[:, None] * 10 + np.arange(views)
    return Activations(rows[:, :, None, None, None].astype(np.float16))


def test_each_picture_comes_once_an_epoch_with_its_own_target(pictures):
    batches = list(Kept(lesson(pictures), numbered()).batches(0))
    places = np.concatenate([x.ravel() for x, _, _ in batches]) // 10
    targets = np.concatenate([y.argmax(axis=1) for _, y, _ in batches])

    assert [len(x) for x, _, _ in batches] == [3, 3, 1]
    assert sorted(places.tolist()) == SEEN.tolist()
    assert (targets == places % 2).all()


def test_views_change_from_epoch_to_epoch_and_all_of_them_come(pictures):
    source = Kept(lesson(pictures), numbered())
    views = [np.concatenate([x.ravel() for x, _, _ in source.batches(epoch)]) % 10 for epoch in range(20)]

    assert {*np.concatenate(views).astype(int).tolist()} == {0, 1, 2}
    assert not all((view == views[0]).all() for view in views)


@pytest.mark.parametrize("mix", ["none", "mixup", "cutmix"])
def test_batches_from_the_middle_are_those_of_the_whole_epoch(pictures, mix):
    source = Kept(lesson(pictures, mix=mix), numbered())
    whole, rest = list(source.batches(5)), list(source.batches(5, 1))

    assert len(rest) == 2
    for ours, theirs in zip(whole[1:], rest, strict=True):
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))


def test_live_pictures_are_varied_anew_each_epoch(pictures):
    source = Live(lesson(pictures), pipeline_of_strength("default", seed=4), None)
    first, again, later = (list(source.batches(epoch)) for epoch in (0, 0, 1))

    assert all((a[0] == b[0]).all() for a, b in zip(first, again, strict=True))
    assert not any((a[0] == b[0]).all() for a, b in zip(first, later, strict=True))
    assert first[0][0].shape == (3, 8, 8, 3)


def test_live_batches_from_the_middle_are_those_of_the_whole_epoch(pictures):
    source = Live(lesson(pictures), pipeline_of_strength("default", seed=4), None)

    assert (next(source.batches(2, 2))[0] == list(source.batches(2))[2][0]).all()


def test_without_augmentation_live_pictures_are_plain(pictures):
    source = Live(lesson(pictures, augment="none"), pipeline_of_strength("none"), None)
    x, _, _ = next(iter(source.batches(3)))
    first = lesson(pictures).indices[lesson(pictures).rows(3, 0)]

    assert (x == np.stack([pictures.plain(i) for i in first])).all()


def test_errors_can_name_the_pictures_of_a_batch(pictures):
    source = Kept(lesson(pictures), numbered())
    names = [name for batch in range(3) for name in source.names(1, batch)]

    assert sorted(names) == [f"p{i}" for i in SEEN]


def test_smoothing_and_class_weights_reach_the_batches(pictures):
    uneven = Lesson.of(
        pictures.some(np.array([0, 2, 4, 1])),
        np.arange(4),
        Stage.usual("all", label_smoothing=0.2, class_weight="balanced"),
        seed=0,
    )

    assert np.allclose(uneven.targets[0], [0.9, 0.1])
    assert np.allclose(uneven.weights, [2 / 3, 2 / 3, 2 / 3, 2])
