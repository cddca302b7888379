"""Texts to numbers and back."""

import unicodedata

import numpy as np
import pytest

from boda.data.sequences.vocabulary import BEGIN, END, PAD, UNKNOWN, Vocabulary, join_words
from boda.errors import DataError, RecipeError, RunError


def test_tokens_stand_by_falling_frequency_and_equal_ones_by_themselves():
    assert Vocabulary.of(["cabba"], "characters").tokens == ("a", "b", "c")


def test_ids_follow_the_specials_and_the_labels():
    vocabulary = Vocabulary.of(["abb"], "characters", labels=("x", "y"))

    assert vocabulary.encode("ba").tolist() == [6, 7]
    assert vocabulary.encode("ba").dtype == np.int32
    assert (vocabulary.label_id("x"), vocabulary.label_id("y"), vocabulary.size) == (4, 5, 8)


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_what_training_has_not_shown_is_unknown(unit):
    vocabulary = Vocabulary.of(["a b"], unit)

    assert vocabulary.encode("z").tolist() == [UNKNOWN]
    assert vocabulary.decode([UNKNOWN]) == "\ufffd"
    assert Vocabulary((), unit).encode("zz" if unit == "characters" else "z z").tolist() == [UNKNOWN, UNKNOWN]


def test_an_empty_text_has_no_ids():
    assert Vocabulary.of(["a"], "characters").encode("").shape == (0,)


def test_specials_and_labels_have_no_text():
    vocabulary = Vocabulary.of(["ab"], "characters", labels=("x",))

    assert vocabulary.decode([BEGIN, 4, 5, 6, END, PAD]) == "ab"


def test_characters_come_back_as_they_were():
    text = "나비 ħ 🎈\n'quote'"
    vocabulary = Vocabulary.of([text], "characters")

    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_texts_are_composed_so_that_spellings_of_one_letter_are_one():
    decomposed = unicodedata.normalize("NFD", "각é")

    assert Vocabulary.of([decomposed], "characters").encode("각é").tolist() == [5, 4]


def test_words_keep_apostrophes_and_stand_apart_from_marks_and_line_ends():
    tokens = Vocabulary((), "words").tokens_of("Don't go,\nthey\u2019re 3.")

    assert tokens == ["Don't", "go", ",", "\n", "they\u2019re", "3", "."]


def test_words_are_joined_as_they_are_written():
    assert join_words(["Well", ",", "I", "(", "you", ")", "ran", ".", "\n", "So", "-", "so", "!"]) == (
        "Well, I (you) ran.\nSo-so!"
    )


def test_tokens_that_are_given_are_not_cut():
    assert Vocabulary.of([("New York", "is")], "words").tokens == ("New York", "is")


def test_rare_tokens_and_those_over_the_limit_are_left_out():
    assert Vocabulary.of(["a a a b b c"], "words", least=2).tokens == ("a", "b")
    assert Vocabulary.of(["a a a b b c"], "words", most=1).tokens == ("a",)


def test_lower_case_holds_for_learning_and_for_encoding():
    vocabulary = Vocabulary.of(["Go go"], "words", lowercase=True)

    assert (vocabulary.tokens, vocabulary.encode("GO").tolist()) == (("go",), [4])


def test_what_is_saved_is_read_again():
    vocabulary = Vocabulary.of(["a b"], "words", lowercase=True, labels=("x",))

    assert Vocabulary.from_json(vocabulary.to_json()) == vocabulary


def test_a_wrong_file_says_where_to_take_the_right_one():
    with pytest.raises(RunError, match=r"no saved vocabulary: KeyError\('tokens'\). Take encoder.json"):
        Vocabulary.from_json({})


def test_a_unit_is_characters_or_words():
    with pytest.raises(RecipeError, match=r"characters or words. Received: unit='bytes'"):
        Vocabulary.of(["a"], "bytes")


def test_a_token_has_one_id():
    with pytest.raises(RecipeError, match="'a' stands twice"):
        Vocabulary(("a", "a"), "characters")


def test_an_id_out_of_range_is_refused():
    with pytest.raises(DataError, match="Ids are 0 to 4, but 5 came"):
        Vocabulary(("a",), "characters").decode([5])


def test_an_unknown_label_is_refused_with_those_there_are():
    with pytest.raises(DataError, match=r"no label 'z'. There are: x, y"):
        Vocabulary((), "characters", labels=("x", "y")).label_id("z")
