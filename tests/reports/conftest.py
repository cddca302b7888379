import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_box_run import make_box_run
from fake_run import make_run

from boda.reports import canvas


@pytest.fixture(scope="session")
def session_run(tmp_path_factory):
    """One Run for tests that only read it."""
    return make_run(tmp_path_factory.mktemp("runs") / "001")


@pytest.fixture(scope="session")
def session_locate_run(tmp_path_factory):
    """One Run of one box a picture, for tests that only read it."""
    return make_box_run(tmp_path_factory.mktemp("runs") / "locate", task="locate")


@pytest.fixture(scope="session")
def session_detect_run(tmp_path_factory):
    """One Run of many boxes a picture, for tests that only read it."""
    return make_box_run(tmp_path_factory.mktemp("runs") / "detect", task="detect")


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "001")


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are made but not rendered, which takes most of the time."""
    monkeypatch.setattr(canvas, "to_png", lambda _: b"")
    monkeypatch.setattr(canvas, "to_svg", lambda _figure, _name: "<svg></svg>")
