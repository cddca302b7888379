import pytest
from fake_sequence_run import HOSTILE, TASKS
from page_reader import Page

from boda.reports.contents import Contents
from boda.reports.sequences.data import data_sentence
from boda.reports.sequences.look_page import look_page
from boda.reports.sequences.look_text import look_lines
from boda.reports.sequences.text import columns, compact_score, summary_lines


@pytest.mark.parametrize("task", TASKS)
def test_a_summary_begins_with_the_scores_and_ends_with_what_next(sequence_runs, task):
    lines = summary_lines(Contents.read(sequence_runs[task]))

    assert lines[1].startswith("boda ")
    assert lines[-2:] == ["What next", "boda train x  Try more units"]
    assert any(line.startswith("report") and line.endswith("report.html") for line in lines)


def test_a_summary_names_the_baselines_and_their_intervals(sequence_runs):
    text = "\n".join(summary_lines(Contents.read(sequence_runs["language"])))

    assert "on 20 validation pieces with 5,120 characters" in text
    assert "2.19 to 2.42" in text
    assert "4.48 equally likely" in text


def test_columns_count_hangul_as_two_letters():
    assert columns([("한국", "1"), ("abcd", "22")], figures=1) == ["한국   1", "abcd  22"]


def test_a_score_is_compact(sequence_runs):
    assert compact_score(sequence_runs["tag"].metrics) == "91.0\u202f% (88.0 to 94.0\u202f%)"
    assert compact_score(sequence_runs["music"].metrics) == "nats a step 8.40 (8.30 to 8.50)"


@pytest.fixture
def summaries(sequence_runs):
    return {task: {"data": f"/x/{task}", **run.read_json("data.json")} for task, run in sequence_runs.items()}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("task", TASKS)
def test_what_was_found_is_a_page_without_a_run(summaries, task):
    page = Page(look_page(summaries[task]))

    assert page.open == []
    assert page.ids == ["data", "problems"]
    assert "script" not in page.tags


@pytest.mark.usefixtures("undrawn")
def test_an_audit_with_nothing_in_it_is_a_page():
    assert Page(look_page({})).open == []


@pytest.mark.usefixtures("undrawn")
def test_damage_leaks_and_copies_are_told(summaries):
    text = Page(look_page(summaries["classify"])).text

    assert "25 rows or files left out, and why" in text
    assert "… and 23 more" in text
    assert "2 texts: the same in two parts at once" in text
    assert "a.txt:1 = b.txt:2" in text
    assert HOSTILE in text


def test_what_was_found_is_told_in_lines(summaries):
    lines = look_lines(summaries["classify"])

    assert lines[0].startswith("120 texts, of 2 to 19 characters (half of them up to 7).")
    assert "2 texts in two parts." in lines


def test_nothing_wrong_is_said():
    assert look_lines({"n": 1, "task": "tag"})[-1] == "Nothing wrong was found."


def test_equal_lengths_are_said_once():
    assert data_sentence({"n": 3, "lengths": {"least": 4, "median": 4, "most": 4}}) == "3 texts, all of 4 steps."


def test_many_classes_are_cut_in_the_middle():
    counts = {f"c{i}": 100 - i for i in range(40)}

    lines = look_lines({"n": 9, "task": "classify", "classes": counts})
    assert any("… 24 more" in line for line in lines)
