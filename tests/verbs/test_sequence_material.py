"""What is learned from: parts that are apart, and a tenth or an end for choices."""

from dataclasses import replace

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.split import units_of
from boda.errors import DataError
from boda.run import Run
from boda.sample import BadFile
from boda.verbs.sequence_material import SequenceMaterial


def dataset_of(inputs, targets=None, parts=None, groups=None, task="classify", **more):
    n = len(inputs)
    targets = [f"c{i % 2}" for i in range(n)] if targets is None else targets
    classes = more.pop("classes", tuple(sorted(set(targets))) if task == "classify" else ())
    names = tuple(f"t:{i}" for i in range(n))
    return SequenceDataset(
        task, "characters", tuple(inputs), tuple(targets), names, tuple(parts or [None] * n),
        tuple(groups or [None] * n), classes, **more,
    )  # fmt: skip


def texts(n, start=0):
    return [f"text number {i}" for i in range(start, start + n)]


@pytest.fixture
def hundred():
    return SequenceMaterial.read(dataset_of(texts(100)), 0)


def test_a_fifth_is_held_out_and_a_tenth_of_the_rest_makes_choices(hundred):
    learned, inner, told = hundred.learned_and_inner()
    held = hundred.indices("val")

    assert (len(held), len(learned), len(inner)) == (20, 72, 8)
    assert sorted([*held, *learned, *inner]) == [*range(100)]
    assert told == "Choices are made on a tenth of the training part, which is not learned from."


def test_every_part_has_its_share_of_each_class(hundred):
    learned, inner, _ = hundred.learned_and_inner()

    for some in (learned, inner, hundred.indices("val")):
        assert [hundred.dataset.targets[i] for i in some].count("c0") == len(some) / 2


def test_copies_and_groups_stay_together():
    same = SequenceMaterial.read(dataset_of([text for text in texts(50) for _ in range(2)]), 0)
    groups = SequenceMaterial.read(dataset_of(texts(100), groups=[f"g{i // 4}" for i in range(100)]), 0)

    for material, size in ((same, 2), (groups, 4)):
        learned, inner, _ = material.learned_and_inner()
        for some in (learned, inner, material.indices("val")):
            assert len(some)
            assert len({i // size for i in some}) * size == len(some)


def test_a_label_may_be_missing():
    lines = dataset_of(texts(40), ["Korean", None] * 20, task="language", classes=("Korean",))
    learned, inner, _ = SequenceMaterial.read(lines, 0).learned_and_inner()

    assert len(learned) > len(inner) > 0


def test_chains_of_copies_and_groups_stay_together():
    same = texts(1) * 2 + texts(58, 1)
    groups = ["a", "b", "a", "b"] + [None] * 56
    material = SequenceMaterial.read(dataset_of(same, groups=groups), 0)
    units = units_of(material.dataset)

    assert len(set(units[:4].tolist())) == 1
    assert len(set(units.tolist())) == 57


def test_a_training_part_in_three_groups_says_what_choices_are_made_on(capsys):
    groups = [f"g{i % 3}" for i in range(30)] + [None] * 10
    material = SequenceMaterial.read(dataset_of(texts(40), parts=["train"] * 30 + ["val"] * 10, groups=groups), 0)
    _, inner, told = material.learned_and_inner()

    assert len(inner) == 10
    assert told == "Choices are made on one of 3 shares of the training part, which is not learned from."
    assert "3 folds" in capsys.readouterr().err


def test_a_training_part_that_is_one_group_keeps_back_its_end():
    parts, groups = ["train"] * 30 + ["val"] * 10, ["g"] * 30 + [None] * 10
    learned, inner, _ = SequenceMaterial.read(dataset_of(texts(40), parts=parts, groups=groups), 0).learned_and_inner()

    assert (len(learned), len(inner)) == (30, 0)


def test_the_validation_part_makes_choices_where_there_is_a_test_part():
    material = SequenceMaterial.read(dataset_of(texts(12), parts=["train"] * 6 + ["val"] * 2 + ["test"] * 4), 0)
    learned, inner, told = material.learned_and_inner()

    assert (learned.tolist(), inner.tolist()) == ([*range(6)], [6, 7])
    assert "since there is a test part that none sees" in told


def test_a_validation_part_without_a_test_part_is_only_measured_on():
    material = SequenceMaterial.read(dataset_of(texts(40), parts=["train"] * 30 + ["val"] * 10), 0)
    learned, inner, _ = material.learned_and_inner()

    assert sorted([*learned, *inner]) == [*range(30)]
    assert material.indices("val").tolist() == [*range(30, 40)]


@pytest.mark.parametrize("task", ["forecast", "language"])
def test_series_and_long_texts_keep_back_their_own_end(task):
    inputs = [np.zeros((60, 1), np.float32)] * 12 if task == "forecast" else ["so it goes on and on. " * 40]
    more = {"channels": ("x",)} if task == "forecast" else {}
    material = SequenceMaterial.read(dataset_of(inputs, [None] * len(inputs), task=task, **more), 0)
    learned, inner, told = material.learned_and_inner()

    assert len(inner) == 0
    assert len(learned) == len(inputs)
    assert told == "Choices are made on the end of what is trained on."


@pytest.mark.parametrize(("given", "share"), [(None, 0.1), (0.25, 0.25)])
def test_a_long_text_is_cut_where_the_parts_meet(given, share):
    text = "".join(chr(97 + i % 26) for i in range(1000))
    material = SequenceMaterial.read(dataset_of([text], [None], task="language"), 0, validation_split=given)
    (train,), (val,) = material.indices("train"), material.indices("val")

    assert material.dataset.inputs[train] + material.dataset.inputs[val] == text
    assert len(material.dataset.inputs[val]) == share * 1000


def test_the_order_of_the_data_changes_nothing():
    rows = texts(100)
    there = SequenceMaterial.read(dataset_of(rows), 0)
    back = SequenceMaterial.read(there.dataset.select(range(99, -1, -1)), 0)

    assert back.split.parts == there.split.parts
    assert back.fingerprint == there.fingerprint


@pytest.mark.parametrize("change", ["input", "target"])
def test_another_text_or_target_is_another_fingerprint(change, hundred):
    rows, targets = texts(100), [f"c{i % 2}" for i in range(100)]
    if change == "input":
        rows[3] += "!"
    else:
        targets[3] = "c0"

    assert SequenceMaterial.read(dataset_of(rows, targets), 0).fingerprint != hundred.fingerprint


def test_the_usual_recipe_knows_how_much_there_is_and_how_long_it_is():
    few = SequenceMaterial.read(dataset_of(texts(100)), 0).usual_recipe()
    long = SequenceMaterial.read(dataset_of([text * 50 for text in texts(100)]), 0).usual_recipe()
    prose = SequenceMaterial.read(
        dataset_of(["".join(map(chr, range(97, 123))) * 400], [None], task="language"), 0
    ).usual_recipe()
    lines = SequenceMaterial.read(dataset_of(texts(50), [None] * 50, task="language"), 0).usual_recipe()

    assert (few.length, long.length) == (0, 400)
    assert prose.bptt > 0 == lines.bptt


def test_the_split_of_another_run_is_taken(hundred, tmp_path):
    run = Run.create(tmp_path / "run", task="classify", seed=0)
    hundred.describe(run)
    again = SequenceMaterial.read(dataset_of(texts(100)), 7, split=run.path)

    assert again.split.parts == hundred.split.parts


def test_what_was_found_is_written_into_the_run(tmp_path, capsys):
    data = dataset_of(texts(20), bad=(BadFile("t:20", "it is empty"),), notes=("Lines were read.",))
    run = Run.create(tmp_path / "run", task="classify", seed=0)
    SequenceMaterial.read(data, 0).describe(run)
    told = capsys.readouterr().err

    assert run.read_json("data.json")["bad_count"] == 1
    assert "t:20,it is empty" in (run.path / "bad_files.csv").read_text()
    assert run.read_json("split.json")["parts"].keys() == {"train", "val"}
    assert "Lines were read." in told
    assert "1 left out, with reasons in bad_files.csv; the first: t:20." in told


def test_what_is_bad_stops_where_nothing_may_be():
    with pytest.raises(DataError, match="t:20: it is empty"):
        SequenceMaterial.read(dataset_of(texts(20), bad=(BadFile("t:20", "it is empty"),)), 0, on_bad="error")


@pytest.mark.parametrize(("unit", "text", "came"), [("characters", "one\ntwo\n", 8), ("words", "word " * 19, 19)])
def test_a_long_text_too_short_for_its_parts_is_refused(unit, text, came):
    short = replace(dataset_of([text], [None], task="language"), unit=unit)

    with pytest.raises(DataError, match=f"t:0: expected a text of 20 {unit} or more, came {came}. Add text."):
        SequenceMaterial.read(short, 0)
