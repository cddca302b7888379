import pytest
from hypothesis import given
from hypothesis import strategies as st

from boda.metrics.edits import edit_distance, edits


def plain(a, b):
    """The textbook table."""
    table = [[i + j for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            swap = table[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            table[i][j] = min(swap, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]


@given(st.text("abc", max_size=9), st.text("abcd", max_size=9))
def test_the_distance_is_that_of_the_textbook_table(a, b):
    assert edit_distance(a, b) == edit_distance(b, a) == plain(a, b)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("", "abc", 3), ("579", "57", 1), ("kitten", "sitting", 3), ("한글", "한국", 1)],
)
def test_the_distance_by_hand(a, b, distance):
    assert edit_distance(a, b) == distance


def test_tokens_are_compared_whole():
    assert edit_distance(["good", "morning"], ["good", "day"]) == 1


def test_every_answer_has_its_edits():
    assert edits(["abc", "x"], ["abc", "yz"]).tolist() == [0, 2]
