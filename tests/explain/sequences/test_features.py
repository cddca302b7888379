import numpy as np
import pytest

from boda.explain.sequences.features import number_features, text_features

nan = np.nan


def features(text):
    return text_features(tuple(text))


def marks(values):
    return "".join("?" if np.isnan(v) else str(int(v)) for v in values)


def test_a_bracket_is_open_from_its_first_to_its_last_sign():
    assert marks(features("a(b)c(d")["inside brackets"]) == "0111011"


def test_an_empty_line_closes_a_bracket_that_was_forgotten():
    assert marks(features("(a\n\nb")["inside brackets"]) == "11100"


def test_a_closing_bracket_alone_opens_nothing():
    assert marks(features("a)b(c)")["inside brackets"]) == "000111"


def test_quotations_open_and_close_by_the_same_sign_or_by_two():
    assert marks(features('a"b"c')["inside quotes"]) == "01110"
    assert marks(features("a“b”c")["inside quotes"]) == "01110"


def test_an_apostrophe_opens_nothing():
    assert marks(features("don't")["inside quotes"]) == "00000"


def test_the_line_is_counted_from_its_break():
    assert marks(features("ab\ncd")["distance since newline"]) == "01012"


def test_what_comes_next_is_unknown_at_the_end():
    assert marks(features("aBc")["uppercase next"]) == "10?"
    assert marks(features("a\nb")["newline next"]) == "10?"


def test_a_word_ends_before_what_is_no_letter_and_blanks_are_no_words():
    assert marks(features("ab c")["word ends next"]) == "01??"


def test_hangul_syllables_are_neither_vowels_nor_consonants():
    assert marks(features("가ab1")["vowel"]) == "?10?"


def test_words_have_no_vowels_but_capitals_and_punctuation():
    found = text_features(("The", "end", ".", "Go"))

    assert "vowel" not in found
    assert marks(found["uppercase"]) == "1001"
    assert marks(found["punctuation"]) == "0010"


def test_ids_that_are_no_text_do_not_make_letters_words():
    found = text_features(("<begin>", "a", "<unknown>", "B"))

    assert marks(found["vowel"]) == "?1?0"
    assert marks(found["punctuation"]) == "0000"


def test_a_series_has_its_values_changes_and_season():
    found = number_features(np.array([[1.0], [3.0], [2.0], [5.0]]), season=4, channels=["load"])

    assert found["value of load"].tolist() == [1, 3, 2, 5]
    assert found["change of load"] == pytest.approx([nan, 2, -1, 3], nan_ok=True)
    assert found["season (cosine)"] == pytest.approx([1, 0, -1, 0], abs=1e-12)


def test_of_a_roll_the_keys_that_sound_are_counted():
    roll = np.zeros((3, 8))
    roll[0, [1, 5]] = roll[1, [5, 6]] = 1
    found = number_features(roll)

    assert found["how many sound"].tolist() == [2, 2, 0]
    assert found["highest that sounds"] == pytest.approx([5, 6, nan], nan_ok=True)
    assert found["how many change"] == pytest.approx([nan, 2, 2], nan_ok=True)
