"""What a ladder of sequences deals: folds of whole sequences, and blocks in time of long texts and series."""

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.encoder import Encoder
from boda.errors import DataError, RunError
from boda.recipe.sequence import SequenceRecipe
from boda.training.sequences.ladder_sequences import NAME, LadderSequences, cut_at


def dataset(task, inputs, targets=None, classes=(), unit="characters"):
    n = len(inputs)
    names = tuple(f"s{i}" for i in range(n))
    return SequenceDataset(
        task, unit, tuple(inputs), tuple(targets or [None] * n), names, (None,) * n, (None,) * n, classes
    )


def dealt(data, count=3, repeats=1, **changes):
    encoder = Encoder.of(data, range(len(data)), SequenceRecipe(**changes))
    return LadderSequences.dealt(data, encoder, count=count, repeats=repeats, seed=0)


@pytest.fixture
def names():
    texts = [f"{letter}{i // 2}" for i in range(24) for letter in "ab"]  # each twice
    return dataset("classify", texts, ["A", "B"] * 24, ("A", "B"))


@pytest.fixture
def series():
    t = np.arange(200, dtype=np.float32)
    return dataset("forecast", [np.sin(t)[:, None], t[:150, None]], unit="numbers")


@pytest.fixture
def text():
    return dataset("language", ["the cat sat. " * 400])


def test_copies_are_answered_in_one_fold_and_classes_come_in_equal_shares(names):
    some = dealt(names)

    for fold in range(3):
        _, unseen = some.cell(0, fold)
        texts = [names.inputs[i] for i in unseen]
        assert all(texts.count(text) == 2 for text in texts)
        assert sum(names.targets[i] == "A" for i in unseen) == len(unseen) / 2


def test_nothing_that_is_answered_is_learned_from(names):
    some = dealt(names)
    _, learned, inner = some.learned(0, 1, seed=5)

    assert len(inner) > 0
    assert sorted([*learned, *inner]) == some.cell(0, 1)[0].tolist()
    assert not {names.inputs[i] for i in learned} & {names.inputs[i] for i in inner}


def test_a_block_of_a_text_is_learned_from_what_comes_before_it(text):
    some = dealt(text)
    for fold, share in enumerate((0.7, 0.8, 0.9)):
        before = some.learned(0, fold, 0)[0].inputs[0]

        assert before == text.inputs[0][: cut_at(text.inputs[0], share)]


def test_the_pieces_of_a_text_are_about_256_steps(text):
    some = dealt(text)

    assert some.fits.shape == (1, 3 * round(520 / 256))
    assert some.steps == pytest.approx(520 / 2, abs=1)


def test_a_block_of_series_ends_what_its_fold_may_see(series):
    some = dealt(series, context=12, horizon=4, season=1)
    data, learned, _ = some.learned(0, 0, 0)
    ends = [round(0.8 * len(x)) for x in some.dataset.inputs]

    assert [len(x) for x in data.inputs] == ends
    assert learned.tolist() == [0, 1]


def test_what_is_held_out_for_the_winner_is_in_no_block(series):
    some = dealt(series, context=12, horizon=4, season=1)

    assert [len(x) for x in some.dataset.inputs] == [160, 120]


def test_forecasts_of_the_same_steps_are_one_group(series):
    some = dealt(series, context=12, horizon=4, season=1)
    _, counts = np.unique(some.groups, return_counts=True)

    assert counts.max() == 4


def test_too_short_series_are_refused_with_what_it_takes():
    data = dataset("forecast", [np.arange(60, dtype=np.float32)[:, None]], unit="numbers")

    with pytest.raises(DataError, match=r"two blocks of 8 steps or more .* Give longer series, or a smaller horizon"):
        dealt(data, context=12, horizon=8, season=1)


@pytest.mark.parametrize("which", ["names", "series", "text"])
def test_the_same_is_read_from_disk(tmp_path, request, which):
    some = dealt(request.getfixturevalue(which))
    some.write(tmp_path)

    found = LadderSequences.read(tmp_path)

    assert found.dataset.names == some.dataset.names
    assert found.dataset.targets == some.dataset.targets
    assert all(np.array_equal(a, b) for a, b in zip(found.dataset.inputs, some.dataset.inputs, strict=True))
    assert np.array_equal(found.fits, some.fits)
    assert (found.ends, found.steps, found.stride) == (some.ends, some.steps, some.stride)


def test_a_damaged_file_says_what_to_do(tmp_path):
    (tmp_path / NAME).write_text("{", "utf-8")

    with pytest.raises(RunError, match=r"sequences.json cannot be read .* Begin the ladder again"):
        LadderSequences.read(tmp_path)
