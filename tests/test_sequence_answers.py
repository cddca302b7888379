"""A Run of sequences in one's hands: answers of each task, the memory step by step, texts that are written on."""

import shutil
from itertools import islice

import numpy as np
import pytest

from boda.data.sequences.encoder import Encoder
from boda.data.sequences.vocabulary import Vocabulary
from boda.errors import DataError, RunError
from boda.metrics.classify import softmax
from boda.models.sequence_plan import Layer
from boda.models.step import Recurrent
from boda.run import Run
from boda.sequence_answers import Forecast, SequenceAnswer, SequenceModel
from recurrent_reference import plan_of, random_weights
from tiny_sequences import WRITERS


@pytest.fixture
def load(sequence_run):
    return lambda kind: SequenceModel.load(sequence_run(kind))


@pytest.fixture
def labels():
    """A made-up classifier of the letters a to d into no and yes, with a temperature of 2 and a threshold of 0.9."""
    vocabulary = Vocabulary.of(["abcd"], "characters")
    encoder = Encoder("classify", "characters", vocabulary=vocabulary, classes=("no", "yes"))
    plan = plan_of(Layer("gru", 6, bidirectional=True), outputs=2)
    network = Recurrent(plan, random_weights(plan))
    calibration = {"temperature": 2.0, "abstain": {"wanted": 0.95, "threshold": 0.9}}
    return SequenceModel(network, encoder, "classify", ("no", "yes"), calibration, {})


@pytest.fixture
def copied(sequence_run, tmp_path):
    return lambda kind: Run(shutil.copytree(sequence_run(kind).path, tmp_path / kind))


def test_labels_have_calibrated_scores_the_highest_first(labels):
    (answer,) = labels.predict(["abba"])
    scores = softmax(labels.network.answers(labels.encoder.encode(["abba"]))[0] / 2.0)

    assert [*answer.scores.values()] == sorted(answer.scores.values(), reverse=True)
    assert answer.scores == pytest.approx({"no": scores[0], "yes": scores[1]}, abs=1e-6)
    assert answer.scores[answer.label] == answer.confidence


def test_answers_do_not_depend_on_what_is_asked_beside_them(labels):
    texts = ["a", "abcdabcdabcd", "bb", "cad"]
    together = [answer.scores for answer in labels.predict(texts, batch=3)]
    alone = [next(labels.predict([text])).scores for text in texts]

    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_what_cannot_be_read_gets_its_reason_in_its_place(labels):
    answers = [*labels.predict(["ab", "", 7, "ba"])]

    assert [answer.error for answer in answers] == [None, "there is no text in it", "expected a text, came int", None]
    assert answers[1].to_json() == {"text": "", "error": "there is no text in it"}


def test_labels_below_the_wanted_confidence_are_abstained_from(labels):
    (sure,), (unsure,) = labels.predict(["ab"]), labels.predict(["ab"], min_confidence=1.0)

    assert (sure.abstained, unsure.abstained) == (False, True)
    assert unsure.to_json()["abstained"] is True
    assert labels.abstain_below() == 0.9


def test_without_a_threshold_that_is_said(load):
    with pytest.raises(RunError, match="This model has no abstain threshold"):
        load("tag").abstain_below()


def test_answers_come_as_they_are_asked_for(labels):
    asked = []

    def texts():
        for text in "abcd" * 10:
            asked.append(text)
            yield text

    answers = labels.predict(texts(), batch=4)
    [*islice(answers, 5)]

    assert len(asked) == 8


def test_json_holds_what_is_known_and_as_many_scores_as_wanted():
    answer = SequenceAnswer("kim", "Korean", 0.7, {"Korean": 0.7, "German": 0.2, "Irish": 0.1})

    assert answer.to_json(top=2) == {
        "text": "kim",
        "label": "Korean",
        "confidence": 0.7,
        "scores": {"Korean": 0.7, "German": 0.2},
    }
    assert SequenceAnswer("kim", value=0.0).to_json() == {"text": "kim", "value": 0.0}


def test_a_forecast_as_json_has_a_list_a_step():
    bounds = np.array([[1.0], [2.0]])
    found = Forecast("shop", ("sales",), bounds, bounds - 1, bounds + 1, 0.9).to_json()

    assert found["values"] == [[1.0], [2.0]]
    assert (found["low"], found["high"]) == ([[0.0], [1.0]], [[2.0], [3.0]])


def test_each_task_answers_in_its_own_way(load):
    asked = {kind: next(load(kind).predict(["Kimho"])) for kind in ("classify", "regress", "pairs", "language")}
    (tagged,) = load("tag").predict(["kim went"])
    (given,) = load("tag").predict([("kim", "went")])

    assert asked["classify"].label in {"German", "Korean"}
    assert np.isfinite(asked["regress"].value)
    assert isinstance(asked["pairs"].output, str)
    assert asked["pairs"].log_probability <= 0
    assert asked["language"].nll > 0
    assert tagged.tokens == ("kim", "went")
    assert tagged.tags == given.tags
    assert set(tagged.tags) <= {"O", "B-PER", "B-LOC"}


def test_a_single_step_tells_nothing_of_a_next_one(load):
    (letter,), (frame,) = load("language").predict(["a"]), load("music").predict([np.zeros((1, 6))])

    assert letter.error == frame.error == "it has one step, and what comes next is told from the second on"
    assert next(load("lines").predict(["a"])).nll > 0


@pytest.mark.parametrize("kind", ["lines", "language", "music"])
def test_the_memory_step_by_step_says_the_same_as_whole_sequences(kind, load):
    model = load(kind)
    sample = np.eye(6, dtype=np.float32) if kind == "music" else "the sea"
    ((x,), _) = model.encoder.shifted([sample])
    state, outputs = model.initial_state(1), []
    for row in x:
        output, state = model.step(row[None], state)
        outputs.append(output[0])

    np.testing.assert_allclose(outputs, model.network.answers([x])[0], atol=1e-5)


def test_a_step_leaves_the_state_before_it_as_it_was(load):
    model = load("lines")
    before = model.initial_state(2)
    first, _ = model.step(np.array([2, 2]), before)
    again, _ = model.step(np.array([2, 2]), before)

    np.testing.assert_array_equal(first, again)


def test_what_is_likely_costs_as_much_as_its_steps_say(load):
    model = load("lines")
    ((x,), (y,)) = model.encoder.shifted(["Kim"], ["Korean"])
    chances = softmax(model.network.answers([x])[0])
    (costs,) = model.nll(["Kim"], ["Korean"])

    np.testing.assert_allclose(costs, -np.log(chances[np.arange(4), y]), atol=1e-5)


def test_a_text_is_written_with_the_same_letters_by_the_same_seed(load):
    model = load("language")
    one, again, other = ("".join(model.generate(40, seed=seed)) for seed in (1, 1, 2))

    assert one == again != other
    assert 0 < len(one) <= 40


def test_a_text_comes_letter_by_letter(load):
    model = load("language")
    pieces = model.generate(10**9, start="the")

    assert all(len(piece) == 1 for piece in islice(pieces, 20))


def test_without_chance_the_likeliest_letters_come(load):
    model = load("language")
    likeliest = "".join(model.generate(15, temperature=0))

    assert likeliest == "".join(model.generate(15, top_k=1, seed=9)) == "".join(model.generate(15, top_p=1e-9, seed=3))


def test_a_line_is_written_from_its_label(load):
    model = load("lines")
    ids = model.encoder.prefix("Ki", "Korean")

    assert ids[0] == model.encoder.vocabulary.label_id("Korean") != model.encoder.vocabulary.label_id("German")
    assert isinstance("".join(model.generate(20, label="Korean")), str)
    with pytest.raises(DataError, match=r"There is no label 'French'. There are: German, Korean."):
        [*model.generate(5, label="French")]


def test_music_goes_on_from_what_was_played(load):
    model, start = load("music"), np.eye(6, dtype=np.float32)
    roll = model.play(5, start=start, seed=1)

    assert roll.shape == (5, 6)
    assert set(np.unique(roll)) <= {0, 1}
    np.testing.assert_array_equal(roll, model.play(5, start=start, seed=1))
    assert model.play(0).shape == (0, 6)


def test_a_forecast_goes_on_from_the_runs_own_history(load, sequence_data):
    model = load("forecast")
    (found,) = model.forecast()
    rows = np.genfromtxt(sequence_data("forecast"), delimiter=",", skip_header=1, usecols=(1, 2), dtype=np.float32)
    (given,) = model.forecast({"shop": rows})

    assert (found.name, found.channels, found.values.shape) == ("sales", ("sales", "visits"), (3, 2))
    assert found.level == 0.9
    assert np.all((found.low < found.values) & (found.values < found.high))
    np.testing.assert_allclose(given.values, found.values, rtol=1e-5)
    assert given.name == "shop"


def test_too_short_a_history_is_refused(load):
    with pytest.raises(DataError, match="shop: expected at least the 14 steps that the network looks back on, came 9"):
        load("forecast").forecast({"shop": np.zeros((9, 2))})


@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        ("classify", lambda model: [*model.generate(3)]),
        ("classify", lambda model: model.play(3)),
        ("tag", lambda model: model.translated("a")),
        ("music", lambda model: model.forecast()),
    ],
)
def test_what_another_task_answers_is_refused(kind, ask, load):
    with pytest.raises(RunError, match=rf"This needs a Run of task \w+; this one's is {kind}."):
        ask(load(kind))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_run_whose_network_was_altered_is_refused(kind, copied):
    run = copied(kind)
    (run.path / "model" / "network.npz").write_bytes(b"other weights")

    with pytest.raises(RunError, match=r"network.npz is not what the training wrote \(its SHA-256 differs\)"):
        SequenceModel.load(run)


@pytest.mark.parametrize("name", ["encoder.json", "calibration.json", "model/network.json", "model/history.npz"])
def test_every_file_that_an_answer_depends_on_is_checked(name, copied):
    run = copied("forecast")
    with (run.path / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(RunError, match=r"is not what the training wrote"):
        SequenceModel.load(run)


def test_a_description_that_does_not_fit_is_said(copied):
    run = copied("classify")
    run.write_json("encoder.json", {"task": "classify"})
    run.finish()

    with pytest.raises(RunError, match=r"Train again|no saved encoder"):
        SequenceModel.load(run)
