"""Tables with a text a row to texts and labels, numbers or pairs."""

import sys

import pandas as pd
import pytest

from boda.data.sequences import read_sequences
from boda.errors import DataError, LabelError


def bad(dataset):
    return [(entry.name, entry.reason) for entry in dataset.bad]


@pytest.fixture
def table(tmp_path, plant):
    def read(text, name="t.csv", **options):
        return read_sequences(plant(tmp_path, {name: text}) / name, **options)

    return read


def test_columns_are_found_by_their_names(table):
    dataset = table(
        "id,Review,Sentiment,split,who\n1,Good,pos,train,a\n2,Bad,neg,dev,b\n3,So,neg,,a\n", group_column="who"
    )

    assert (dataset.task, dataset.inputs, dataset.targets) == ("classify", ("Good", "Bad", "So"), ("pos", "neg", "neg"))
    assert (dataset.parts, dataset.groups) == (("train", "val", None), ("a", "b", "a"))
    assert (dataset.names[0], dataset.classes) == ("t.csv:2", ("neg", "pos"))
    assert dataset.notes == ("Column 'Review' was read as text and 'Sentiment' as label.",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'text;label\n"a; ""b""\nc";x\nd;y\n'),
        ("t.csv", 'text,label\n"a; ""b""\nc",x\nd,y\n'),
    ],
)
def test_quotes_hold_separators_and_line_ends(table, name, text):
    assert table(text, name).inputs == ('a; "b"\nc', "d")
    assert table(text, name).names == ("t.csv:2", "t.csv:4")


def test_in_a_file_with_tabs_each_line_is_a_row_and_quotes_are_letters(table):
    dataset = table('text\tlabel\n"Stop, he said\tx\n"all ""quoted"""\ty\n', "t.tsv")

    assert dataset.inputs == ('"Stop, he said', 'all "quoted"')


def test_a_tab_separated_text_file_with_known_columns_is_a_table(table):
    dataset = table("id\tdocument\tlabel\n1\t좋아요\t1\n2\t싫어요\t0\n", "ratings.txt")

    assert (dataset.inputs, dataset.classes) == (("좋아요", "싫어요"), ("0", "1"))


def test_many_numbers_are_regressed_unless_told(table):
    text = "text,score\n" + "".join(f"a{i},{i / 2}\n" for i in range(21))

    assert (table(text).task, table(text).targets[:2]) == ("regress", (0.0, 0.5))
    assert 'the task is "regress"' in table(text).notes[0]
    assert table(text, task="classify").targets[:2] == ("0.0", "0.5")


def test_few_numbers_are_classes(table):
    assert table("text,stars\na,1\nb,2\nc,1\n").classes == ("1", "2")


@pytest.mark.parametrize("header", ["source\ttarget", "Question\tAnswer", "input\toutput"])
def test_two_texts_are_pairs(table, header):
    dataset = table(f"{header}\n12+3\t15\n1+1\t2\n", "t.tsv")

    assert (dataset.task, dataset.inputs, dataset.targets, dataset.classes) == (
        "pairs",
        ("12+3", "1+1"),
        ("15", "2"),
        (),
    )


@pytest.mark.parametrize("name", ["t.tsv", "fra.txt"])
def test_pairs_may_have_no_header(table, name):
    dataset = table("Go.\tVa !\tby x\nHi.\tSalut.\tby y\n", name, task="pairs")

    assert (dataset.inputs, dataset.targets) == (("Go.", "Hi."), ("Va !", "Salut."))
    assert "first line was read as a pair" in dataset.notes[0]


def test_columns_may_be_named(table):
    text = "a,b,c\nx,y,1\nz,w,2\n"

    assert table(text, source_column="b", target_column="a").inputs == ("y", "w")
    assert table(text, text_column="a", label_column="c").targets == ("1", "2")


def test_texts_without_labels_are_a_language(table):
    dataset = table("text\nOnce upon a time there was\nanother\n", task="language")

    assert (dataset.targets, dataset.classes, dataset.unit) == ((None, None), (), "characters")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("one", "expected 3 cells, as in the header, came 1; a cell with the separator in it must stand in quotes"),
        ("a,b,c,d", "expected 3 cells, as in the header, came 4; a cell with the separator in it must stand in quotes"),
        ("a,,", "column 'label' is empty"),
        (" ,x,", "the text is empty"),
        ("a,x,later", "expected train, val or test in column 'split', came 'later'"),
        ("a\x00b,x,", "a control character, U+0000, at column 2; remove it"),
        ('"a" b,x,', "expected CSV, but: ',' expected after '\"'; is a quote never closed?"),
    ],
)
def test_a_damaged_row_is_named_and_the_others_stand(table, row, reason):
    dataset = table(f"text,label,split\nfirst,x,\n{row}\nlast,y,\n")

    assert dataset.inputs == ("first", "last")
    assert bad(dataset) == [("t.csv:3", reason)]


def test_a_quote_that_is_never_closed_costs_one_row(table):
    dataset = table('text,label\nfirst,x\n"open,x\nlast,y\n')

    assert dataset.inputs == ("first", "last")
    assert bad(dataset)[0][0] == "t.csv:3"


def test_empty_cells_at_the_end_of_a_row_are_nothing(table):
    assert table("text,label\na,x,,\nb,y\n").bad == ()


def test_a_number_that_is_none_is_a_bad_row(table):
    dataset = table("text,score\na,1.5\nb,much\nc,nan\n", task="regress")

    assert dataset.targets == (1.5,)
    assert bad(dataset)[0] == ("t.csv:3", "expected a number in column 'score', came 'much'")


def test_long_cells_are_read(table):
    assert len(table(f'text,label\n"{"a " * 100_000}",x\nb,y\n').inputs[0]) == 199_999


def test_a_wrong_column_is_refused_with_a_near_one(table):
    with pytest.raises(DataError, match=r"text_column is 'txt', but there is no such column. Did you mean 'text'"):
        table("text,label\na,x\n", text_column="txt")


def test_a_table_without_a_text_says_how_to_name_it(table):
    with pytest.raises(DataError, match=r"expected a column called text, sentence, .* Name yours by text_column"):
        table("a,b\nx,y\n")


def test_a_column_that_stands_twice_is_refused(table):
    with pytest.raises(DataError, match="column 'text' stands twice"):
        table("text,text,label\na,b,x\n")


@pytest.mark.parametrize("text", ["", "text,label\n", "text,label\n\n"])
def test_an_empty_table_is_refused(table, text):
    with pytest.raises(DataError, match="expected rows below the header, found none"):
        table(text, task="classify")


def test_a_table_of_bad_rows_is_refused_with_the_first(table):
    with pytest.raises(DataError, match=r"none of 1 rows can serve; the first is t.csv:2: column 'label' is empty"):
        table("text,label\na,\n")


def test_one_column_makes_no_pairs(table):
    with pytest.raises(DataError, match="expected columns of pairs, such as source and target, found: a"):
        table("a\nb\n", task="pairs")


def test_a_class_in_test_alone_is_refused(table):
    with pytest.raises(LabelError, match="class 'z' is in test, but not in train"):
        table("text,label,split\na,x,train\nb,y,train\nc,z,test\n")


def test_a_data_frame_is_read_as_a_file():
    dataset = read_sequences(pd.DataFrame({"text": ["a", None, "c"], "label": [1.0, 2.0, 2.0]}))

    assert (dataset.inputs, dataset.targets) == (("a", "c"), ("1", "2"))
    assert bad(dataset) == [("row:2", "the text is empty")]


def test_parquet_is_read_by_pandas(table, monkeypatch):
    monkeypatch.setattr(pd, "read_parquet", lambda _: pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}))

    assert table(b"PAR1", "t.parquet").names == ("t.parquet:1", "t.parquet:2")


def test_without_pandas_parquet_says_what_to_install(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(DataError, match="pip install pandas pyarrow"):
        table(b"PAR1", "t.parquet")


def test_a_damaged_parquet_file_is_refused(table, monkeypatch):
    def refuse(_):
        raise ValueError("no magic bytes")

    monkeypatch.setattr(pd, "read_parquet", refuse)

    with pytest.raises(DataError, match="expected a Parquet file, but: no magic bytes"):
        table(b"PAR1", "t.parquet")


@pytest.mark.parametrize(
    ("text", "first"), [("김,a".encode("cp949"), "not utf-8: byte 0xb1"), (b"a\x1b,b", r"U\+001B")]
)
def test_a_table_without_a_good_row_tells_the_first_damage(table, text, first):
    with pytest.raises(DataError, match=rf"found none that can be read. The first damaged row is t.csv:2: .*{first}"):
        table(b"text,label\n" + text + b"\n")


def test_a_damaged_header_is_no_reason_to_take_a_row_for_it(table):
    with pytest.raises(DataError, match=r"t.csv: the header, line 1, cannot be read: not utf-8: byte 0xb9"):
        table("문장,라벨\n".encode("cp949") + b"good,a\nbad,b\n")


def test_named_columns_of_texts_make_no_series_of_a_table_with_dates(table):
    text = "date,said,mood\n2024-01-01,Good,pos\n2024-01-02,Bad,neg\n"

    assert table(text, text_column="said", label_column="mood").inputs == ("Good", "Bad")
    with pytest.raises(DataError, match="If it holds texts, name their column by text_column"):
        table(text + "2024-01-03,So,pos\n2024-01-04,So,neg\n")


def test_numbers_with_fractions_are_measured_and_no_classes(tmp_path):
    rows = "".join(f"text {i},{i % 4 + 0.5}\n" for i in range(12))
    (tmp_path / "score.csv").write_text(f"text,label\n{rows}", encoding="utf-8")

    assert read_sequences(tmp_path / "score.csv").task == "regress"
