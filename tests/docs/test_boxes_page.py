"""The page of boxes is what its script makes, with its pictures."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("docs_boxes", DOCS / "boxes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_page_is_what_the_source_says(script):
    page = (DOCS / "boxes.md").read_text(encoding="utf-8")

    assert page == script.write(page), "run: python docs/boxes.py"


def test_every_picture_is_drawn_and_stands_on_the_page(script):
    page = (DOCS / "boxes.md").read_text(encoding="utf-8")

    for name, picture in script.draw().items():
        assert picture.startswith(b"\x89PNG")
        assert f"(pictures/boxes/{name}.png)" in page
        assert (DOCS / "pictures" / "boxes" / f"{name}.png").is_file()


def test_a_page_without_a_mark_is_refused(script):
    with pytest.raises(SystemExit, match="has no mark <!-- made: formats -->"):
        script.write("# Boxes")
