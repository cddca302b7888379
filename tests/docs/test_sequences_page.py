"""The page of sequences is what its script makes, with pictures that are there and commands that exist."""

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from boda.cli.app import boda
from boda.cli.options import parse_setting
from boda.recipe.sequence import SequenceRecipe

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMMAND = re.compile(r"^(?:\$ )?boda ((?:train|predict|look) .*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)  # the script's other halves lie beside it
        spec = importlib.util.spec_from_file_location("docs_sequences", DOCS / "sequences.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def page():
    return (DOCS / "sequences.md").read_text(encoding="utf-8")


def section_of_readme():
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    return text.partition("## Sequences\n")[2].partition("\n## ")[0]


def parsed(line):
    name, *words = shlex.split(line, comments=True)
    group = click.Context(boda, info_name="boda")
    return boda.get_command(group, name).make_context(name, words, parent=group)


def test_what_needs_no_run_is_what_the_source_says(script, page):
    assert page == script.write(page), "run: python docs/sequences.py"


def test_every_drawn_picture_stands_on_the_page(script, page):
    for name, picture in script.pictures.draw_all().items():
        assert picture.startswith(b"\x89PNG")
        assert f"(pictures/sequences/{name}.png)" in page


def test_every_picture_of_the_page_is_there(page):
    names = re.findall(r"\((pictures/sequences/\w+\.png)\)", page)

    assert len(names) == 7
    assert all((DOCS / name).is_file() for name in names)


def test_everything_measured_has_its_place_and_is_filled_in(script, page):
    for name in script.MEASURED:
        assert re.search(rf"<!-- measured: {name} -->\n(?!<!--)", page), name


def test_the_commands_of_the_page_are_the_ones_that_its_runs_were_made_by(script, page):
    for name in ("names", "spaces", "writer", "lstm", "chorales", "addition", "kiosk"):
        assert f"$ boda {shlex.join(script.runs.command(name))}\n" in page


@pytest.mark.parametrize("where", ["page", "readme"])
def test_every_command_is_understood(page, where):
    commands = COMMAND.findall(page if where == "page" else section_of_readme())

    assert len(commands) > 5
    for line in commands:
        assert parsed(line).params, line


def test_every_setting_of_the_runs_is_one_of_the_recipe(script):
    for name in script.runs.TRAININGS:
        settings = dict(parse_setting(word) for word in script.runs.command(name) if "=" in word)

        assert isinstance(SequenceRecipe().replace(**settings), SequenceRecipe)


def test_lines_without_spaces_keep_where_words_begin(script):
    text = "x" * script.runs.LINES[0] + "\nTo be, or not to be\nshort line\n"

    assert script.runs.without_spaces(text).split("\n")[:4] == ["t B", "o I", "b B", "e I"]


def test_the_made_series_is_the_same_every_time(script):
    first, second = script.runs.kiosk(), script.runs.kiosk()

    assert first == second
    assert len(first) == script.runs.DAYS
    assert first[0][0] == "2021-01-01"


def test_a_page_without_a_mark_is_refused(script):
    with pytest.raises(SystemExit, match="has no mark <!-- made: cells -->"):
        script.write("# Sequences")
