"""Parts of sequences: copies on one side, long texts by place, series by time."""

from collections import Counter

import numpy as np
import pytest

from boda.data.sequences import SequenceDataset, read_sequences
from boda.data.sequences.split import is_long, pieces, rows_of, split_sequences
from boda.errors import SplitError


def texts(**numbers):
    """So many different texts of each class."""
    return [(f"{name} {i}", name) for name, number in numbers.items() for i in range(number)]


def dataset(rows, task="classify"):
    return read_sequences(tuple(map(list, zip(*rows, strict=True))), task=task)


def long_text(*inputs, unit="characters"):
    n = len(inputs)
    names = tuple(f"{i}.txt" for i in range(n))
    return SequenceDataset("language", unit, inputs, (None,) * n, names, (None,) * n, (None,) * n, ())


def held_out(split, data):
    return [data.inputs[i] for i in rows_of(split, data, "val")]


def test_each_class_gives_the_same_share():
    data = dataset(texts(a=50, b=20, c=10))
    split = split_sequences(data, validation_split=0.2)

    assert Counter(text[0] for text in held_out(split, data)) == {"a": 10, "b": 4, "c": 2}
    assert len(split.parts["train"]) == 64


def test_the_seed_decides():
    data = dataset(texts(a=50, b=50))

    assert split_sequences(data, seed=1) == split_sequences(data, seed=1)
    assert split_sequences(data, seed=1).parts != split_sequences(data, seed=2).parts


def test_copies_stay_on_one_side_whatever_they_are_called():
    data = dataset([(f"{i // 2}", "ab"[i % 2]) for i in range(100)])
    split = split_sequences(data)

    train = {data.inputs[i] for i in rows_of(split, data, "train")}
    assert train.isdisjoint(held_out(split, data))
    assert len(held_out(split, data)) == 20


def test_copies_of_arrays_are_copies():
    rolls = [np.eye(4, 3) if i % 2 else np.roll(np.eye(4, 3), i, axis=0)[: 2 + i % 3] for i in range(20)]
    data = read_sequences(rolls)
    val = set(rows_of(split_sequences(data), data, "val").tolist())

    assert {1, 3, 5, 7} <= val or not {1, 3, 5, 7} & val


def test_groups_stay_on_one_side(tmp_path, plant):
    table = "text,label,who\n" + "".join(f"t{i},{'xy'[i % 2]},g{i // 4}\n" for i in range(40))
    data = read_sequences(plant(tmp_path, {"t.csv": table}) / "t.csv", group_column="who")
    val = rows_of(split_sequences(data), data, "val")

    assert set(Counter(data.groups[i] for i in val).values()) == {4}


def test_parts_of_the_data_are_kept(tmp_path, plant):
    table = "text,label,part\na,x,train\nb,y,train\nc,x,val\nd,y,test\n"
    data = read_sequences(plant(tmp_path, {"t.csv": table}) / "t.csv")
    split = split_sequences(data)

    assert split.parts == {"train": ("t.csv:2", "t.csv:3"), "val": ("t.csv:4",), "test": ("t.csv:5",)}
    assert split.notes == (
        "val has no sequence of y, so nothing is measured on it there.",
        "test has no sequence of x, so nothing is measured on it there.",
    )


def test_numbers_are_spread_over_the_parts():
    data = dataset([(f"t{i}", i + 0.5) for i in range(100)], task="regress")
    split = split_sequences(data, validation_split=0.2)

    low = [data.targets[i] for i in rows_of(split, data, "val") if data.targets[i] < 20]
    assert (len(low), len(split.parts["val"])) == (4, 20)


def test_each_tag_keeps_a_sentence_to_train_on(tmp_path, plant):
    sentences = "".join(f"w{i} O\nv{i} {'B-X' if i < 2 else 'O'}\n\n" for i in range(20))
    data = read_sequences(plant(tmp_path, {"t.conll": sentences}) / "t.conll")
    split = split_sequences(data, validation_split=0.5)

    for part in ("train", "val"):
        assert sum("B-X" in data.targets[i] for i in rows_of(split, data, part)) == 1


def test_pairs_without_classes_are_divided():
    data = dataset([(f"{i}+1", str(i + 1)) for i in range(50)], task="pairs")

    assert len(split_sequences(data, validation_split=0.1).parts["val"]) == 5


def test_an_earlier_split_is_used_again_for_the_same_sequences_alone():
    data = dataset(texts(a=10, b=10))
    split = split_sequences(data, seed=3)

    assert split_sequences(data, seed=4, reuse=split) is split
    with pytest.raises(SplitError, match="The split is of other samples: 1 is missing"):
        split_sequences(data.select(range(1, 20)), reuse=split)


def test_one_group_cannot_be_divided():
    with pytest.raises(SplitError, match="All 2 training sequences are one group"):
        split_sequences(dataset([("same", "a"), ("same", "b")]))


def test_series_are_in_both_parts_and_divided_by_time():
    data = read_sequences([np.linspace(0, 1, 9)], task="forecast")
    split = split_sequences(data)

    assert split.parts == {"train": ("array 0",), "val": ("array 0",)}
    assert split.method.startswith("by time")
    assert split_sequences(data, reuse=split) is split
    with pytest.raises(SplitError, match="of other series"):
        split_sequences(read_sequences([np.linspace(0, 1, 9)] * 2, task="forecast"), reuse=split)


@pytest.mark.parametrize(("n", "share", "train"), [(10, 0.1, 9), (19, 0.1, 17), (1115394, 0.1, 1003854), (10, 0.3, 7)])
def test_a_long_text_is_cut_at_the_exact_share(n, share, train):
    cut = pieces(long_text("a" * n), share)

    assert [len(text) for text in cut.inputs] == [train, n - train]
    assert (cut.names, cut.parts) == (("0.txt:train", "0.txt:val"), ("train", "val"))


def test_words_are_not_cut():
    assert pieces(long_text("one two three", unit="words"), 0.2).inputs == ("one two", " three")


def test_pieces_are_divided_by_place():
    cut = pieces(long_text("a" * 10, "b" * 10))
    split = split_sequences(cut)

    assert split.parts == {"train": ("0.txt:train", "1.txt:train"), "val": ("0.txt:val", "1.txt:val")}
    assert split.method == "by place: the last 10 % of each text held out"


def test_what_is_no_long_text_is_not_cut():
    data = dataset(texts(a=5, b=5))
    cut = pieces(long_text("a" * 10))

    assert pieces(data) is data
    assert pieces(cut) is cut
    assert not is_long(long_text("a", "b", "c", "d"))


def test_a_long_text_must_be_cut_first():
    with pytest.raises(SplitError, match=r"0.txt is one long text, .* Cut it before, by pieces\(\)"):
        split_sequences(long_text("a" * 10))


@pytest.mark.parametrize(("text", "share", "told"), [("a", 0.1, "0.txt is too short"), ("abc", 1, "Received: 1")])
def test_what_cannot_be_cut_is_refused(text, share, told):
    with pytest.raises(SplitError, match=told):
        pieces(long_text(text), share)


@pytest.mark.data
def test_tiny_shakespeare_is_cut_as_others_cut_it(data_dir):
    cut = pieces(read_sequences(data_dir / "sequences" / "tinyshakespeare.txt"))

    assert [len(text) for text in cut.inputs] == [1003854, 111540]
