"""What a dataset of sequences holds, in numbers and in words."""

import json
from collections import Counter

import numpy as np
import pytest

from boda.data.sequences import read_sequences
from boda.data.sequences.audit import audit_sequences
from boda.data.sequences.census import about_lengths, scripts_of
from boda.data.sequences.split import Split, split_sequences


def labelled(rows):
    return read_sequences(tuple(map(list, zip(*rows, strict=True))))


def of_length(n, number=12):
    """Classes a and b with texts of n characters."""
    return labelled([(f"{i:02d}" + "x" * (n - 2), "ab"[i % 2]) for i in range(2 * number)])


def test_everything_is_counted_and_ready_for_json():
    data = labelled([("ab", "x"), ("abc", "x"), ("a", "y")])
    audit = json.loads(json.dumps(audit_sequences(data)))

    assert (audit["n"], audit["steps"], audit["parts"], audit["classes"]) == (3, 6, {"all": 3}, {"x": 2, "y": 1})
    assert audit["alphabet"] == {
        "size": 3,
        "common": [["a", 3], ["b", 2], ["c", 1]],
        "once": 1,
        "scripts": {"Latin": 6},
    }
    assert audit["samples"][0] == {"name": "text 0", "text": "ab", "label": "x"}


def test_lengths_have_a_histogram():
    assert about_lengths(np.array([1, 2, 2, 3])) == {
        "least": 1,
        "median": 2.0,
        "p95": pytest.approx(2.85),
        "most": 3,
        "histogram": {"edges": [1.0, 1.667, 2.333, 3.0], "counts": [1, 2, 1]},
    }
    assert about_lengths(np.array([4]))["histogram"]["counts"] == [1]


def test_scripts_are_named_by_their_letters():
    assert scripts_of(Counter("Да 한국 ab é 漢 ひ 1!")) == {
        "Latin": 3,
        "Cyrillic": 2,
        "Hangul": 2,
        "Han": 1,
        "Hiragana": 1,
    }


def test_copies_and_conflicts_are_named():
    audit = audit_sequences(labelled([("same", "x"), ("same", "x"), ("same", "y"), ("other", "y")]))

    assert (audit["duplicates_count"], audit["conflicts_count"], audit["leaks_count"]) == (2, 1, 0)
    assert audit["conflicts"] == [["text 0", "text 2"]]
    assert audit["warnings"][0].startswith(
        "1 sequence is there with different answers, such as text 0 and text 2. No model can be right on all of them."
    )


def test_a_copy_in_another_part_is_a_leak():
    data = labelled([("same", "x"), ("same", "x"), ("b", "y")])
    split = Split({"train": ("text 0", "text 2"), "val": ("text 1",)}, 0, "by hand")
    audit = audit_sequences(data, split)

    assert (audit["leaks_count"], audit["leaks"], audit["parts"]) == (1, [["text 0", "text 1"]], {"train": 2, "val": 1})
    assert "The score on them will be too good" in audit["warnings"][0]


def test_a_split_of_ours_leaks_nothing():
    data = labelled([(str(i % 30), "ab"[i % 2]) for i in range(90)])

    assert audit_sequences(data, split_sequences(data))["leaks_count"] == 0


def test_damage_is_counted_and_said():
    audit = audit_sequences(read_sequences((["a", "", "b"], ["x", "x", "y"])))

    assert (audit["bad_count"], audit["bad"]) == (1, [{"name": "text 1", "reason": "the text is empty"}])
    assert audit["warnings"][0] == (
        "1 line or file has damage, such as text 1 (the text is empty). Mend them, or go on without."
    )


def test_all_is_well_where_nothing_is_to_mend():
    assert audit_sequences(of_length(20))["warnings"] == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (of_length(20, 3), "Few examples of a (3), b (3)."),
        (of_length(600), "The longest sequence has 600 characters, and a recurrent network hardly remembers"),
        (
            labelled([(f"{i:03d}", "x" if i < 100 else "y") for i in range(112)]),
            "x has 8 times as many sequences as y",
        ),
        (
            labelled([(f"{i:02d}" + "x" * (300 if i == 0 else 1), "ab"[i % 2]) for i in range(24)]),
            "Lengths are mixed: 3 characters at the median, 302 at most.",
        ),
        (read_sequences(["short text"] * 2), "There are 20 characters in all"),
        (read_sequences([np.ones(40)], task="forecast"), "array 0 (channel 1) is the same at all times"),
    ],
)
def test_advice_is_given(data, told):
    assert any(told in warning for warning in audit_sequences(data)["warnings"])


def test_tags_are_counted_a_token(tmp_path, plant):
    data = read_sequences(plant(tmp_path, {"t.conll": "a O\nb O\nc B-X\n"}) / "t.conll")
    audit = audit_sequences(data)

    assert (audit["classes"], audit["lengths"]["most"]) == ({"B-X": 1, "O": 2}, 3)
    assert audit["samples"] == [{"name": "t.conll:1", "tokens": ["a", "b", "c"], "label": ["O", "O", "B-X"]}]


def test_pairs_have_an_alphabet_of_both_sides():
    audit = audit_sequences(read_sequences((["1+1"], ["2"]), task="pairs"))

    assert [token for token, _ in audit["alphabet"]["common"]] == ["1", "+", "2"]


def test_music_is_told_by_its_frames():
    audit = audit_sequences(read_sequences([np.array([[1, 0, 1], [1, 0, 0]])]))

    assert audit["samples"] == [{"name": "array 0", "frames": 2, "sounding": 1.5}]
    assert "alphabet" not in audit


def test_events_are_counted(tmp_path):
    np.save(tmp_path / "e.npy", np.array([5, 5, 7]))

    assert audit_sequences(read_sequences(tmp_path / "e.npy"))["alphabet"]["common"] == [["5", 2], ["7", 1]]


def test_series_are_told_by_their_columns(tmp_path, plant):
    months = [f"{1949 + i // 12}-{i % 12 + 1:02d}" for i in range(120) if i != 50]
    rows = "".join(f"{month},{1 + np.sin(i * np.pi / 6):.6f}\n" for i, month in enumerate(months))
    audit = audit_sequences(read_sequences(plant(tmp_path, {"air.csv": "month,y\n" + rows}) / "air.csv"))
    series = audit["series"][0]

    assert {key: series[key] for key in ("name", "channel", "n", "first", "last", "step", "missing", "season")} == {
        "name": "air",
        "channel": "y",
        "n": 120,
        "first": "1949-01-01",
        "last": "1958-12-01",
        "step": "1 month",
        "missing": 1,
        "season": 12,
    }
    assert (len(series["values"]), series["values"][0], series["least"]) == (120, 1.0, 0.0)
    assert "samples" not in audit
    assert audit["warnings"] == ["1 of 120 values of air (y) were missing and have been filled in."]


def test_long_series_are_thinned():
    audit = audit_sequences(read_sequences([np.linspace(0, 1, 5000)], task="forecast"))

    assert (len(audit["series"][0]["values"]), audit["series"][0]["values"][-1]) == (400, 1.0)


@pytest.mark.data
def test_the_names_have_known_faults(data_dir):
    data = read_sequences(data_dir / "sequences" / "names")
    audit = audit_sequences(data)

    assert (audit["classes"]["Russian"], audit["alphabet"]["scripts"]) == (9384, {"Latin": 143040})
    assert audit["conflicts_count"] == 469
