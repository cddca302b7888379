"""The loop learns what Keras's own would, judges epochs on what it is given, and refuses what it cannot do."""

# ruff: noqa: ARG001, ARG002, ARG005 - hooks have the arguments that Keras gives them

import os
import signal
import threading

import numpy as np
import pytest

from boda.errors import Interrupted, RecipeError
from boda.models.keras_import import import_keras
from boda.training.best import Best
from boda.training.loop import train
from boda.training.signals import Stop


class Source:
    """Fixed batches of three features, the last one smaller."""

    steps = 2

    def __init__(self, weights=1.0):
        rng = np.random.default_rng(0)
        self.x = rng.normal(size=(7, 3)).astype(np.float32)
        self.y = np.eye(2, dtype=np.float32)[(self.x.sum(axis=1) > 0).astype(int)]
        self.w = np.full(7, weights, np.float32) * np.linspace(0.5, 1.5, 7, dtype=np.float32)

    def batches(self, epoch, start=0):
        for part in [slice(0, 4), slice(4, 7)][start:]:
            yield self.x[part], self.y[part], self.w[part]


def build_model(*layers):
    keras = import_keras()
    keras.utils.set_random_seed(1)
    penalty = keras.regularizers.L2(0.01)
    return keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2, kernel_regularizer=penalty)])


def loss(reduction="none"):
    return import_keras().losses.CategoricalCrossentropy(from_logits=True, reduction=reduction)


def run(model, source=None, *, epochs=3, rate=0.1, **options):
    optimizer = import_keras().optimizers.SGD(rate, momentum=0.9)
    return train(model, source or Source(), optimizer=optimizer, loss=loss(), epochs=epochs, seed=0, **options)


def test_it_learns_what_keras_learns():
    keras, ours, theirs, source = import_keras(), build_model(), build_model(), Source()
    trained = run(ours)
    theirs.compile(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        loss=loss("sum_over_batch_size"),
        metrics=["accuracy"],
    )
    told = theirs.fit(
        source.x, source.y, sample_weight=source.w, batch_size=4, epochs=3, shuffle=False, verbose=0
    ).history

    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert [line["loss"] for line in trained.history] == pytest.approx(told["loss"], abs=1e-5)
    assert [line["accuracy"] for line in trained.history] == pytest.approx(told["accuracy"])


def test_the_smaller_last_batch_is_not_traced_again():
    traced = []

    def counted(y, logits):
        traced.append(y.shape)
        return loss()(y, logits)

    train(build_model(), Source(), optimizer=import_keras().optimizers.SGD(), loss=counted, epochs=2, seed=0)

    assert len(traced) == 1


def test_a_frozen_batch_normalization_keeps_its_statistics():
    keras = import_keras()
    frozen, learning = keras.layers.BatchNormalization(trainable=False), keras.layers.BatchNormalization()
    run(build_model(frozen, learning))

    assert np.asarray(frozen.moving_mean).tolist() == [0, 0, 0]
    assert np.abs(np.asarray(learning.moving_mean)).min() > 0


def told(values, name="val_loss"):
    left = iter(values)
    return lambda model: {name: next(left)}


def test_early_stopping_restores_the_best_epochs_weights():
    model, twice = build_model(), build_model()
    trained = run(model, epochs=9, evaluate=told([0.5, 0.4, 0.6, 0.5]), patience=2)
    run(twice, epochs=2)

    assert (trained.best_epoch, trained.stopped, len(trained.history)) == (2, "early stopping", 4)
    assert np.array_equal(model.get_weights()[0], twice.get_weights()[0])


def test_an_accuracy_is_better_when_higher():
    found = run(build_model(), evaluate=told([0.5, 0.9, 0.6], "val_accuracy"), patience=5, monitor="val_accuracy")

    assert (found.best_epoch, found.stopped) == (2, None)


def test_without_patience_the_last_epoch_counts():
    assert run(build_model(), evaluate=told([0.1, 0.9, 0.9])).best_epoch == 3


def test_an_epoch_that_is_only_equal_is_not_better():
    assert Best().after(1, 0.5, "val_loss", list).after(2, 0.5, "val_loss", list).epoch == 1


def test_averages_follow_the_weights_and_are_what_is_measured():
    model, plain, seen, raw = build_model(), build_model(), [], []
    start = model.get_weights()[0]
    hook = import_keras().callbacks.LambdaCallback(
        on_train_batch_end=lambda b, logs: raw.append(plain.get_weights()[0])
    )
    run(plain, epochs=1, callbacks=[hook])
    run(model, epochs=1, ema=0.15, evaluate=lambda m: seen.append(m.get_weights()[0]) or {"val_loss": 1.0})

    average = start + 0.9 * (raw[0] - start)  # momentum (1 + 0) / (10 + 0) in the first step
    average = average + 0.85 * (raw[1] - average)
    np.testing.assert_allclose(seen[0], average, atol=1e-6)
    assert np.array_equal(model.get_weights()[0], seen[0])


def test_the_seed_decides_what_dropout_drops():
    keras = import_keras()

    def weights(seed, before):
        model = build_model(keras.layers.Dropout(0.5))
        np.random.seed(before)  # noqa: NPY002 - the global state is what must not count
        train(model, Source(), optimizer=keras.optimizers.SGD(0.1), loss=loss(), epochs=1, seed=seed)
        return model.get_weights()[0].tolist()

    assert weights(0, 1) == weights(0, 2)
    assert weights(0, 1) != weights(1, 1)


def test_the_callers_random_state_stays():
    model = build_model()
    np.random.seed(4)  # noqa: NPY002 - the caller's own
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002 - the caller's own
    run(model, epochs=1)

    assert np.random.rand() == expected  # noqa: NPY002


def test_deterministic_operations_are_off_again():
    from tensorflow.python.framework import config

    on = []
    run(build_model(), epochs=1, evaluate=lambda model: on.append(config.is_op_determinism_enabled()) or {})

    assert on == [True]
    assert not config.is_op_determinism_enabled()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be 1 or more. Received: epochs=0"),
        ({"ema": 1.0}, "ema must be 0 to below 1. Received: ema=1.0"),
        ({"patience": 0, "evaluate": dict}, "patience must be 1 or more, or None. Received: patience=0"),
        ({"patience": 1}, "Early stopping by val_loss needs `evaluate`"),
        ({"patience": 1, "evaluate": told([1.0], "val_f1")}, "monitor must be one of loss, .*val_f1. Received"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        run(build_model(), **options)


def test_a_model_with_nothing_to_learn_is_refused():
    model = build_model()
    model.trainable = False

    with pytest.raises(RecipeError, match=r"Nothing in the model is trainable. Thaw"):
        run(model)


def test_a_source_without_batches_is_refused():
    source = Source()
    source.steps = 0

    with pytest.raises(RecipeError, match=r"must have 1 batch or more an epoch. Received: steps=0"):
        run(build_model(), source)


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(import_keras().backend, "backend", lambda: "jax")

    with pytest.raises(RecipeError, match=r"Received: KERAS_BACKEND=jax. Unset it"):
        run(build_model())


def test_a_source_is_closed_when_training_stops():
    closed = []

    class Closing(Source):
        def batches(self, epoch, start=0):
            try:
                yield from super().batches(epoch, start)
            finally:
                closed.append(epoch)

    stop = import_keras().callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(build_model(), Closing(), callbacks=[stop])
    assert closed == [0]


# ---- the flag that signals set


@pytest.fixture
def noted():
    """Handlers of SIGINT and SIGTERM that only note, restored afterwards."""
    calls = []
    before = {n: signal.signal(n, lambda number, frame: calls.append(number)) for n in (signal.SIGINT, signal.SIGTERM)}
    yield calls
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "code", "word"), [(2, 130, "stopped by Ctrl-C"), (15, 143, "terminated")])
def test_a_signal_only_sets_a_flag_until_it_is_asked_for(number, code, word, noted):
    with Stop() as stop:
        stop.check()
        send(number)
        with pytest.raises(Interrupted, match=word) as error:
            stop.check()

    assert (error.value.exit_code, noted) == (code, [])


@pytest.mark.usefixtures("noted")
def test_a_second_ctrl_c_stops_at_once():
    def twice():
        send(signal.SIGINT)
        send(signal.SIGINT)

    with Stop(), pytest.raises(KeyboardInterrupt, match=r"^$"):
        twice()


def test_the_handlers_from_before_are_back(noted):
    with Stop() as stop, stop:
        pass
    send(signal.SIGTERM)

    assert noted == [signal.SIGTERM]


def test_a_signal_that_is_ignored_stays_so(noted):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Stop() as stop:
        send(signal.SIGINT)

    assert stop.number is None


def test_in_another_thread_no_handler_is_touched(noted):
    def enter():
        with Stop():
            send(signal.SIGTERM)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()

    assert noted == [signal.SIGTERM]


def test_somebody_elses_interruption_passes_unchanged():
    def evaluate(model):
        raise Interrupted("by somebody", exit_code=7)

    with pytest.raises(Interrupted, match=r"^by somebody$"):
        run(build_model(), evaluate=evaluate)
