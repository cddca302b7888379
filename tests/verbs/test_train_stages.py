"""`train` with stages: what the Run holds then, that every door to the model answers alike, and that it can go on."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

import boda
from boda.errors import DataError, Interrupted, RecipeError, RunError
from boda.recipe import Recipe
from boda.run import Run
from boda.training import stage_fit, stages
from boda.verbs.train import resume

SMALL = {"size": 64, "stages": "head,last-2", "stage_epochs": 2, "stage_views": 2, "stage_batch_size": 8}


@pytest.fixture(scope="module", autouse=True)
def every_stage_is_kept():
    """What is kept on a handful of pictures is a matter of luck; here the rest is looked at."""
    real = stages._outcome
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "_outcome", lambda *args: {**real(*args), "kept": True})
        yield


@pytest.fixture(scope="module")
def staged(tmp_path_factory, photos):
    return boda.train(photos, out=tmp_path_factory.mktemp("staged") / "run", **SMALL)


def files(folder):
    return sorted(folder.rglob("*.png"))


def test_the_metrics_tell_what_became_of_each_stage(staged):
    (outcome,) = staged.metrics["stages"]

    assert (outcome["stage"], outcome["kept"]) == ("last-2", True)
    assert {"verdict", "difference", "interval", "accuracy"} <= set(staged.metrics["against_head"])
    assert staged.metrics["seconds"]["stages"] > 0


def test_the_recipe_is_read_back_from_the_run(staged):
    assert Recipe.read(staged.path / "recipe.toml") == Recipe().replace(**SMALL)


def test_no_checkpoint_is_left(staged):
    assert not (staged.path / "checkpoints").exists()


def test_the_report_shows_the_stages_and_says_what_was_trained(staged):
    page = (staged.path / "report.html").read_text("utf-8")

    assert "Stage by stage" in page
    assert "trained: last-2" in page
    assert (staged.path / "figures" / "stages.png").is_file()


def test_openvino_and_keras_answer_alike(staged, unseen):
    clf = boda.Classifier.load(staged.path)
    pixels = np.stack(
        [np.asarray(Image.open(path).resize((64, 64), Image.Resampling.BILINEAR)) for path in files(unseen)]
    )
    ours = clf.predict_proba(pixels)
    theirs = clf.keras_model.predict(pixels.astype("f"), verbose=0)

    assert np.abs(ours - theirs).max() < 1e-3


def test_the_keras_model_is_flat_compiled_and_saveable(staged, tmp_path):
    model = boda.Classifier.load(staged.path).keras_model
    model.save(tmp_path / "mine.keras")
    again = keras.saving.load_model(tmp_path / "mine.keras")

    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert again.compiled
    assert len(again.layers) == len(model.layers)


def test_the_trained_network_differs_from_the_frozen_one(staged):
    trained = boda.Classifier.load(staged.path).keras_model.get_layer("block15_project_conv").get_weights()[0]
    frozen = boda.Classifier(size=64)
    from boda.models.assemble import feature_model

    plain = feature_model(frozen.backbone).get_layer("block15_project_conv").get_weights()[0]

    assert (trained != plain).any()


def test_the_same_seed_gives_the_same_run(staged, photos, tmp_path):
    again = boda.train(photos, out=tmp_path / "again", **SMALL)

    assert again.read_json("predictions.json") == staged.read_json("predictions.json")


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(staged, photos, tmp_path, monkeypatch):
    count = []
    real = stage_fit.Lesson.finish

    def stop_once(self, *args):
        count.append(args)
        if len(count) == 3:
            raise Interrupted("stopped for a test")
        return real(self, *args)

    monkeypatch.setattr(stage_fit.Lesson, "finish", stop_once)
    with pytest.raises(Interrupted, match="stopped for a test"):
        boda.train(photos, out=tmp_path / "run", **SMALL)
    assert Run.open(tmp_path / "run").about["status"] == "interrupted"
    run = resume(tmp_path / "run")

    assert run.about["status"] == "complete"
    assert run.read_json("predictions.json") == staged.read_json("predictions.json")
    assert (run.path / "model" / "head.npz").read_bytes() == (staged.path / "model" / "head.npz").read_bytes()


def test_a_complete_run_is_not_resumed(staged):
    with pytest.raises(RunError, match="is complete; there is nothing to go on with"):
        resume(staged)


@pytest.fixture
def stopped(photos, tmp_path, monkeypatch):
    """A Run that was stopped while its first stage trained."""

    def stop(*_):
        raise Interrupted("stopped for a test")

    with monkeypatch.context() as patch:
        patch.setattr(stages, "run_stages", stop)
        with pytest.raises(Interrupted, match="stopped for a test"):
            boda.train(photos, out=tmp_path / "stopped", **SMALL)
    return Run.open(tmp_path / "stopped")


def test_pictures_that_have_changed_are_not_gone_on_with(stopped, make_photos, tmp_path):
    other = make_photos(tmp_path / "other", first=50)
    stopped.update(data=str(other))

    with pytest.raises(DataError, match=r"pictures are not those that .*stopped began with|split"):
        resume(stopped)


def test_pictures_that_are_gone_are_asked_for(stopped):
    stopped.update(data="nowhere")

    with pytest.raises(RunError, match=r"nowhere, on which .* was trained, is not here"):
        resume(stopped)


def test_a_network_without_that_many_blocks_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(RecipeError, match=r"N from 1 to 18, since efficientnet_lite0 has 18 blocks"):
        boda.train(tmp_path / "missing", stages="head,last-40")


def test_the_network_as_it_is_answers_without_any_training(photos, tmp_path):
    run = boda.train(photos, out=tmp_path / "run", stages="as-is", size=64)

    assert run.metrics["val"]["n"] == 6
    assert "stages" not in run.metrics


@pytest.mark.slow
def test_the_architecture_alone_learns_from_scratch(photos, tmp_path):
    run = boda.train(photos, out=tmp_path / "run", stages="scratch", size=32, stage_epochs=2, stage_augment="none")

    assert [one["stage"] for one in run.metrics["stages"]] == ["scratch"]
    assert "against_head" not in run.metrics
    assert next(iter(boda.predict(run, [files(photos)[0]]))).error is None


def test_a_settings_table_of_a_stage_reaches_that_stage_alone(command, photos, tmp_path):
    code, _, err = command("train", photos, "--out", tmp_path / "run", "--stages", "head", "--set", "last-2.epochs=3")

    assert code == 1
    assert "last-2.epochs changes a stage that is not there" in err


def test_keras_callbacks_of_the_user_are_called(photos, tmp_path):
    lines = io.StringIO()
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: lines.write(f"{epoch} {sorted(logs)}\n"))
    boda.train(photos, out=tmp_path / "run", callbacks=[callback], **SMALL)

    assert lines.getvalue().count("\n") >= 3
    assert "'val_accuracy'" in lines.getvalue()


def test_going_on_takes_no_other_words(command, staged):
    code, _, err = command("train", "--resume", staged.path, "--stages", "head,all")

    assert code == 2
    assert "--resume goes on with the Run's own settings; leave out --stages" in err


def test_from_scratch_no_pretrained_weights_are_asked_for(photos, tmp_path, monkeypatch):
    def refuse(recipe):
        raise AssertionError(recipe)

    monkeypatch.setattr("boda.verbs.train.Extractor.of", refuse)
    monkeypatch.setattr("boda.verbs.train.Work.train", lambda _: None)

    assert boda.train(photos, out=tmp_path / "run", backbone="resnet50", stages="scratch").about["task"] == "classify"


def test_another_backend_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    with pytest.raises(RecipeError, match=r"trained on Keras's TensorFlow backend\. Received: KERAS_BACKEND=jax"):
        boda.train(tmp_path / "missing", stages="head,last-2")


def test_what_was_trained_is_not_lost_where_the_end_fails(photos, tmp_path, monkeypatch):
    def fail(_):
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("boda.verbs.work.next_steps", fail)
        with pytest.raises(OSError, match="no room"):
            boda.train(photos, out=tmp_path / "run", **SMALL)

    assert list((tmp_path / "run" / "checkpoints").iterdir())
    assert resume(tmp_path / "run").about["status"] == "complete"
