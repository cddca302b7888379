"""Parts and folds: copies on one side, classes in equal shares, chance from the seed alone."""

import json
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boda.data.split import Split, every_5th, folds, leaks, make_split, strata_of
from boda.errors import SplitError
from boda.sample import Dataset, Sample

NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


def dataset(*rows, task="classify"):
    """Samples of (name, label[, part[, group]])."""
    samples = tuple(Sample(row[0], NO_PICTURE, *row[1:]) for row in rows)
    labels = {name for s in samples for name in ((s.label,) if isinstance(s.label, str) else s.label)}
    return Dataset(samples, tuple(sorted(labels)), task)


def pictures(**numbers):
    """So many pictures of each class, named `a00`, `a01`."""
    return [(f"{label}{i:02d}", label) for label, number in numbers.items() for i in range(number)]


def classes_in(split, part):
    return Counter(name[0] for name in split.parts.get(part, ()))


def test_each_class_gives_the_same_share_to_validation():
    split = make_split(dataset(*pictures(a=50, b=20, c=10)), validation_split=0.2)

    assert classes_in(split, "val") == {"a": 10, "b": 4, "c": 2}
    assert classes_in(split, "train") == {"a": 40, "b": 16, "c": 8}
    assert split.notes == ()


def test_the_order_of_the_samples_changes_nothing():
    rows = [(name, label, None, f"g{i // 3}") for i, (name, label) in enumerate(pictures(a=30, b=15))]
    shuffled = random.Random(0).sample(rows, len(rows))

    assert make_split(dataset(*rows), seed=3) == make_split(dataset(*shuffled), seed=3)


def test_another_seed_gives_another_validation_part():
    data = dataset(*pictures(a=30, b=30))

    assert make_split(data, seed=0).parts["val"] != make_split(data, seed=1).parts["val"]


def test_a_new_picture_moves_few_others():
    before = set(make_split(dataset(*pictures(a=100, b=100))).parts["val"])
    after = set(make_split(dataset(*pictures(a=101, b=100))).parts["val"])

    assert len(before - after) <= 2


def test_copies_and_groups_stay_together_through_chains():
    rows = [*pictures(a=40, b=40)]
    rows[0] = (*rows[0], None, "patient")
    rows[5] = (*rows[5], None, "patient")
    group_ids = np.arange(80)
    group_ids[[5, 9]] = 7

    for seed in range(10):
        split = make_split(dataset(*rows), group_ids=group_ids, seed=seed)
        tied = {"a00", "a05", "a07", "a09"}
        assert len(tied & set(split.parts["val"])) in {0, 4}


def test_parts_that_the_data_gives_are_kept():
    split = make_split(dataset(("1", "a", "train"), ("2", "b"), ("3", "a", "val"), ("4", "b", "test")))

    assert split.parts == {"train": ("1", "2"), "val": ("3",), "test": ("4",)}
    assert split.notes == (
        "val has no picture of b, so nothing is measured on it there.",
        "test has no picture of a, so nothing is measured on it there.",
    )


def test_a_given_test_part_is_kept_while_validation_is_taken_from_train():
    rows = [*pictures(a=10, b=10), ("t", "a", "test"), ("u", "b", "test")]
    split = make_split(dataset(*rows))

    assert split.parts["test"] == ("t", "u")
    assert len(split.parts["val"]) == 4


def test_a_class_with_one_picture_stays_in_train_and_it_is_said():
    split = make_split(dataset(*pictures(a=10, b=1)))

    assert "b00" in split.parts["train"]
    assert split.notes == ("val has no picture of b, so nothing is measured on it there.",)


def test_a_class_with_two_pictures_is_in_both_parts():
    assert classes_in(make_split(dataset(*pictures(a=10, b=2))), "val")["b"] == 1


def test_a_class_in_one_group_keeps_its_training_samples():
    rows = [*pictures(a=10), *[(f"b{i}", "b", None, "one video") for i in range(5)]]

    assert classes_in(make_split(dataset(*rows), validation_split=0.5), "train")["b"] == 5


def test_with_several_labels_each_has_its_share():
    rng = np.random.default_rng(0)
    labels = ["common", "middle", "rare"]
    rows = [
        (f"{i:03d}", tuple(c for c, p in zip(labels, (0.8, 0.4, 0.05), strict=True) if rng.random() < p))
        for i in range(200)
    ]
    data = dataset(*rows, task="multilabel")
    split = make_split(data)

    total, held = data.targets().sum(axis=0), data.targets()[split.indices(data, "val")].sum(axis=0)
    np.testing.assert_allclose(held, total * 0.2, atol=1)


def test_one_group_of_everything_cannot_be_split():
    rows = [(name, label, None, "one patient") for name, label in pictures(a=3, b=3)]

    with pytest.raises(SplitError, match=r"All 6 training pictures are one group.*Add pictures of other subjects"):
        make_split(dataset(*rows))


def test_classes_of_one_picture_each_cannot_be_split():
    with pytest.raises(SplitError, match="each class would lose its last one"):
        make_split(dataset(*pictures(a=1, b=1)))


def test_data_without_training_samples_cannot_be_split():
    with pytest.raises(SplitError, match=r"Add a folder train/"):
        make_split(dataset(("1", "a", "val")))


def test_two_samples_of_one_name_are_refused():
    with pytest.raises(SplitError, match=r"2 samples are named '1'"):
        make_split(dataset(("1", "a"), ("1", "b")))


def test_leaks_pair_each_held_out_copy_with_one_in_train():
    data = dataset(
        ("t1", "a", "train"), ("t2", "a", "train"), ("v", "a", "val"), ("x", "a", "test"), ("y", "a", "test")
    )

    assert leaks(make_split(data), data, np.array([0, 0, 0, 1, 0])) == [("v", "t1"), ("y", "t1")]


def test_a_split_reads_back_from_json():
    split = make_split(dataset(*pictures(a=10, b=1), ("é\udcff", "a")))

    assert Split.from_json(json.loads(json.dumps(split.to_json()))) == split


def test_an_altered_split_is_refused():
    saved = make_split(dataset(*pictures(a=10, b=10))).to_json()
    saved["parts"]["train"].append(saved["parts"]["val"].pop())

    with pytest.raises(SplitError, match="was changed since it was saved"):
        Split.from_json(saved)


def test_what_is_no_split_is_refused():
    with pytest.raises(SplitError, match="no saved split: KeyError"):
        Split.from_json({})


def test_a_split_that_is_used_again_is_the_same():
    data = dataset(*pictures(a=10, b=10))
    split = make_split(data, seed=5)

    assert make_split(data, seed=6, reuse=split) is split


def test_a_split_of_other_samples_says_how_many_are_missing_or_new():
    split = make_split(dataset(*pictures(a=10, b=10)))

    with pytest.raises(SplitError, match=r"4 are missing \(a06, a07, a08, \.\.\.\)"):
        make_split(dataset(*pictures(a=6, b=10)), reuse=split)
    with pytest.raises(SplitError, match=r"1 is new \(a10\)"):
        make_split(dataset(*pictures(a=11, b=10)), reuse=split)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=2, max_size=60),
    st.integers(2, 6),
    st.integers(0, 9),
)
def test_each_sample_is_tested_once_and_no_group_is_broken(rows, k, seed):
    targets, groups = np.array(rows).T
    if len(np.unique(groups)) < 2:
        return
    made = folds(targets, groups, k, seed)

    assert 2 <= len(made) <= k
    assert sorted(np.concatenate([test for _, test in made]).tolist()) == list(range(len(rows)))
    for train, test in made:
        assert len(test)
        assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(rows)))
        assert not set(groups[train]) & set(groups[test])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(5, 40), min_size=1, max_size=4), st.integers(2, 5), st.integers(0, 9))
def test_without_groups_the_counts_of_a_class_differ_by_one_at_most(numbers, k, seed):
    targets = np.repeat(np.arange(len(numbers)), numbers)
    counts = [np.bincount(targets[test], minlength=len(numbers)) for _, test in folds(targets, None, k, seed)]

    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(np.sum(counts, axis=1)) <= len(numbers)


def test_with_groups_class_shares_are_near_equal():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), rng.integers(1, 8, 100))
    targets = rng.integers(0, 3, 100)[groups]
    shares = [
        np.bincount(targets[test], minlength=3) / np.bincount(targets) for _, test in folds(targets, groups, 5, 0)
    ]

    np.testing.assert_allclose(shares, 0.2, atol=0.02)


def test_folds_take_several_labels_a_picture():
    hot = np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 5)
    counts = [hot[test].sum(axis=0).tolist() for _, test in folds(hot, None, 5, 0)]

    assert counts == [[2, 2]] * 5


def test_the_same_seed_gives_the_same_folds_and_another_others():
    targets = np.arange(40) % 2
    first, again, other = (folds(targets, None, 4, seed)[0][1].tolist() for seed in (0, 0, 1))

    assert first == again != other


def test_a_class_with_fewer_pictures_than_folds_is_absent_from_some():
    made = folds(np.array([0] * 10 + [1] * 3), None, 5, 0)

    assert [(test >= 10).sum() for _, test in made].count(0) == 2


def test_fewer_groups_than_folds_make_folds_fewer_and_it_is_said(capsys):
    made = folds(np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 2, 2]), 5, 0)

    assert len(made) == 3
    assert "3 folds instead of 5" in capsys.readouterr().err


def test_one_group_makes_no_folds():
    with pytest.raises(SplitError, match="All samples are one group"):
        folds(np.array([0, 1]), np.array([4, 4]), 2, 0)


def test_one_fold_is_refused():
    with pytest.raises(SplitError, match=r"Received: k=1"):
        folds(np.array([0, 1]), None, 1, 0)


def test_two_groups_that_hold_all_classes_give_one_to_validation():
    labels = ["a", "b"] * 6
    samples = tuple(
        Sample(f"{i}", np.zeros((1, 1, 3), np.uint8), n, group="pq"[i % 4 > 1]) for i, n in enumerate(labels)
    )
    split = make_split(Dataset(samples, ("a", "b")), seed=0)

    assert sorted(map(len, split.parts.values())) == [6, 6]


def boxed(*rows, task="detect"):
    """Samples of (name, classes in it)."""
    samples = tuple(Sample(name, NO_PICTURE, label, boxes=np.zeros((len(label), 4))) for name, label in rows)
    return Dataset(samples, tuple(sorted({name for _, label in rows for name in label})), task)


def test_every_5th_takes_index_4_and_9_of_the_sorted_names():
    data = dataset(*random.Random(0).sample(pictures(a=12), 12))

    assert every_5th(data).parts["val"] == ("a04", "a09")
    assert len(every_5th(data).parts["train"]) == 10


def test_the_folds_of_every_5th_test_each_picture_once():
    data = dataset(*pictures(a=7, b=6))
    tested = [name for fold in range(5) for name in every_5th(data, fold=fold).parts["val"]]

    assert every_5th(data, fold=0).parts["val"] == ("a00", "a05", "b03")
    assert sorted(tested) == sorted(sample.name for sample in data)


def test_every_5th_leaves_the_test_part_alone_and_takes_val_as_material():
    rows = [(f"{i}", "a", part) for i, part in enumerate(["test", "train", "val", None, "train", "train", "test"])]

    assert every_5th(dataset(*rows)).parts == {"train": ("1", "2", "3", "4"), "val": ("5",), "test": ("0", "6")}


def test_every_5th_says_where_copies_are_on_both_sides():
    split = every_5th(dataset(*pictures(a=5)), group_ids=np.array([1, 2, 3, 4, 1]))

    assert split.notes == (
        "1 picture outside train has a copy in it, such as a04 (a00), so that figures there are too good.",
    )


@pytest.mark.parametrize("fold", [-1, 5])
def test_every_5th_has_five_folds(fold):
    with pytest.raises(SplitError, match=rf"every-5th has the folds 0 to 4. Received: fold={fold}"):
        every_5th(dataset(*pictures(a=9)), fold=fold)


def test_every_5th_needs_five_pictures():
    with pytest.raises(SplitError, match=r"needs five pictures or more that are not in test. Received: 4"):
        every_5th(dataset(*pictures(a=4)))


def test_pictures_that_show_nothing_are_a_stratum_of_their_own():
    data = boxed(*[(f"a{i:02d}", ("cat",)) for i in range(20)], *[(f"n{i:02d}", ()) for i in range(10)])
    split = make_split(data)

    assert strata_of(data).shape == (30, 2)
    assert classes_in(split, "val") == {"a": 4, "n": 2}


def test_of_boxes_each_class_has_its_share():
    rows = [(f"{i:02d}", ("cat", "dog") if i < 10 else ("cat",)) for i in range(40)]
    val = make_split(boxed(*rows)).parts["val"]

    assert len(val) == 8
    assert sum(name < "10" for name in val) == 2
