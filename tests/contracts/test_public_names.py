"""What boda shows the world: its public names, and what importing it costs."""

import inspect

import pytest

import boda

LIGHT = """
import sys
import boda

heavy = {"numpy", "keras", "tensorflow", "rich", "PIL", "openvino", "sklearn", "click"} & set(sys.modules)
sys.exit(f"imported {sorted(heavy)}" if heavy else 0)
"""


def test_the_public_names_are_sorted_and_each_stands_once():
    assert boda.__all__ == sorted(set(boda.__all__))


@pytest.mark.parametrize("name", boda.__all__)
def test_a_public_name_can_be_imported_and_says_what_it_is(name):
    thing = getattr(boda, name)

    assert inspect.getdoc(thing)
    assert thing.__name__ == name


def test_importing_boda_imports_nothing_heavy(python):
    python(LIGHT)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'boda' has no attribute 'tain'"):
        _ = boda.tain


def test_dir_lists_the_public_names():
    assert set(dir(boda)) >= set(boda.__all__)
