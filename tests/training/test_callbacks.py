"""The user's own Keras callbacks work unchanged, and go on where they were; the history is JSON lines."""

# ruff: noqa: ARG001, ARG002, ARG005 - hooks have the arguments that Keras gives them

import csv
import json

import numpy as np
import pytest

from boda.errors import RecipeError, RunError
from boda.models.keras_import import import_keras
from boda.training import callbacks
from boda.training.callbacks import HistoryFile, callback_list, restore, states, tensorboard
from boda.training.checkpoint import Checkpoints
from boda.training.loop import train


class Source:
    """Two batches an epoch of one feature."""

    steps = 2

    def batches(self, epoch, start=0):
        for batch in range(start, 2):
            x = np.random.default_rng([epoch, batch]).normal(size=(4, 1)).astype(np.float32)
            yield x, np.eye(2, dtype=np.float32)[(x[:, 0] > 0).astype(int)], np.ones(4, np.float32)


class Killed(BaseException):
    """What a test raises in place of a kill."""


def build_model():
    keras = import_keras()
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])


def run(*given, model=None, epochs=4, losses=(0.5, 0.6, 0.7, 0.8), **options):
    """Train one dense layer while the validation loss is told to rise."""
    keras, told = import_keras(), iter(losses)
    return train(
        model or build_model(),
        Source(),
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, reduction="none"),
        epochs=epochs,
        seed=0,
        evaluate=lambda model: {"val_loss": next(told)},
        callbacks=given,
        **options,
    )


def test_hooks_are_called_in_order_with_what_keras_gives():
    keras, heard = import_keras(), []

    class Listener(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            heard.append(("train", self.params["epochs"], self.params["steps"], self.model is model))

        def on_epoch_begin(self, epoch, logs=None):
            heard.append(("epoch", epoch))

        def on_train_batch_end(self, batch, logs=None):
            heard.append(("batch", batch, sorted(logs)))

        def on_epoch_end(self, epoch, logs=None):
            heard.append(("end", epoch, sorted(logs)))

        def on_train_end(self, logs=None):
            heard.append(("done", sorted(logs)))

    model = build_model()
    run(Listener(), model=model, epochs=1)

    logs = ["accuracy", "learning_rate", "loss", "val_loss"]
    batches = [("batch", i, ["accuracy", "loss"]) for i in range(2)]
    assert heard == [("train", 1, 2, True), ("epoch", 0), *batches, ("end", 0, logs), ("done", logs)]


def test_stop_training_is_obeyed():
    trained = run(import_keras().callbacks.EarlyStopping(monitor="val_loss", patience=1))

    assert (len(trained.history), trained.stopped) == (2, "callback")


def test_stop_training_within_an_epoch_is_obeyed():
    stop = import_keras().callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", True)
    )
    model = build_model()

    assert run(stop, model=model).stopped == "callback"
    assert int(model.optimizer.iterations) == 1


def test_reduce_on_plateau_lowers_the_rate():
    trained = run(import_keras().callbacks.ReduceLROnPlateau(factor=0.1, patience=1, min_delta=0.0))

    rates = [line["learning_rate"] for line in trained.history]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_a_scheduler_sets_the_rate():
    trained = run(import_keras().callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2))

    assert [line["learning_rate"] for line in trained.history] == pytest.approx([0.05, 0.025, 0.0125, 0.00625])


def test_model_checkpoint_saves_the_best(tmp_path):
    model = build_model()
    path = tmp_path / "best.weights.h5"
    run(import_keras().callbacks.ModelCheckpoint(path, save_best_only=True, save_weights_only=True), model=model)
    last = model.get_weights()
    model.load_weights(path)
    first = build_model()
    run(model=first, epochs=1)

    assert not np.array_equal(model.get_weights()[0], last[0])
    assert np.array_equal(model.get_weights()[0], first.get_weights()[0])


def test_keras_early_stopping_has_the_last_word_on_the_weights():
    model, first = build_model(), build_model()
    run(import_keras().callbacks.EarlyStopping(patience=2, restore_best_weights=True), model=model)
    run(model=first, epochs=1)

    assert np.array_equal(model.get_weights()[0], first.get_weights()[0])


@pytest.mark.parametrize("epoch", [1, 2])
def test_callbacks_go_on_where_they_were(epoch, tmp_path):
    keras, losses = import_keras(), (0.5, 0.6, 0.55, 0.7)

    def given():
        return [
            keras.callbacks.ReduceLROnPlateau(factor=0.1, patience=2, min_delta=0.0),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            keras.callbacks.EarlyStopping(patience=3),
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
            killer,
        ]

    def kill(batch, logs):
        if killer.model.optimizer.iterations == 2 * epoch + 1:
            killer.on_train_batch_end = lambda batch, logs: None
            raise Killed

    killer = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    whole = run(*given(), losses=losses)
    kept = Checkpoints(tmp_path / "kept", "f", every=0.0, share=1e9)
    killer.on_train_batch_begin = kill
    killed = given()
    with pytest.raises(Killed):
        run(*killed, losses=losses, checkpoints=kept)
    killed[3].csv_file.close()
    killer.on_train_batch_begin = lambda batch, logs: None
    resumed = run(*given(), losses=losses[epoch:], checkpoints=kept)

    assert [line["learning_rate"] for line in resumed.history] == [line["learning_rate"] for line in whole.history]
    assert resumed.stopped == whole.stopped == "callback"
    with (tmp_path / "log.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2", "3"]


def test_a_memory_is_what_is_plain():
    keras = import_keras()

    class Own(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen, self.best, self.weights, self.call = [1], float("inf"), np.ones(2), print

    [[name, remembered]] = states([Own()])

    assert name == "Own"
    assert {"best", "seen", "weights"} <= set(remembered)
    assert not {"call", "model", "params"} & set(remembered)


def test_other_callbacks_are_refused():
    keras = import_keras()

    with pytest.raises(RunError, match=r"written with the callbacks History. Received: EarlyStopping. Give the same"):
        restore([keras.callbacks.EarlyStopping()], states([keras.callbacks.History()]))


def test_no_callback_is_called_from_another_thread():
    assert callback_list([], build_model(), epochs=1, steps=1)._async_train is False


def test_the_history_has_a_line_an_epoch(tmp_path):
    run(epochs=2, history_file=tmp_path / "history.jsonl", what="head")

    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["epoch"], line["val_loss"]) for line in lines] == [("head", 1, 0.5), ("head", 2, 0.6)]
    assert list(lines[0]) == ["stage", "epoch", "loss", "accuracy", "learning_rate", "val_loss", "seconds"]


def test_lines_of_other_stages_stay(tmp_path):
    path = tmp_path / "history.jsonl"
    HistoryFile(path, "head").write([{"epoch": 1, "loss": 0.5}])
    HistoryFile(path, "all").write([{"epoch": 1, "loss": 0.4}])
    HistoryFile(path, "all").write([{"epoch": 1, "loss": 0.3}, {"epoch": 2, "loss": float("nan")}])

    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"stage": "head", "epoch": 1, "loss": 0.5},
        {"stage": "all", "epoch": 1, "loss": 0.3},
        {"stage": "all", "epoch": 2, "loss": None},
    ]


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(callbacks.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(RecipeError, match=r"not installed. Install it with: pip install tensorboard"):
        tensorboard(tmp_path)


def test_tensorboard_writes_events(tmp_path):
    pytest.importorskip("tensorboard")
    run(tensorboard(tmp_path), epochs=1)

    assert list((tmp_path / "train").glob("events*"))
