"""Files with a token and its tag a line to tagged sentences."""

import pytest

from boda.data.sequences import read_sequences
from boda.errors import DataError

CONLL = "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n# a comment\nPeter NNP B-NP B-PER\n"


@pytest.fixture
def tagged(tmp_path, plant):
    def read(text, name="t.conll", **options):
        return read_sequences(plant(tmp_path, {name: text}) / name, **options)

    return read


def test_empty_lines_end_sentences(tagged):
    dataset = tagged(CONLL)

    assert (dataset.task, dataset.unit) == ("tag", "words")
    assert dataset.inputs == (("EU", "rejects"), ("Peter",))
    assert dataset.targets == (("B-ORG", "O"), ("B-PER",))
    assert (dataset.names, dataset.classes) == (("t.conll:3", "t.conll:7"), ("B-ORG", "B-PER", "O"))


def test_other_columns_may_be_read(tagged):
    assert tagged(CONLL, tag_column=1).targets == (("NNP", "VBZ"), ("NNP",))


def test_tabs_separate_where_there_are_any(tagged):
    assert tagged("New York\tB-LOC\nis\tO\n").inputs == (("New York", "is"),)


def test_a_mark_may_be_a_token(tagged):
    assert tagged("# O\n1 B-X\n").inputs == (("#", "1"),)


def test_a_damaged_line_costs_its_sentence(tagged):
    dataset = tagged("a O\nb\nc O\n\nd B-X\ne O\n")

    assert dataset.inputs == (("d", "e"),)
    assert (dataset.bad[0].name, dataset.bad[0].reason) == (
        "t.conll:2",
        "expected 2 columns or more, came 'b'; its sentence was left out",
    )


def test_in_conllu_words_stand_second_and_ranges_are_passed_over(tagged):
    rows = ["# text = Vámonos", "1-2\tvámonos\t_\t_", "1\tvamos\tir\tVERB", "2\tnos\tnosotros\tPRON", "2.1\tx\tx\tX"]

    dataset = tagged("\n".join(rows), "t.conllu")

    assert (dataset.inputs, dataset.targets) == ((("vamos", "nos"),), (("VERB", "PRON"),))


def test_a_text_file_of_tags_is_known(tagged):
    assert tagged(CONLL, "t.txt").task == "tag"


def test_files_of_a_folder_are_parts(tmp_path, plant):
    names = ("eng.train", "eng.testa", "eng.testb", "LICENSE")
    dataset = read_sequences(plant(tmp_path, dict.fromkeys(names, "EU B-ORG\nis O\n")), format="conll")

    assert (dataset.names, dataset.parts) == (("eng.testa:1", "eng.testb:1", "eng.train:1"), ("val", "test", "train"))


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "expected a token and its tag a line, found none"), ("a O\nb O\n", "2 tags or more, found only 'O'")],
)
def test_what_has_no_tags_is_refused(tagged, text, told):
    with pytest.raises(DataError, match=told):
        tagged(text)
