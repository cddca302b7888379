import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_run import make_run


@pytest.fixture(scope="session")
def session_run(tmp_path_factory):
    """One Run for tests that only read it."""
    return make_run(tmp_path_factory.mktemp("runs") / "001")


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "001")
