"""Lever words: no lever lacks them, and they are sentences."""

from dataclasses import fields

import pytest

from boda.recipe import HeadRecipe, Stage
from boda.training.lever_words import WORDS

EXPECTED = {
    *(f"head.{field.name}" for field in fields(HeadRecipe)),
    *(f"stage.{field.name}" for field in fields(Stage)),
    "size",
    "resize",
}


def test_every_lever_has_words_and_no_words_lack_a_lever():
    assert set(WORDS) == EXPECTED


@pytest.mark.parametrize("name", sorted(WORDS))
def test_words_are_a_title_and_a_sentence_each(name):
    lever = WORDS[name]

    assert lever.name == name
    assert lever.title[0].isupper()
    assert not lever.title.endswith(".")
    for sentence in (lever.does, lever.helps):
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
        assert sentence.count(". ") == 0
