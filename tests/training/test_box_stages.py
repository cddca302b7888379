"""Stages of a network of boxes: what is above the cut learns, and goes on after a stop to the same bits."""

import numpy as np
import pytest

from boda.augment.mosaic import Mosaic
from boda.boxes import Detections
from boda.data.box_view import BoxView
from boda.data.duplicates import content_digest
from boda.errors import Interrupted
from boda.recipe import Recipe
from boda.sample import Dataset, Sample
from boda.training import box_fit, box_lesson, box_stages
from boda.training.box_learner import BoxLearner
from boda.training.box_pictures import BoxPictures
from boda.training.box_stages import folds_for, in_pictures, judged, run_box_stages
from boda.training.stage_fit import Setting

SIZE = 64
CLASSES = ("blue", "red")


def recipe(task, **changes):
    small = {"size": SIZE, "boxes_channels": 16, "boxes_convs": 1}
    quick = {"stage_epochs": 2, "stage_views": 2, "stage_batch_size": 8, "stage_augment": "light"}
    usual = Recipe.usual(task).replace(**small, **quick)
    return usual.replace(**changes) if changes else usual


def painted(number, count):
    rng = np.random.default_rng(number)
    image = np.full((48, 80, 3), rng.integers(60, 120), np.uint8)
    boxes, names = [], []
    for _ in range(count):
        x, y, name = int(rng.integers(0, 50)), int(rng.integers(0, 28)), CLASSES[int(rng.integers(2))]
        image[y : y + 18, x : x + 26] = (230, 30, 30) if name == "red" else (30, 30, 230)
        boxes.append([x, y, x + 26, y + 18])
        names.append(name)
    return Sample(f"{number}.png", image, tuple(sorted(set(names))), boxes=np.array(boxes, float), box_labels=names)


def pictures_of(task, n=20):
    samples = tuple(painted(i, 1 if task == "locate" else 1 + i % 3) for i in range(n))
    digests = [content_digest(sample.read_bytes()) for sample in samples]
    dataset = Dataset(samples, CLASSES, task)
    view = BoxView(SIZE, recipe(task).resize)
    return BoxPictures.of(dataset, digests, np.array([[80, 48]] * n), np.arange(n), view)


def folds_of(n, k=5):
    everything = np.arange(n)
    return [(everything[everything % k != i], everything[everything % k == i]) for i in range(k)]


@pytest.fixture(params=["locate", "detect"])
def task(request):
    return request.param


def test_stages_answer_unseen_pictures_and_then_train_on_all(task, monkeypatch):
    monkeypatch.setattr(box_stages, "ENOUGH", 6)
    pictures = pictures_of(task)
    staged = run_box_stages(Setting(recipe(task), pictures, 0), task, folds_of(20))

    assert staged.unseen.tolist() == [0, 5, 10, 15, 1, 6, 11, 16]
    assert len(staged.found) == 8
    assert {line["fold"] for line in staged.history} == {0, 1, None}
    assert all({"loss", "iou", "learning_rate"} <= line.keys() for line in staged.history)
    assert staged.outcomes[0]["kept"]


def test_only_what_is_above_the_cut_learns():
    task = "locate"
    setting = Setting(recipe(task), pictures_of(task), 0)
    learner = BoxLearner.of(setting.recipe, task, 2, 0)
    names, before = [weight.path for weight in learner.model.weights], learner.weights()
    box_fit.fit_boxes(setting, learner, setting.recipe.stages[0], np.arange(20), None, "")
    moved = {
        name.split("/")[0] for name, a, b in zip(names, before, learner.weights(), strict=True) if not (a == b).all()
    }

    assert {name.split("_")[0] for name in moved} == {"block11", "block12", "block13", "block14", "block15", "box"}
    assert not any(name.endswith("_bn") for name in moved)


def test_a_stage_that_does_not_help_is_rolled_back_and_that_is_said(monkeypatch, capsys):
    task, figures = "locate", iter([0.7, 0.6])
    monkeypatch.setattr(box_stages, "judged", lambda *_: next(figures))
    staged = run_box_stages(
        Setting(recipe(task, stages="last-2,last-6").replace(stage_epochs=1), pictures_of(task), 0),
        task,
        folds_of(20, 2),
    )

    assert [one["kept"] for one in staged.outcomes] == [True, False]
    assert "last-6 is rolled back" in capsys.readouterr().err
    assert {line["stage"] for line in staged.history if line["fold"] is None} == {"last-2"}


def test_of_many_pictures_a_few_are_held_back_for_good(monkeypatch):
    task = "locate"
    monkeypatch.setattr(box_stages, "LARGE", 20)
    monkeypatch.setattr(box_stages, "ENOUGH", 2)
    staged = run_box_stages(Setting(recipe(task), pictures_of(task), 0), task, folds_of(20, 10))

    assert staged.unseen.tolist() == [0, 10]
    assert {line["fold"] for line in staged.history} == {0}


def test_many_pictures_are_dealt_into_folds_that_are_worth_holding_back():
    assert folds_for(160, 5) == 5
    assert folds_for(2000, 5) == 13


def test_a_stop_leaves_a_checkpoint_from_which_the_same_bits_come(monkeypatch, tmp_path):
    task = "locate"
    pictures = pictures_of(task)
    monkeypatch.setattr(box_stages, "ENOUGH", 1)
    whole = run_box_stages(Setting(recipe(task), pictures, 0), task, folds_of(20))
    setting, seen = Setting(recipe(task), pictures, 0, tmp_path, "data"), []

    def stop_once(self, *args):  # in the middle of the second epoch
        seen.append(args)
        if len(seen) == 4:
            setting.stop.number = 15
        return finish(self, *args)

    finish = box_lesson.BoxLesson.finish
    monkeypatch.setattr(box_lesson.BoxLesson, "finish", stop_once)
    with pytest.raises(Interrupted, match=r"terminated in epoch 2"):
        run_box_stages(setting, task, folds_of(20))
    resumed = run_box_stages(Setting(recipe(task), pictures, 0, tmp_path, "data"), task, folds_of(20))

    pairs = zip(resumed.learner.weights(), whole.learner.weights(), strict=True)
    assert all((a == b).all() for a, b in pairs)


def test_a_stop_among_mosaics_leaves_a_checkpoint_from_which_the_same_bits_come(monkeypatch, tmp_path):
    mosaics, pictures = recipe("detect", stage_mix="mosaic"), pictures_of("detect")
    monkeypatch.setattr(box_stages, "ENOUGH", 1)
    monkeypatch.setattr(box_fit.activations, "keep", None)  # mixed anew in each epoch, they are never kept
    whole = run_box_stages(Setting(mosaics, pictures, 0), "detect", folds_of(20))
    setting, seen, mix = Setting(mosaics, pictures, 0, tmp_path, "data"), [], Mosaic.mix

    def stop_once(self, *args):  # in the middle of the second epoch
        seen.append(args)
        if len(seen) == 4:
            setting.stop.number = 15
        return mix(self, *args)

    monkeypatch.setattr(Mosaic, "mix", stop_once)
    with pytest.raises(Interrupted, match="terminated in epoch"):
        run_box_stages(setting, "detect", folds_of(20))
    resumed = run_box_stages(Setting(mosaics, pictures, 0, tmp_path, "data"), "detect", folds_of(20))

    pairs = zip(resumed.learner.weights(), whole.learner.weights(), strict=True)
    assert all((a == b).all() for a, b in pairs)


def test_answers_do_not_depend_on_whether_activations_are_kept(monkeypatch):
    task = "locate"
    plain, pictures, seen, unseen = (
        recipe(task, stage_augment="none"),
        pictures_of(task),
        np.arange(16),
        np.arange(16, 20),
    )
    found = []
    for kept in (True, False):
        if not kept:
            monkeypatch.setattr(box_fit.activations, "keep", lambda *_: None)
        learner = BoxLearner.of(plain, task, 2, 0)
        fitted = box_fit.fit_boxes(Setting(plain, pictures, 0), learner, plain.stages[0], seen, unseen, "")
        found.append(np.concatenate([one.best(3).scores for one in fitted.found]))

    assert np.abs(found[0] - found[1]).max() < 0.05


@pytest.mark.parametrize("thaw", ["head", "all"])
def test_other_stages_train_too(thaw):
    setting = Setting(recipe("locate", stages=thaw, head_epochs=1), pictures_of("locate", 8), 0)
    learner = BoxLearner.of(setting.recipe, "locate", 2, 0)
    fitted = box_fit.fit_boxes(setting, learner, setting.recipe.stages[0], np.arange(8), np.arange(2), "")

    assert len(fitted.found) == 2
    assert np.isfinite(fitted.history[-1]["loss"])


def test_boxes_come_back_into_the_displayed_picture():
    pictures = pictures_of("detect", 1)
    placed = pictures.asked(0, None, 0)[0]
    found = Detections(placed, np.ones(len(placed)), np.zeros(len(placed)))
    (back,) = in_pictures(Setting(recipe("detect"), pictures, 0), [found], np.array([0]))

    assert np.abs(back.boxes - pictures.truth(0)[0]).max() < 1e-3


def test_one_box_is_judged_by_its_overlap_and_many_by_ap():
    truth = [(np.array([[0.0, 0, 10, 10]]), np.array([0]))]
    half = [Detections([[0, 0, 10, 5]], [1.0], [0])]

    assert judged("locate", truth, half, 1) == pytest.approx(0.5)
    assert judged("detect", truth, half, 1) == pytest.approx(0.1)  # right at the threshold 0.5 alone, of ten


@pytest.mark.slow
def test_a_detector_learns_to_find_coloured_rectangles():
    pictures = pictures_of("detect", 60)
    setting = Setting(recipe("detect", stage_epochs=30, stage_views=4), pictures, 0)
    learner = BoxLearner.of(setting.recipe, "detect", 2, 0)
    seen, unseen = np.arange(48), np.arange(48, 60)
    fitted = box_fit.fit_boxes(setting, learner, setting.recipe.stages[0], seen, unseen, "")
    found = in_pictures(setting, fitted.found, unseen)

    assert judged("detect", [pictures.truth(int(i)) for i in unseen], found, 2) > 0.5
