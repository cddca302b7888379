"""Nothing is lost: a training that was killed, stopped, starved or poisoned goes on to the same bits, or says why."""

# ruff: noqa: ARG001, ARG005 - hooks have the arguments that Keras gives them

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from boda.errors import BodaError, Interrupted, RunError
from boda.models.keras_import import import_keras
from boda.training.checkpoint import Checkpoints
from boda.training.loop import train
from boda.training.signals import Stop

STEPS, EPOCHS = 3, 4


class Killed(BaseException):
    """What a test raises in place of a kill."""


class Source:
    """Three batches an epoch, the last one smaller; each drawn anew from (epoch, batch), as augmented pictures are."""

    steps = STEPS

    def __init__(self, spoil=None, each=lambda epoch, batch: None):
        self.spoil, self.each = spoil, each

    def batches(self, epoch, start=0):
        for batch in range(start, STEPS):
            self.each(epoch, batch)
            rng = np.random.default_rng([1, epoch, batch])
            x = rng.normal(size=(8 if batch < STEPS - 1 else 5, 6, 6, 2)).astype(np.float32)
            y = np.eye(2, dtype=np.float32)[(x.mean((1, 2, 3)) > 0).astype(int)]
            if (epoch, batch) == self.spoil:
                x[3, 0, 0, 0] = np.nan
            yield x, y, np.ones(len(x), np.float32)

    def names(self, epoch, batch):
        return [f"{epoch}-{batch}-{i}.jpg" for i in range(8)]


def build_model():
    """A convolution, a BatchNormalization that learns, and Dropout, the same at each call."""
    keras = import_keras()
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6, 6, 2))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(inputs, keras.layers.Dense(2)(x))


def evaluate(model):
    x, y, _ = next(Source().batches(99))
    logits = np.asarray(model(x))
    losses = np.log(np.exp(logits).sum(axis=1)) - (logits * y).sum(axis=1)
    return {"val_loss": float(losses.mean()), "val_accuracy": float((logits.argmax(1) == y.argmax(1)).mean())}


def always(folder, fingerprint="flowers"):
    """Checkpoints at each epoch's end and after each batch."""
    return Checkpoints(folder, fingerprint, every=0.0, share=1e9)


def at_epochs(folder):
    """Checkpoints at each epoch's end alone."""
    return Checkpoints(folder, "flowers", every=1e9, share=1e9)


def run(checkpoints=None, model=None, source=None, optimizer=None, **options):
    """A training with all that has a state: a schedule, Dropout, EMA, early stopping, callbacks."""
    keras = import_keras()
    model = model or build_model()
    schedule = keras.optimizers.schedules.CosineDecay(0.1, STEPS * EPOCHS)
    trained = train(
        model,
        source or Source(),
        optimizer=optimizer or keras.optimizers.SGD(schedule, momentum=0.9),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, reduction="none"),
        epochs=EPOCHS,
        seed=0,
        checkpoints=checkpoints,
        **{"evaluate": evaluate, "patience": 3, "ema": 0.9, **options},
    )
    return digest(model), trained


def digest(model):
    return hashlib.sha256(b"".join(np.asarray(v).tobytes() for v in model.variables)).hexdigest()


def hook(**calls):
    return import_keras().callbacks.LambdaCallback(**calls)


def killer(step, after):
    """A callback that raises at the batch `step` of the training, before or after it is learned."""
    seen = [-1]

    def kill(batch, logs):
        seen[0] += 1
        if seen[0] == step:
            raise Killed

    return hook(**{"on_train_batch_end" if after else "on_train_batch_begin": kill})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A training that ran through, its folder of checkpoints copied in the middle of each step."""
    folder, copies = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("copies")
    (folder / "now").mkdir()
    seen = iter(range(STEPS * EPOCHS))
    copy = hook(on_train_batch_end=lambda batch, logs: shutil.copytree(folder / "now", copies / str(next(seen))))
    found, trained = run(always(folder / "now"), callbacks=[copy])
    return copies, (found, without_times(trained.history))


@pytest.fixture(scope="module")
def whole(recorded):
    """The SHA-256 of that training's variables, and its history but for the times."""
    return recorded[1]


def without_times(history):
    return [{name: value for name, value in line.items() if name != "seconds"} for line in history]


def test_two_runs_are_the_same_bits(whole):
    assert run(callbacks=[hook()])[0] == whole[0]


@pytest.mark.parametrize(
    "step",
    [step if step in {0, 2, 3, 7} else pytest.param(step, marks=pytest.mark.slow) for step in range(STEPS * EPOCHS)],
)
def test_killed_at_any_step_it_goes_on_to_the_same_bits(step, recorded, tmp_path):
    copies, whole = recorded
    kept = always(shutil.copytree(copies / str(step), tmp_path / "kept"))

    assert len(checkpoints_of(kept.folder)) == min(step, 2)
    found, trained = run(kept, callbacks=[hook()])

    assert (found, without_times(trained.history)) == whole


@pytest.mark.slow
def test_killed_twice_it_ends_at_the_same_bits(whole, tmp_path):
    for _ in range(2):
        with pytest.raises(Killed):
            run(always(tmp_path), callbacks=[killer(3, after=False)])

    assert run(always(tmp_path), callbacks=[hook()])[0] == whole[0]


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_epoch_end"])
def test_killed_between_epochs_it_goes_on_to_the_same_bits(moment, whole, tmp_path):
    def kill(epoch, logs):
        if epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        run(at_epochs(tmp_path), callbacks=[hook(**{moment: kill})])

    assert run(at_epochs(tmp_path), callbacks=[hook()])[0] == whole[0]


def test_killed_while_measuring_it_goes_on_to_the_same_bits(whole, tmp_path):
    def measure(model):
        if checkpoints_of(tmp_path):
            raise Killed
        return evaluate(model)

    with pytest.raises(Killed):
        run(at_epochs(tmp_path), evaluate=measure)

    assert run(at_epochs(tmp_path))[0] == whole[0]


def test_a_finished_training_is_not_trained_again(whole, tmp_path):
    run(at_epochs(tmp_path))

    def refuse(epoch, batch):
        raise AssertionError((epoch, batch))

    found, trained = run(at_epochs(tmp_path), source=Source(each=refuse))

    assert (found, without_times(trained.history)) == whole


def checkpoints_of(folder):
    return sorted(path.name for path in folder.glob("*.json"))


# ---- signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("default_signals")
def test_a_signal_in_training_writes_a_checkpoint_that_goes_on(number, code, whole, tmp_path):
    def send(epoch, batch):
        if (epoch, batch) == (1, 1):
            os.kill(os.getpid(), number)

    with pytest.raises(
        Interrupted, match=r"in epoch 2, after 1 of 3 batches. Training can go on from there"
    ) as stopped:
        run(at_epochs(tmp_path), source=Source(each=send))

    assert stopped.value.exit_code == code
    assert run(at_epochs(tmp_path))[0] == whole[0]


@pytest.mark.usefixtures("default_signals")
def test_a_signal_while_measuring_writes_a_checkpoint_of_the_trained_epoch(whole, tmp_path):
    stop = Stop()

    def measure(model):
        os.kill(os.getpid(), signal.SIGTERM)
        stop.check()

    with pytest.raises(Interrupted, match="in epoch 1, after 3 of 3 batches") as stopped:
        run(at_epochs(tmp_path), evaluate=measure, stop=stop)

    def refuse(epoch, batch):
        assert epoch > 0

    assert stopped.value.exit_code == 143
    assert run(at_epochs(tmp_path), source=Source(each=refuse))[0] == whole[0]


@pytest.mark.usefixtures("default_signals")
def test_without_checkpoints_a_signal_says_that_nothing_is_kept():
    with pytest.raises(Interrupted, match="No checkpoint was asked for"):
        run(source=Source(each=lambda epoch, batch: os.kill(os.getpid(), signal.SIGTERM)))


@pytest.fixture
def default_signals():
    """A shell's background jobs begin with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# ---- values that are no numbers


def test_a_batch_with_nan_is_named_and_the_checkpoint_before_it_stays(tmp_path):
    with pytest.raises(BodaError, match=r"loss became nan in epoch 2, batch 2 of 3: the input of 1-1-3.jpg has values"):
        run(always(tmp_path), source=Source(spoil=(1, 1)), callbacks=[hook()])

    assert always(tmp_path).load().epoch == 1
    assert all(np.isfinite(array).all() for array in always(tmp_path).load().arrays.values())


def test_after_nan_the_model_has_the_best_epochs_weights(tmp_path):
    first, poisoned = build_model(), build_model()
    with pytest.raises(Killed):
        run(at_epochs(tmp_path), model=first, callbacks=[killer(STEPS, after=False)])
    with pytest.raises(BodaError, match="loss became nan"):
        run(model=poisoned, source=Source(spoil=(1, 1)))

    best = at_epochs(tmp_path).load().state()["place"]["best"]["weights"]
    assert all(np.array_equal(a, b) for a, b in zip(best, poisoned.get_weights(), strict=True))


def test_a_learning_rate_of_a_million_is_named_as_the_cause():
    keras = import_keras()
    model = keras.Sequential([keras.Input((6, 6, 2)), keras.layers.Flatten(), *map(keras.layers.Dense, (8, 8, 2))])

    with pytest.raises(BodaError, match=r"own values are finite. The learning rate, 1e.06, is the likely cause"):
        run(model=model, optimizer=keras.optimizers.SGD(1e6))


def test_weights_that_are_no_numbers_are_found_at_the_epochs_end():
    def spoil(epoch, batch):
        if (epoch, batch) == (1, 2):
            model.layers[-1].bias.assign([np.inf, 0.0])

    model = build_model()
    callback = hook(on_train_batch_end=lambda batch, logs: spoil(1, batch))

    with pytest.raises(BodaError, match=r"weights dense\w*/bias are no longer finite in epoch 1, after 3 batches"):
        run(model=model, callbacks=[callback])
    assert all(np.isfinite(value).all() for value in model.get_weights())


def test_a_validation_loss_that_is_no_number_stops_the_training():
    with pytest.raises(BodaError, match="val_loss became nan in epoch 1"):
        run(evaluate=lambda model: {"val_loss": np.nan})


# ---- memory


def small_memory(limit):
    """A loss that needs more memory than there is where more than `limit` samples come at once."""
    import tensorflow as tf

    real = import_keras().losses.CategoricalCrossentropy(from_logits=True, reduction="none")

    def allocate(y):
        if len(y) > limit:
            raise MemoryError
        return y

    def loss(y, logits):
        checked = tf.numpy_function(allocate, [y], tf.float32)
        checked.set_shape(y.shape)
        return real(checked, logits)

    return loss


def train_plainly(loss, model):
    """Without Dropout and BatchNormalization, pieces of a batch are the batch."""
    keras = import_keras()
    options = {"optimizer": keras.optimizers.SGD(0.1), "loss": loss, "epochs": 2, "seed": 0}
    return train(model, Source(), **options)


def linear_model():
    keras = import_keras()
    keras.utils.set_random_seed(5)
    penalty = keras.regularizers.L2(0.1)
    return keras.Sequential(
        [keras.Input((6, 6, 2)), keras.layers.Flatten(), keras.layers.Dense(2, kernel_regularizer=penalty)]
    )


def test_where_memory_lacks_smaller_pieces_learn_the_same(capsys):
    keras = import_keras()
    roomy, tight = linear_model(), linear_model()
    full = train_plainly(keras.losses.CategoricalCrossentropy(from_logits=True, reduction="none"), roomy)
    pieces = train_plainly(small_memory(3), tight)

    for a, b in zip(roomy.get_weights(), tight.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert pieces.history[-1]["loss"] == pytest.approx(full.history[-1]["loss"], abs=1e-6)
    assert "epoch 1 begins again with 2 samples at a time" in " ".join(capsys.readouterr().err.split())


def test_where_memory_does_not_suffice_for_one_sample_it_says_what_to_do():
    with pytest.raises(BodaError, match=r"one picture at a time. Take a smaller backbone"):
        train_plainly(small_memory(0), linear_model())


# ---- files


def test_a_checkpoint_of_other_data_is_refused(recorded, tmp_path):
    shutil.copytree(recorded[0] / "5", tmp_path / "kept")

    with pytest.raises(RunError, match="other data or another recipe: expected the fingerprint ants, came flowers"):
        run(always(tmp_path / "kept", "ants"), callbacks=[hook()])


def test_a_torn_checkpoint_falls_back_to_the_one_before(recorded, tmp_path, capsys):
    copies, whole = recorded
    kept = always(shutil.copytree(copies / "7", tmp_path / "kept"))
    newest = max(kept.folder.glob("*.npz"))
    newest.write_bytes(newest.read_bytes()[:-100])

    assert run(kept, callbacks=[hook()])[0] == whole[0]
    said = " ".join(capsys.readouterr().err.split())
    assert f"{newest.stem}.json is damaged (its SHA-256 differs)" in said
    assert "Going on in epoch 3, after 0 of 3 batches" in said


def test_a_disk_that_is_full_at_the_first_checkpoint_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("boda.atomic.write_bytes", full_disk)

    with pytest.raises(RunError, match=r"No checkpoint can be written to .*No space left.*Make room"):
        run(at_epochs(tmp_path))


def test_a_disk_that_fills_up_leaves_the_old_checkpoint_and_training_goes_on(whole, tmp_path, monkeypatch, capsys):
    def fill(epoch, batch):
        if (epoch, batch) == (1, 0):
            monkeypatch.setattr("boda.atomic.write_bytes", full_disk)

    assert run(at_epochs(tmp_path), source=Source(each=fill))[0] == whole[0]
    assert checkpoints_of(tmp_path) == ["000001.json"]
    assert "the one before it stands" in " ".join(capsys.readouterr().err.split())


def full_disk(path, data):
    raise OSError(28, "No space left on device")


# ---- real processes

CHILD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with Ctrl-C ignored
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_nothing_lost as here
from boda.progress import Settings
Settings.quiet = True

def kill(step):
    seen = [-1]
    def count(batch, logs):
        seen[0] += 1
        if seen[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)
    return here.hook(on_train_batch_end=count)

print(here.run(here.always(Path(sys.argv[2])), callbacks=[kill(eval(sys.argv[3]))])[0])
"""


def child(folder, step):
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(folder), str(step)],
        capture_output=True,
        check=False,
        timeout=120,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 4, 9])
def test_sigkill_of_a_real_process_loses_no_bit(step, whole, tmp_path):
    killed = child(tmp_path, step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert always(tmp_path).load().epoch == step // STEPS

    assert run(always(tmp_path), callbacks=[hook()])[0] == whole[0]


@pytest.mark.slow
def test_another_process_computes_the_same_bits(whole, tmp_path):
    assert child(tmp_path, None).stdout.strip() == whole[0]
