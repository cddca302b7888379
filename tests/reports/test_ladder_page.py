"""The ladder's page: whole, offline, safe, at any moment of the ladder, and true to ladder.json."""

import io
import re

import pytest
from fake_ladder import HOSTILE, make_ladder
from page_reader import Page
from rich.cells import cell_len
from rich.console import Console

from boda.errors import RunError
from boda.reports.ladder_page import write_page
from boda.reports.ladder_text import summary
from boda.run import Run

ANCHORS = ["verdict", "forest", "table", "rungs", "winner", "learning", "method"]
FEW = ("head", "dropout", "last-5", HOSTILE, "all", "size-320")


def read(path):
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    return make_ladder(tmp_path_factory.mktemp("ladders") / "001", only=FEW)


@pytest.fixture(scope="module")
def page(ladder):
    return read(write_page(ladder))


def printed(run, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(summary(run))
    return file.getvalue()


def test_every_section_is_there_and_listed_and_every_tag_closed(page):
    assert [i for i in page.ids if i in ANCHORS] == ANCHORS
    assert {f"#{anchor}" for anchor in ANCHORS} <= {value for key, value in page.attributes if key == "href"}
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_anywhere(page):
    loading = [value for key, value in page.attributes if key in ("src", "href", "xlink:href", "action", "srcset")]
    assert all(value.startswith(("#", "data:image/")) for value in loading)
    assert ("content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'") in page.attributes


def test_hostile_names_are_text(page):
    assert "script" not in page.tags
    assert f"{HOSTILE} & 해바라기 $x^{{" in page.text
    assert not [key for key, _ in page.attributes if key.startswith("on")]


def test_the_verdict_stands_on_top(page):
    assert "On these 500 pictures one of three levers helps: last-5 (+3.4 points)." in page.text


def test_rungs_without_a_line_are_listed_with_their_reason(page):
    assert "Every layer thawed: left out: the time budget of 10 min; it would take about 6 min 50 s" in page.text
    assert "Larger pictures: failed: its process was killed (SIGKILL)" in page.text


def test_the_table_tells_verdict_and_cost(page):
    row = "The last five blocks thawed last-5▲ helps91.9 %89.1 to 94.3 %0.262+3.4+1.6 to +5.20.0022 min 0 s26.71,450"
    assert row in page.text


def test_a_fold_tells_how_to_ask_for_the_lever(page, ladder):
    again = f"boda train flowers --recipe {ladder.path}/recipe.toml --split {ladder.path}"
    assert f"{again} --set head.dropout=0.3" in page.text
    assert f"{again} --stages head,last-5" in page.text


def test_the_winner_stands_with_the_command_that_repeats_it(page, ladder):
    assert f"boda train flowers --recipe {ladder.path}/best.toml" in page.text
    assert "92.0 % (87.4 to 95.0) of 200 pictures held out until the end" in page.text


@pytest.mark.usefixtures("undrawn")
def test_a_winner_whose_stage_was_rolled_back_is_told_beside_its_figure(tmp_path):
    run = make_ladder(tmp_path / "001", only=FEW)
    whole = run.read_json("ladder.json")
    run.write_json("ladder.json", {**whole, "winner": {**whole["winner"], "stages": [{"stage": "all", "kept": False}]}})

    page = read(write_page(run))

    said = "ts stage all was rolled back in the final training, so this figure is that of the head alone"
    assert page.text.count(f"Careful. I{said}.") == 2  # in the verdict and below the winner's figures
    assert f"held out until the end; i{said}" in " ".join(printed(run, 400).split())


def test_the_forecast_stands_with_its_warning(page):
    assert "Careful. A weak forecast." in page.text


def test_how_it_was_measured_is_told(page):
    assert "dealt into 5 folds, 2 times over" in page.text
    assert "corrected for all levers and both scores together" in page.text


@pytest.mark.usefixtures("page")
def test_the_figures_are_there_as_png_under_names_that_no_rung_chooses(ladder):
    names = {path.name for path in (ladder.path / "figures").iterdir()}
    assert names == {"forest.png", "learning_curve.png", "rung_01.png", "rung_03.png", "rung_04.png"}
    assert all((ladder.path / "figures" / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.usefixtures("page")
def test_the_forest_tells_verdicts_by_signs_too(ladder):
    text = (ladder.path / "ladder.html").read_text("utf-8")
    assert re.search(r"<text[^>]*>▲.helps</text>", text)


@pytest.mark.usefixtures("undrawn")
def test_a_ladder_under_way_shows_what_is_done_and_no_verdict(tmp_path):
    page = read(write_page(make_ladder(tmp_path / "001", done=6)))

    assert "No verdict yet" in page.text
    assert "The ladder is not finished: 11 of 17 rungs are still to come." in page.text
    assert "Dropout in the head: done, 88.7 % (85.9 to 91.1), not compared yet" in page.text
    assert "winner" not in page.ids


@pytest.mark.usefixtures("undrawn")
def test_a_ladder_in_which_nothing_helps_says_so(tmp_path):
    page = read(write_page(make_ladder(tmp_path / "001", helps=False, only=FEW)))

    assert "none of three levers is shown to help" in page.text
    assert "No fall of the error is shown." in page.text
    assert "Careful." not in page.text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "held", [{}, {"rungs": []}, {"rungs": [{}]}, {"rungs": [{"name": "head"}, {"difference": 0.1}]}]
)
def test_any_key_may_be_missing(tmp_path, held):
    run = Run.create(tmp_path / "001", task="ladder", seed=0)
    run.write_json("ladder.json", held)

    assert "No verdict yet" in read(write_page(run)).text
    assert "ladder.html" in printed(run, 400)


@pytest.mark.usefixtures("undrawn")
def test_any_key_of_a_rung_may_be_missing(tmp_path):
    run = make_ladder(tmp_path / "001", only=("head", "last-5"))
    whole = run.read_json("ladder.json")
    base, lever = whole["rungs"]
    without = [{k: v for k, v in lever.items() if k != key} for key in lever]
    run.write_json("ladder.json", {**whole, "rungs": [base, *without]})

    assert read(write_page(run)).tags.count("details") == len(lever) + 2  # the base's and the versions' too
    assert printed(run)


@pytest.mark.usefixtures("undrawn")
def test_any_key_of_the_base_may_be_missing(tmp_path):
    run = make_ladder(tmp_path / "001", only=("head",))
    whole = run.read_json("ladder.json")

    for key in whole["rungs"][0]:
        run.write_json(
            "ladder.json", {**whole, "rungs": [{k: v for k, v in whole["rungs"][0].items() if k != key}], "winner": {}}
        )
        assert read(write_page(run)).open == []
        assert printed(run)


def test_a_run_that_is_no_ladder_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"has no ladder\.json"):
        write_page(Run.create(tmp_path / "001", task="classify", seed=0))


def test_the_terminal_shows_a_line_a_rung(ladder):
    text = printed(ladder)

    for line in (
        r"head +the base +88\.5 % .* 9\.0 s",
        r"last-5 +▲ helps +91\.9 % +\+3\.4 \(\+1\.6 to \+5\.2\) +2 min 0 s",
        r"dropout +○ no difference shown +88\.7 %",
        r"all +left out",
    ):
        assert re.search(line, text.replace("\u202f", " "))


def test_the_terminal_ends_with_reasons_winner_and_page(ladder):
    text = printed(ladder, 400).replace("\u202f", " ")

    assert "left out: the time budget of 10 min; it would take about 6 min 50 s" in text
    assert f"boda train flowers --recipe {ladder.path}/best.toml" in text
    assert str(ladder.path / "ladder.html") in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_terminal_keeps_within_its_width(ladder, width):
    assert all(cell_len(line) <= width for line in printed(ladder, width).splitlines())


def test_names_in_the_terminal_are_never_markup(tmp_path):
    run = Run.create(tmp_path / "001", task="ladder", seed=0)
    run.write_json("ladder.json", {"rungs": [{"name": "[red]a[/red]"}, {"name": "[/]"}]})

    assert "[red]a[/red]" in printed(run)
