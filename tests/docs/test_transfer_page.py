"""docs/transfer-learning.md says of each lever what the source says, and shows what its script draws."""

import importlib.util
import re
from pathlib import Path

import pytest

from boda.training.lever_words import WORDS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("transfer", DOCS / "transfer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page():
    return (DOCS / "transfer-learning.md").read_text("utf-8")


def test_the_table_of_levers_is_what_the_source_says(script, page):
    assert script.levers() in page
    assert all(f"`{name}`" in page for name in WORDS)


def test_pictures_and_links_of_the_page_are_there(page):
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", page) if "://" not in target]

    assert targets
    assert all((DOCS / target).exists() for target in targets)


def test_what_is_measured_has_its_place(page):
    for name in ("flowers", "ants_bees"):
        assert re.search(rf"<!-- measured: {name} -->\n(?:(?!<!-- end -->).)*\n\| head \|", page, flags=re.DOTALL)


def test_a_mark_that_is_missing_is_named(script, page):
    with pytest.raises(SystemExit, match=r"no mark <!-- measured: birds -->"):
        script.replaced(page, "measured: birds", "text")
