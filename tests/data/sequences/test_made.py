"""Pairs that are made."""

import re
from datetime import date, timedelta

import pytest

from boda.data.sequences import read_sequences
from boda.data.sequences.made import FIRST, LAST, SPELLINGS, make_addition, make_dates, write_pairs
from boda.errors import DataError, RecipeError


def test_sums_are_right_and_differ():
    sources, targets = make_addition(2000, seed=1)

    assert len(set(sources)) == 2000
    for source, target in zip(sources, targets, strict=True):
        first, second = map(int, re.fullmatch(r"(0|[1-9]\d{0,2})\+(0|[1-9]\d{0,2})", source).groups())
        assert str(first + second) == target


def test_short_numbers_are_no_rarity():
    lengths = [len(source.split("+")[0]) for source in make_addition(300)[0]]

    assert all(lengths.count(n) > 50 for n in (1, 2, 3))


@pytest.mark.parametrize("make", [make_addition, make_dates])
def test_the_seed_decides(make):
    assert make(50, 1) == make(50, 1) != make(50, 2)


def test_all_sums_can_be_made_but_no_more():
    assert len(set(make_addition(100, digits=1)[0])) == 100
    with pytest.raises(RecipeError, match=r"There are 100 sums of numbers with up to 1 digits. Received: n=101"):
        make_addition(101, digits=1)
    with pytest.raises(RecipeError, match="Received: digits=0"):
        make_addition(1, digits=0)


def test_no_spelling_stands_for_two_dates():
    answers = {}
    for day in (date(1998, 1, 1) + timedelta(days=i) for i in range(6 * 365)):
        for spell in SPELLINGS:
            if text := spell(day):
                assert answers.setdefault(text, day) == day, text


def test_two_digits_tell_the_year():
    assert date(FIRST.year + 100, FIRST.month, FIRST.day) > LAST


def test_a_date_has_many_spellings():
    spelled = {spell(date(1998, 3, 3)) for spell in SPELLINGS}

    assert len(spelled) >= 18
    assert {"Tuesday, 3 March 1998", "3/3/98", "1998년 3월 3일", "Mar 3, 1998", "3.3.1998"} <= spelled


def test_a_day_that_could_be_a_month_has_no_slashes():
    assert not any("/" in spell(date(1998, 3, 4)).replace("1998/03/04", "") for spell in SPELLINGS)


def test_dates_differ_and_are_iso():
    sources, targets = make_dates(3000)

    assert len(set(sources)) == 3000
    assert all(date.fromisoformat(target).isoformat() == target for target in targets)
    with pytest.raises(RecipeError, match="Up to 200,000 dates"):
        make_dates(200_001)


def test_pairs_are_read_as_they_were_written(tmp_path):
    sources, targets = ['"a" b', '"c"', "1+1"], ["x, y", "'z'", "2"]
    data = read_sequences(write_pairs(tmp_path / "p.tsv", sources, targets, ["train", "val", None]))

    assert (data.task, list(data.inputs), list(data.targets)) == ("pairs", sources, targets)
    assert data.parts == ("train", "val", None)


def test_texts_that_no_cell_holds_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no tab and no line end, but 'a\\tb' does"):
        write_pairs(tmp_path / "p.tsv", ["a\tb"], ["c"])
    with pytest.raises(DataError, match="lists of one length, came 1, 2"):
        write_pairs(tmp_path / "p.tsv", ["a"], ["c", "d"])
