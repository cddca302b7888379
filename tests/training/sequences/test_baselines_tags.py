import numpy as np

from boda.training.sequences.baselines_tags import MOST, _drawn, frequent_tags, neighbour_tags


def test_a_word_has_its_most_frequent_tag_and_an_unknown_one_that_of_all():
    train = ([["run", "run", "run", "home"], ["the", "a", "an"]], [["V", "V", "N", "N"], ["D", "D", "D"]])

    assert frequent_tags(train, [["run", "home", "fox"], []]) == [["V", "N", "D"], []]


def test_of_equally_frequent_tags_the_first_by_name_is_taken():
    assert frequent_tags(([["run", "run"]], [["V", "N"]]), [["run"]]) == [["N"]]


def test_neighbours_tell_what_the_word_alone_cannot():
    tokens, tags = [["to", "run"], ["a", "run"]] * 10, [["P", "V"], ["D", "N"]] * 10

    assert frequent_tags((tokens, tags), [["to", "run"]]) == [["P", "N"]]
    assert neighbour_tags((tokens, tags), [["to", "run"], [], ["a", "run"]], seed=0) == [["P", "V"], [], ["D", "N"]]


def test_the_end_of_an_unknown_word_tells_its_tag():
    words = ["running", "walking", "singing", "table", "house", "mouse"]
    train = ([[word] for word in words * 3], [[tag] for tag in ["V", "V", "V", "N", "N", "N"] * 3])

    assert neighbour_tags(train, [["talking"], ["spouse"]], seed=0) == [["V"], ["N"]]


def test_one_tag_alone_is_the_answer():
    assert neighbour_tags(([["a"]], [["X"]]), [["b", "c"]], seed=0) == [["X", "X"]]


def test_nothing_held_out_has_no_tags():
    assert neighbour_tags(([["a", "b"]], [["X", "Y"]]), [], seed=0) == []


def test_sentences_are_drawn_until_there_are_enough_tokens():
    tokens = [["x"] * 1000] * 100

    some, tags = _drawn((tokens, tokens), seed=0)

    assert sum(map(len, some)) == sum(map(len, tags)) == MOST


def test_one_sentence_is_kept_however_long():
    some, _ = _drawn(([["x"] * (MOST + 1)], [["x"] * (MOST + 1)]), seed=0)

    assert np.size(some) == MOST + 1
