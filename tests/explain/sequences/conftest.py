import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_network import FakeNetwork


@pytest.fixture
def network():
    return FakeNetwork()
