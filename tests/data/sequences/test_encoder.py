"""An encoder turns sequences and targets into arrays, comes back from JSON, and says what it cannot read."""

import json

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.encoder import Encoder
from boda.errors import DataError, LabelError, RecipeError, RunError
from boda.recipe.sequence import SequenceRecipe


def dataset(task, inputs, targets=None, unit="characters", classes=(), channels=()):
    n = len(inputs)
    names = tuple(f"s{i}" for i in range(n))
    targets = (None,) * n if targets is None else tuple(targets)
    return SequenceDataset(task, unit, tuple(inputs), targets, names, (None,) * n, (None,) * n, classes, channels)


def encoder(task, inputs, targets=None, unit="characters", classes=(), **recipe):
    some = dataset(task, inputs, targets, unit, classes)
    return Encoder.of(some, range(len(inputs)), SequenceRecipe(**recipe))


NAMES = encoder("classify", ["aab", "b"], ["x", "y"], classes=("x", "y"), length=2)
LINES = encoder("language", ["aab", "b"], ["x", "y"], classes=("x", "y"))
LONG = encoder("language", ["abab\n" * 10])
TAGS = encoder("tag", [("a", "b"), ("a",)], [("X", "Y"), ("X",)], "words", ("X", "Y"))
PAIRS = encoder("pairs", ["ab", "b"], ["7", "78"])
MUSIC = encoder("music", [np.eye(3, dtype=np.uint8)], unit="numbers")
AGES = encoder("regress", ["a", "b"], [10.0, 30.0])
WAVES = encoder("forecast", [np.sin(np.arange(200.0))[:, None]], unit="numbers", context=16, horizon=4, season=1)
EVENTS = encoder("language", [np.array([0, 1, 2, 1] * 9)], unit="events")


@pytest.mark.parametrize("some", [NAMES, LINES, LONG, TAGS, PAIRS, MUSIC, AGES, WAVES, EVENTS])
def test_an_encoder_comes_back_from_json(some):
    assert Encoder.from_json(json.loads(json.dumps(some.to_json()))) == some


@pytest.mark.parametrize(
    ("some", "kind", "size", "outputs"),
    [
        (NAMES, "ids", 6, 2),
        (LINES, "ids", 8, 8),
        (TAGS, "ids", 6, 2),
        (PAIRS, "ids", 6, 6),
        (MUSIC, "numbers", 3, 3),
        (AGES, "ids", 6, 1),
        (WAVES, "numbers", 1, 4),
        (EVENTS, "ids", 7, 7),
    ],
)
def test_it_knows_how_wide_a_network_must_be(some, kind, size, outputs):
    assert (some.kind, some.size, some.outputs) == (kind, size, outputs)


def test_a_sequence_with_a_single_answer_is_cut():
    assert [ids.tolist() for ids in NAMES.encode(["aab", "c"])] == [[4, 4], [1]]


def test_only_the_training_part_is_looked_at():
    some = dataset("classify", ["a", "b"], ["x", "y"], classes=("x", "y"))

    assert Encoder.of(some, [0], SequenceRecipe()).vocabulary.tokens == ("a",)


def test_classes_and_tags_become_indices():
    assert NAMES.encode_targets(["y", "x"]) == [1, 0]
    assert TAGS.encode_targets([("Y", "X")])[0].tolist() == [1, 0]


def test_a_class_that_is_not_known_is_refused():
    with pytest.raises(LabelError, match=r"'z' is none of the 2 classes that were trained: x, y"):
        NAMES.encode_targets(["z"])


def test_what_is_measured_is_scaled_and_comes_back():
    scaled = AGES.encode_targets([10.0, 30.0, 20.0])

    assert scaled == [-1.0, 1.0, 0.0]
    assert AGES.values(np.array(scaled)[:, None]).tolist() == [10.0, 30.0, 20.0]


def test_a_line_begins_with_its_label_and_ends_with_the_end():
    x, y = LINES.shifted(["ab", "b"], ["y", None])

    assert [row.tolist() for row in x] == [[5, 6, 7], [2, 7]]
    assert [row.tolist() for row in y] == [[6, 7, 3], [7, 3]]
    assert (LINES.end, LINES.prefix("a", "x").tolist()) == (3, [4, 6])


def test_a_long_text_has_neither_begin_nor_end():
    x, y = LONG.shifted(["aba"])

    assert LONG.long
    assert LONG.end is None
    assert (x[0].tolist(), y[0].tolist()) == (LONG.encode(["ab"])[0].tolist(), LONG.encode(["ba"])[0].tolist())
    assert LONG.prefix("").tolist() == LONG.encode(["\n"])[0].tolist()


def test_a_long_text_has_no_label_to_begin_with():
    with pytest.raises(DataError, match="There is no label 'x'"):
        LONG.prefix("a", "x")


def test_music_tells_the_next_frame():
    x, y = MUSIC.shifted([np.eye(3)])

    assert (x[0].tolist(), y[0].tolist()) == (np.eye(3)[:2].tolist(), np.eye(3)[1:].tolist())


def test_long_events_are_not_read_before_they_are_asked_for():
    x, y = EVENTS.shifted([np.array([0, 1, 9])])

    assert (x[0][:].tolist(), y[0][:].tolist()) == ([4, 5], [5, 1])


def test_numbers_that_are_classified_are_scaled_by_channel():
    rows = [np.array([[0.0, 5.0], [2.0, 5.0]], np.float32)]
    some = encoder("classify", [*rows, *rows], ["x", "y"], "numbers", ("x", "y"))

    assert some.encode(rows)[0].tolist() == [[-1, 0], [1, 0]]


def test_the_parts_of_a_series_follow_one_another():
    first, second, third = (WAVES.bounds(200, part) for part in ("train", "inner", "val"))

    assert (first[0], third[1]) == (0, 200)
    assert first[1] == second[0]
    assert second[1] == third[0] == 160


def test_windows_of_a_part_tell_of_that_part_alone():
    some = WAVES.windows(np.arange(200.0)[:, None], "val")

    assert (some.targets.min(), some.targets.max()) == (160, 199)


def test_one_window_is_scaled_as_many_are():
    series = np.random.default_rng(0).normal(9, 2, (200, 1))
    some = WAVES.windows(series, "val")
    x, undo = WAVES.window(some.contexts[3])

    np.testing.assert_array_equal(x, some.x[3])
    np.testing.assert_allclose(undo(some.y[3].reshape(-1)), some.targets[3], atol=1e-5)
    np.testing.assert_allclose(WAVES.scale_of(some.contexts[3]), some.scale[3, 0])


def test_season_horizon_and_context_are_found_where_none_is_given():
    wave = np.sin(np.arange(240) * 2 * np.pi / 12)[:, None]
    some = encoder("forecast", [wave], unit="numbers")

    assert (some.season, some.horizon) == (12, 12)
    assert some.context >= 24


def test_series_that_are_too_short_are_refused():
    with pytest.raises(DataError, match=r"needs a series of 46 steps or more.*1 series of at most 30 steps"):
        encoder("forecast", [np.ones((30, 1))], unit="numbers", context=40, horizon=2)


@pytest.mark.parametrize(
    ("some", "sample", "reason"),
    [
        (NAMES, "ab", None),
        (NAMES, "", "there is no text in it"),
        (NAMES, 3, "expected a text, came int"),
        (TAGS, ("a", "c"), None),
        (MUSIC, np.zeros((2, 3)), None),
        (MUSIC, np.zeros((2, 4)), r"expected numbers (t, 3), came (2, 4)"),
        (MUSIC, np.full((2, 3), np.nan), "it has values that are no finite numbers"),
        (MUSIC, "ab", "expected numbers (t, 3), came str"),
        (EVENTS, np.array([1, 2]), None),
        (EVENTS, "ab", "expected an array (t,) of events"),
    ],
)
def test_it_says_why_a_sample_cannot_be_read(some, sample, reason):
    assert some.refusal(sample) == reason


def test_rare_words_of_many_are_unknown_so_that_the_unknown_is_learned():
    some = encoder("regress", ["often " * 9_999, "once"], [0.0, 1.0], "words")

    assert some.vocabulary.tokens == ("often",)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(DataError, match="There is no sequence to learn from"):
        Encoder.of(dataset("classify", ["a"], ["x"], classes=("x",)), [], SequenceRecipe())


def test_a_recipe_that_the_task_would_not_heed_is_refused():
    with pytest.raises(RecipeError, match="bptt cuts gradients"):
        encoder("classify", ["a", "b"], ["x", "y"], classes=("x", "y"), bptt=4)


@pytest.mark.parametrize("value", [{"task": "tag"}, {"tasks": 1}, {"task": "tag", "unit": "words", "vocabulary": 3}])
def test_what_is_no_encoder_is_refused(value):
    with pytest.raises(RunError, match=r"no saved (encoder|vocabulary)"):
        Encoder.from_json(value)
