"""Stages train what is above the cut, are kept or rolled back by the inner split, and go on after a stop."""

import numpy as np
import pytest

from boda.data.duplicates import content_digest
from boda.data.view import View
from boda.errors import Interrupted
from boda.models.cut import cut_layer, layer_depths
from boda.recipe import Recipe
from boda.sample import Sample
from boda.training import stage_fit, stages
from boda.training.choose import Choice, Training, choose_head, nearest_means
from boda.training.features import Extractor, head_views
from boda.training.pictures import Pictures
from boda.training.stage_fit import Fitted, Setting
from boda.training.stages import answer_unseen, run_stages

RECIPE = Recipe(size=64, stages="head,last-2").replace(stage_epochs=2, stage_views=2, stage_batch_size=8)


@pytest.fixture(scope="module")
def pictures(picture):
    samples = [Sample(f"{name}-{i}", picture(name, i)) for i in range(10) for name in ("berry", "leaf", "water")]
    digests = [content_digest(sample.read_bytes()) for sample in samples]
    return Pictures(samples, digests, np.tile([0, 1, 2], 10), 3, View(64))


@pytest.fixture(scope="module")
def training(pictures):
    everything = np.arange(30)
    folds = [(everything[everything // 3 % 3 != i], everything[everything // 3 % 3 == i]) for i in range(3)]
    return Training(head_views(RECIPE, Extractor.of(RECIPE), pictures, 0), pictures.targets, 3, folds)


@pytest.fixture(scope="module")
def choice(training):
    return choose_head(training, RECIPE.head, 0)


def outcome_of(monkeypatch, *, improves):
    """Make every stage look better, or worse, than what came before."""
    real, losses = stages._outcome, (0.5, 1.0) if improves else (1.0, 0.5)

    def outcome(*args):
        return {**real(*args), "kept": improves, "log_loss": losses[0], "log_loss_before": losses[1]}

    monkeypatch.setattr(stages, "_outcome", outcome)


def answers(targets, *, right, sureness):
    """Logits (n, 3): the first `right` answers are right, each as sure as the others."""
    named = np.where(np.arange(len(targets)) < right, targets, (targets + 1) % 3)
    return (sureness * np.eye(3)[named]).astype(np.float32)


def changed_layers(before, after, learner):
    names = [weight.path.split("/")[0] for weight in learner.model.weights]
    return {name for name, a, b in zip(names, before, after, strict=True) if not (a == b).all()}


def test_only_what_is_above_the_cut_learns_and_batch_normalization_stays(pictures, choice):
    setting = Setting(RECIPE, pictures, 0)
    learner = stage_fit.learner_of(setting, choice.head)
    before = learner.weights()
    stage_fit.fit_stage(setting, learner, RECIPE.stages[1], np.arange(30), None, "")
    changed = changed_layers(before, learner.weights(), learner)
    depths = layer_depths(learner.model, learner.name)

    assert cut_layer("efficientnet_lite0", "last-2") == "block14_add"
    assert {depths[name] for name in changed} == {0, 1, 2}
    assert not any(name.endswith("_bn") for name in changed)


def test_answers_do_not_depend_on_whether_activations_are_kept(pictures, choice, monkeypatch):
    plain = RECIPE.replace(stage_augment="none", stage_learning_rate=1e-4)
    seen, unseen = np.arange(24), np.arange(24, 30)
    kept, _ = answer_unseen(plain, pictures, seen, unseen, seed=0, head=choice.head)
    monkeypatch.setattr(stage_fit.activations, "keep", lambda *_: None)
    live, _ = answer_unseen(plain, pictures, seen, unseen, seed=0, head=choice.head)

    assert np.abs(kept - live).max() < 0.02 * np.abs(live).max()


def test_a_stage_that_helps_is_kept_and_trains_on_everything(pictures, training, choice, monkeypatch, capsys):
    outcome_of(monkeypatch, improves=True)
    staged = run_stages(Setting(RECIPE, pictures, 0), training, choice)

    assert [one["kept"] for one in staged.outcomes] == [True]
    assert {line["fold"] for line in staged.history} == {0, 1, 2, None}
    assert np.isfinite(staged.logits).all()
    assert staged.learner is not None
    assert "last-2 is kept: log loss 0.500 and accuracy" in capsys.readouterr().err


def test_a_stage_that_does_not_help_is_rolled_back_and_that_is_said(pictures, training, choice, monkeypatch, capsys):
    outcome_of(monkeypatch, improves=False)
    staged = run_stages(Setting(RECIPE, pictures, 0), training, choice)

    assert staged.learner is None
    assert [one["kept"] for one in staged.outcomes] == [False]
    told = capsys.readouterr().err
    assert "last-2 is rolled back: log loss 1.000 and accuracy" in told
    assert "on 30 training pictures held back, 0.500 and" in told


@pytest.mark.parametrize(
    ("sureness", "right", "kept"), [(3.0, 30, True), (0.5, 30, True), (3.0, 20, False), (1.0, 24, False)]
)
def test_a_stage_must_be_better_in_log_loss_or_accuracy(sureness, right, kept):
    targets = np.arange(30) % 3
    before = answers(targets, right=24, sureness=1.0)
    fits = [Fitted([], 1, answers(targets, right=right, sureness=sureness))]

    assert stages._outcome(RECIPE.stages[1], 1, before, fits, targets)["kept"] is kept


def test_with_patience_everything_is_trained_on_as_long_as_was_best(pictures, training, choice, monkeypatch):
    asked = []
    real = stages.fit_stage

    def watch(setting, learner, stage, seen, unseen, name, epochs=None, **more):
        asked.append((stage.thaw, len(seen), epochs))
        return real(setting, learner, stage, seen, unseen, name, epochs, **more)

    monkeypatch.setattr(stages, "fit_stage", watch)
    outcome_of(monkeypatch, improves=True)
    staged = run_stages(Setting(RECIPE, pictures, 0), training, choice)

    assert asked == [("last-2", 18, None)] * 1 + [("last-2", 21, None)] * 2 + [("last-2", 30, 2)]
    assert staged.outcomes[0]["epochs"] == 2


@pytest.mark.parametrize(("enough", "tried"), [(200, 3), (20, 2), (12, 1), (1, 1)])
def test_so_many_folds_are_tried_that_enough_pictures_are_held_back(
    enough, tried, pictures, training, choice, monkeypatch
):
    monkeypatch.setattr(stages, "ENOUGH", enough)
    _, trials = stages._trials(Setting(RECIPE, pictures, 0), training, choice)

    assert len(trials) == tried


def test_the_same_seed_gives_the_same_answers(pictures, choice):
    seen, unseen = np.arange(24), np.arange(24, 30)
    first, again = (answer_unseen(RECIPE, pictures, seen, unseen, seed=3, head=choice.head)[0] for _ in range(2))

    assert (first == again).all()


def test_a_stop_leaves_a_checkpoint_from_which_the_same_bits_come(pictures, training, choice, monkeypatch, tmp_path):
    whole = run_stages(Setting(RECIPE, pictures, 0), training, choice)
    setting = Setting(RECIPE, pictures, 0, tmp_path, "data")
    seen = []

    def stop_once(self, *args):  # in the middle of the second epoch
        seen.append(args)
        if len(seen) == 5:
            setting.stop.number = 15
        return finish(self, *args)

    finish = stage_fit.Lesson.finish
    monkeypatch.setattr(stage_fit.Lesson, "finish", stop_once)
    with pytest.raises(Interrupted, match=r"terminated in epoch 2"):
        run_stages(setting, training, choice)
    resumed = run_stages(Setting(RECIPE, pictures, 0, tmp_path, "data"), training, choice)

    assert (resumed.logits == whole.logits).all()
    assert (resumed.learner is None) == (whole.learner is None)
    if whole.learner is not None:
        pairs = zip(resumed.learner.weights(), whole.learner.weights(), strict=True)
        assert all((a == b).all() for a, b in pairs)


def test_the_network_as_it_is_answers_by_the_nearest_class_mean(training):
    features = np.array([[0.0, 0], [0, 2], [4, 0], [4, 2]], np.float32)
    toy = Training((features,), np.array([0, 0, 1, 1]), 2, [(np.arange(4), np.arange(4))])
    logits = nearest_means(toy).logits

    assert logits.argmax(axis=1).tolist() == [0, 0, 1, 1]
    assert np.allclose(logits[:, 1] - logits[:, 0], [-1, -1, 1, 1])  # z of +-1, d of 2: (|z+1|^2 - |z-1|^2) / 4
    assert isinstance(nearest_means(training), Choice)


@pytest.mark.slow
def test_batch_normalization_that_learns_from_small_batches_spoils_what_the_network_knew(pictures, training, choice):
    """Why fine-tuning keeps it in inference: by the statistics of four pictures even those learned from are missed."""
    seen, unseen = training.folds[0]
    how = {"epochs": 6, "batch_size": 4, "learning_rate": 2e-4, "warmup": 0.0, "ema": 0.0, "augment": "none"}
    recipe = RECIPE.replace(stages="head,all", **{f"stage_{name}": value for name, value in how.items()})
    last = {}
    for mode in ("inference", "train"):
        told = recipe.replace(stage_batch_norm=mode, stage_layer_decay=1.0, stage_label_smoothing=0.0)
        _, history = answer_unseen(told, pictures, seen, unseen, seed=0, head=choice.head)
        last[mode] = history[-1]["accuracy"]

    assert last["inference"] > 0.9
    assert last["train"] < last["inference"] - 0.2
