import numpy as np
import pytest

from boda.training.sequences.baselines_text import class_of_ngrams, nearest_target, number_of_ngrams

TEXTS = ["aaa", "aab", "aba", "bbb", "bba", "bab"] * 4
LABELS = np.array([0, 0, 0, 1, 1, 1] * 4)


def test_probabilities_sum_to_1():
    p = class_of_ngrams((TEXTS, LABELS), ["ab", "", "zzz"], 0, classes=2)

    assert p.shape == (3, 2)
    assert p.sum(axis=1) == pytest.approx(np.ones(3))


def test_a_class_that_was_never_seen_is_not_impossible():
    p = class_of_ngrams((TEXTS, LABELS * 2), ["aaa"], 0, classes=4)

    assert p[0].argmax() == 0
    assert p[0, [1, 3]] == pytest.approx([1 / 26, 1 / 26])
    assert p.sum() == pytest.approx(1)


def test_one_class_alone_is_the_answer():
    p = class_of_ngrams((TEXTS[:3], LABELS[:3]), ["b"], 0, classes=2)

    assert p.tolist() == [[0.75, 0.25]]


def test_the_edge_of_a_text_counts():
    texts = ["ab", "ba"] * 10

    p = class_of_ngrams((texts, np.array([0, 1] * 10)), ["ab", "ba"], 0, classes=2)

    assert p.argmax(axis=1).tolist() == [0, 1]


def test_words_are_looked_at_whole_and_without_their_case():
    texts = ["good Day", "bad day", "a GOOD one", "one bad day"] * 5

    p = class_of_ngrams((texts, np.array([0, 1, 0, 1] * 5)), ["Good", "BAD"], 0, classes=2, words=True)

    assert p.argmax(axis=1).tolist() == [0, 1]


def test_two_texts_are_enough():
    assert class_of_ngrams((["a", "b"], np.array([0, 1])), ["a"], 0, classes=2).argmax() == 0
    assert number_of_ngrams((["a", "b"], np.array([0.0, 1.0])), ["a"], 0)[0] < 0.5


def test_equal_numbers_are_told_as_they_are():
    assert number_of_ngrams((TEXTS, np.full(24, 7.0)), ["ab", "xyz"], 0) == pytest.approx([7, 7])


def test_the_nearest_source_gives_its_target():
    found = nearest_target((["3 March", "4 April"], ["03-03", "04-04"]), ["March, the 3", "in April"])

    assert found == ["03-03", "04-04"]


def test_a_source_like_none_takes_the_first_target():
    assert nearest_target((["abc", "def"], ["1", "2"]), ["가나다"]) == ["1"]
