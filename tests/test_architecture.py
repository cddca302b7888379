"""The house: what holds for every module."""

import ast
from pathlib import Path

import pytest

import boda

SOURCE = Path(boda.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(SOURCE).as_posix())
def test_every_module_says_what_it_is(module):
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))

    assert docstring
