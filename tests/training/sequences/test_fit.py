"""Networks of sequences learn, through pieces as through whole sequences, and go on to the same bits after a stop."""

# ruff: noqa: ARG001 - hooks have the arguments that Keras gives them

import hashlib

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.encoder import Encoder
from boda.errors import DataError, RecipeError
from boda.models.keras_import import import_keras
from boda.models.sequence_networks import Carry, answering, build, weights_of
from boda.models.sequence_plan import Plan
from boda.models.step import Recurrent
from boda.recipe.sequence import SequenceRecipe
from boda.training.checkpoint import Checkpoints
from boda.training.sequences.batches import Batches, padded
from boda.training.sequences.examples import Examples, examples_of, lessons
from boda.training.sequences.fit import fit, parts_of, plan_for, source_of
from boda.training.sequences.measure import Judge
from boda.training.sequences.objectives import Objective
from boda.training.sequences.pieces import Queues
from boda.training.signals import Stop
from boda.training.step import Step


class Killed(BaseException):
    """What a test raises in place of a kill."""


def slow(value):
    return pytest.param(value, marks=pytest.mark.slow)


def dataset(task, inputs, targets=None, unit="characters", classes=()):
    n = len(inputs)
    targets = (None,) * n if targets is None else tuple(targets)
    names = tuple(f"s{i}" for i in range(n))
    return SequenceDataset(task, unit, tuple(inputs), targets, names, (None,) * n, (None,) * n, classes)


def bits(n, longest=9, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ab"), rng.integers(1, longest))) for _ in range(n)]


def prepared(some, **options):
    recipe = SequenceRecipe(**{"units": 8, "embedding": 4, "epochs": 2, "batch_size": 16, **options})
    encoder = Encoder.of(some, range(len(some.inputs)), recipe)
    return recipe, encoder, *lessons(some, range(len(some.inputs)), [], encoder, recipe)


WORDS = bits(60)
CLASSIFY = dataset("classify", WORDS, [str(word.count("a") % 2) for word in WORDS], classes=("0", "1"))
LONG = dataset("language", ["".join(bits(120, seed=1))])
LINES = dataset("language", WORDS)
ROLLS = dataset(
    "music",
    [(np.random.default_rng(n).random((n, 3)) < 0.3).astype(np.uint8) for n in range(4, 30)],
    unit="numbers",
)


# ---- the gradient


def slopes(recipe, encoder, batches, carry=None):
    """The loss and the gradients that a step of SGD at rate 1 shows, for a network with weights from seed 0."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    plan = plan_for(recipe, encoder)
    model, objective = build(plan, recipe, carry), Objective(encoder.task)
    parted = parts_of(encoder.task, carried=carry is not None)
    optimizer = keras.optimizers.SGD(1.0)
    model.compile(optimizer=optimizer)
    optimizer.build(model.trainable_variables)
    before = weights_of(model, plan)
    step = Step(model, optimizer, objective.loss, objective.metric, [], parted, varying=carry is None)
    loss = [step(*batch, momentum=0.0)[0] for batch in batches][-1]
    after = weights_of(model, plan)
    return loss, {name: before[name] - after[name] for name in before}


def assert_same(a, b):
    assert a[0] == pytest.approx(b[0], rel=1e-5)
    for name, slope in a[1].items():
        np.testing.assert_allclose(slope, b[1][name], atol=1e-5, err_msg=name)


def test_cut_gradients_are_the_whole_ones_where_a_piece_is_as_long_as_the_sequence():
    recipe, encoder, train, _ = prepared(ROLLS)
    song = train.take([20])
    steps = len(song.x[0])

    carried = slopes(recipe, encoder, Queues(song, 1, steps, steps, 0).batches(0), Carry(1, steps, steps))

    assert_same(carried, slopes(recipe, encoder, Batches(song, 1, 0).batches(0)))


def test_cut_gradients_are_others_where_it_is_shorter():
    recipe, encoder, train, _ = prepared(LONG, bptt=40, batch_size=1)
    parts = {}
    for every in (40, 20):
        source = source_of(recipe.replace(bptt_every=every), train, 0, long=True)
        parts[every] = slopes(recipe, encoder, list(source.batches(0))[:2], Carry(1, 40, every))[1]

    assert not np.allclose(parts[40]["layer0/forward/kernel"], parts[20]["layer0/forward/kernel"], atol=1e-4)


@pytest.mark.parametrize("task", ["classify", slow("language"), slow("pairs")])
def test_padding_changes_neither_the_loss_nor_the_gradient_of_a_batch(task):
    pairs = dataset("pairs", WORDS, [word[::-1] for word in WORDS])
    recipe, encoder, train, _ = prepared({"classify": CLASSIFY, "language": LINES, "pairs": pairs}[task])
    some = train.take(range(6))
    together = slopes(recipe, encoder, [next(Batches(some, 6, 0).batches(0))])

    steps = np.ones(6) if task == "classify" else np.array([len(y) for y in some.y])
    alone = [slopes(recipe, encoder, [next(Batches(some.take([i]), 1, 0).batches(0))]) for i in range(6)]
    shares = steps / steps.sum()
    loss = sum(share * each[0] for share, each in zip(shares, alone, strict=True))
    mean = {name: sum(s * each[1][name] for s, each in zip(shares, alone, strict=True)) for name in together[1]}

    assert_same(together, (loss, mean))


def test_a_network_that_varies_in_length_is_traced_once():
    recipe, encoder, train, _ = prepared(LINES)
    traced = []

    class Counted(Objective):
        def loss(self, y, logits):
            traced.append(y.shape)
            return super().loss(y, logits)

    plan = plan_for(recipe, encoder)
    model, optimizer = build(plan, recipe), import_keras().optimizers.SGD()
    optimizer.build(model.trainable_variables)
    objective = Counted("language")
    step = Step(model, optimizer, objective.loss, objective.metric, [], varying=True)
    shapes = {x.shape for x, y, w in Batches(train, 8, 0).batches(0) if step(x, y, w, momentum=0.0)}

    assert len(shapes) > 1
    assert len(traced) == 1


# ---- what is measured


def test_the_memory_is_carried_over_the_whole_inner_text():
    recipe, encoder, train, inner = prepared(LONG, bptt=8)
    fitted = fit(recipe.replace(epochs=1), encoder, train, inner, seed=0)
    network = Recurrent(Plan.from_json(fitted.plan), fitted.weights)
    z = network.run(inner.x[0][None]).outputs[0].astype(np.float64)
    nll = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), inner.y[0]]

    assert fitted.history[0]["val_loss"] == pytest.approx(nll.mean(), rel=1e-4)


def test_the_inner_loss_is_the_mean_a_step_of_sequences_of_all_lengths():
    recipe, encoder, train, inner = prepared(LINES)
    fitted = fit(recipe.replace(epochs=1), encoder, train, inner, seed=0)
    network = Recurrent(Plan.from_json(fitted.plan), fitted.weights)
    total = []
    for z, y in zip(network.answers(inner.x), inner.y, strict=True):
        total += (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), y]).tolist()

    assert fitted.history[0]["val_loss"] == pytest.approx(np.mean(total), rel=1e-4)


def test_music_in_pieces_is_measured_as_music_whole():
    recipe, encoder, train, inner = prepared(ROLLS, bptt=5)
    plan = plan_for(recipe, encoder)
    model = build(plan, recipe, Carry(4, 5, 5))
    whole = build(plan, recipe)
    whole.set_weights([np.asarray(v) for v in model.weights if v.trainable])
    pieces = Judge(model, answering(model, plan), None, train, Stop()).figures()
    together = Judge(whole, None, lambda x: x, train, Stop()).figures()

    assert pieces == pytest.approx(together, rel=1e-5)
    assert len(inner) == 3


# ---- what is learned


def accuracy(fitted, encoder, some):
    examples = examples_of(some, range(len(some.inputs)), encoder)
    network = Recurrent(Plan.from_json(fitted.plan), fitted.weights)
    right = [z.argmax(axis=-1) == y for z, y in zip(network.answers(examples.x), examples.y, strict=True)]
    return float(np.mean(np.concatenate([np.atleast_1d(each) for each in right])))


@pytest.mark.slow
def test_parity_so_far_is_learned():
    def parities(n, seed):
        words = [tuple(word) for word in bits(n, 12, seed)]
        odd = [tuple(("even", "odd")[word[: i + 1].count("a") % 2] for i in range(len(word))) for word in words]
        return dataset("tag", words, odd, "words", ("even", "odd"))

    recipe, encoder, train, inner = prepared(
        parities(400, 0), units=16, epochs=25, learning_rate=0.02, cell="gru", batch_size=32
    )
    fitted = fit(recipe, encoder, train, inner, seed=0)

    assert accuracy(fitted, encoder, parities(50, 9)) > 0.99


@pytest.mark.slow
def test_an_echo_across_the_cuts_is_learned_with_a_carried_memory():
    noise = np.random.default_rng(0).choice(list("ab"), 6000)
    text = "".join(f"{now}{before.upper()}" for now, before in zip(noise[1:], noise[:-1], strict=True))
    recipe, encoder, train, inner = prepared(
        dataset("language", [text]), bptt=4, units=16, epochs=8, learning_rate=0.02, batch_size=16
    )
    fitted = fit(recipe, encoder, train, inner, seed=0)

    # Half of the steps are noise, ln 2 / 2 = 0.347 in the mean. An echo lies 3 steps back, mostly in the last piece.
    assert fitted.history[-1]["val_loss"] == pytest.approx(np.log(2) / 2, abs=0.02)


def test_a_plan_and_its_weights_are_what_the_network_says():
    recipe, encoder, train, inner = prepared(CLASSIFY, bidirectional=True, dropout=0.3, pooling="mean")
    fitted = fit(recipe, encoder, train, inner, seed=0)
    x, _ = padded(inner, range(len(inner)))
    found = Recurrent(Plan.from_json(fitted.plan), fitted.weights).answers(inner.x)

    np.testing.assert_allclose(found, np.asarray(fitted.model(x)), atol=1e-5)


@pytest.mark.slow
def test_a_forecast_is_learned_as_a_difference_to_the_last_season():
    wave = np.sin(np.arange(300) * 2 * np.pi / 12)[:, None] + 0.02 * np.arange(300)[:, None]
    recipe, encoder, train, inner = prepared(
        dataset("forecast", [wave], unit="numbers"), context=24, horizon=6, season=12, epochs=15, learning_rate=0.01
    )
    fitted = fit(recipe, encoder, train, inner, seed=0)
    some = encoder.windows(wave, "val")
    answers = Recurrent(Plan.from_json(fitted.plan), fitted.weights).answers(list(some.x))
    off, naive = np.abs(some.undo(np.stack(answers)) - some.targets).mean(), np.abs(some.naive - some.targets).mean()

    assert naive == pytest.approx(0.24)
    assert off < 0.05


# ---- nothing is lost


def digest(fitted):
    return hashlib.sha256(b"".join(array.tobytes() for array in fitted.weights.values())).hexdigest()


def hook(step):
    """A callback that raises before the batch `step` of the whole training."""
    seen = [-1]

    def kill(batch, logs):
        seen[0] += 1
        if seen[0] == step:
            raise Killed

    return import_keras().callbacks.LambdaCallback(on_train_batch_begin=kill)


STOPPED = {
    "sequences": (LINES, {"dropout": 0.2, "ema": 0.9, "patience": 2}),
    "pieces": (LONG, {"bptt": 12, "bptt_every": 6, "batch_size": 4, "dropout": 0.2, "recurrent_dropout": 0.2}),
    "queues": (ROLLS, {"bptt": 5, "cell": "gru", "ema": 0.9, "patience": 1}),
}


@pytest.mark.parametrize("kind", [slow("sequences"), "pieces", slow("queues")])
def test_killed_within_an_epoch_it_goes_on_to_the_same_bits(kind, tmp_path):
    some, options = STOPPED[kind]
    given = prepared(some, **options)
    steps = source_of(given[0], given[2], 0, long=given[1].long).steps
    assert steps > 3
    kept = Checkpoints(tmp_path, "sequences", every=0.0, share=1e9)
    through = fit(*given, seed=0, callbacks=[hook(-9)])
    with pytest.raises(Killed):
        fit(*given, seed=0, checkpoints=kept, callbacks=[hook(steps + 2)])

    again = fit(*given, seed=0, checkpoints=kept, callbacks=[hook(-9)])

    assert digest(again) == digest(through)
    assert [line["val_loss"] for line in again.history] == [line["val_loss"] for line in through.history]


@pytest.mark.slow
def test_another_seed_is_another_training():
    given = prepared(LINES, epochs=1)

    assert digest(fit(*given, seed=0)) == digest(fit(*given, seed=0)) != digest(fit(*given, seed=1))


def test_each_epoch_is_told():
    told = []
    recipe, encoder, train, inner = prepared(LINES, epochs=2)
    fitted = fit(recipe, encoder, train, inner, seed=0, on_epoch=lambda *given: told.append(given))

    assert [epoch for epoch, _, _ in told] == [1, 2]
    assert told[0][1] == fitted.plan
    assert np.array_equal(told[1][2]["head/kernel"], fitted.weights["head/kernel"])
    assert not np.array_equal(told[0][2]["head/kernel"], fitted.weights["head/kernel"])


# ---- what cannot be


def test_one_class_is_refused():
    recipe, encoder, train, inner = prepared(CLASSIFY)

    with pytest.raises(DataError, match="have the same class"):
        fit(recipe, encoder, train.take([i for i, y in enumerate(train.y) if y == 0]), inner, seed=0)


def test_a_recipe_for_another_task_is_refused():
    recipe, encoder, train, inner = prepared(LINES)

    with pytest.raises(RecipeError, match="bidirectional would read the very step"):
        fit(recipe.replace(bidirectional=True), encoder, train, inner, seed=0)


def test_an_empty_inner_part_is_refused():
    recipe, encoder, train, _ = prepared(LINES)

    with pytest.raises(RecipeError, match="inner must hold one sequence or more, or be None"):
        fit(recipe, encoder, train, Examples("language", [], [], []), seed=0)
