"""The page of augmentation steps is what the source says, with a picture for each row of the registry."""

import importlib.util
import re
from pathlib import Path

import pytest
from PIL import Image

from boda.augment import AUGMENTATIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("docs_augmentation", DOCS / "augmentation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_source_says(script):
    page = (DOCS / "augmentation.md").read_text(encoding="utf-8")

    assert page == script.write(None), "run: python docs/augmentation.py"


def test_every_step_is_on_the_page_with_its_picture():
    page = (DOCS / "augmentation.md").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(AUGMENTATIONS)
    assert [name for name in AUGMENTATIONS if not (DOCS / "pictures" / "augmentation" / f"{name}.jpg").is_file()] == []


def test_the_script_draws_every_step(script, tmp_path):
    script.write(tmp_path)

    for name in AUGMENTATIONS:
        with Image.open(tmp_path / f"{name}.jpg") as picture:
            assert picture.width > 2 * picture.height, name
