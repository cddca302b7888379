"""The examples run, and print what they promise."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name, tmp_path):
    """What the example `name` prints."""
    ran = subprocess.run(
        [sys.executable, EXAMPLES / name], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_own_pictures_ends_with_answers(tmp_path):
    printed = run("own_pictures.py", tmp_path)

    assert "100 pictures, 0 damaged" in printed
    assert printed.count("% sure") == 3


@pytest.mark.slow
def test_scikit_learn_cross_validates_the_classifier(tmp_path):
    assert "accuracy in three folds: [" in run("scikit_learn_habits.py", tmp_path)


def test_each_example_has_a_test():
    tested = Path(__file__).read_text(encoding="utf-8")

    assert [p.name for p in EXAMPLES.glob("*.py") if p.name not in tested] == []
