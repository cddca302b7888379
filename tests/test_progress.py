"""Progress in a log: how far it is, and how long the rest takes."""

import itertools

import pytest

from boda import progress


@pytest.fixture
def clock(monkeypatch):
    """The first item takes 60 seconds, all others 6; a line comes every 10."""
    times = itertools.chain([0.0, 60.0], itertools.count(66.0, 6.0))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))


@pytest.mark.usefixtures("clock")
def test_what_is_loaded_once_does_not_count_into_the_time_to_go(capsys):
    assert list(progress.track(range(10), "features")) == list(range(10))
    lines = capsys.readouterr().err.splitlines()

    assert lines[0] == "features 1/10"
    assert lines[1] == "features 3/10, 42 s to go"
    assert lines[-1] == "features 9/10, 6 s to go"
