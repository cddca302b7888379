"""What a person sees of a training: a live line in a terminal, a line an epoch in a log, nothing when quiet."""

import io

import pytest
from rich.console import Console

from boda.progress import Settings
from boda.training import display
from boda.training.display import Display, clock, head_line, sparkline


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 160 columns, and what was written to it."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=160, color_system=None)
    monkeypatch.setattr(display, "console", lambda: console)
    return file


@pytest.fixture
def time(monkeypatch):
    """A clock that goes on by a second at each look."""
    now = [0.0]

    def tick():
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr(display.time, "monotonic", tick)
    return now


def test_a_curve_goes_from_the_least_to_the_greatest():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"


def test_a_flat_curve_lies_low():
    assert sparkline([2.0, 2.0]) == "▁▁"


def test_a_curve_without_values_is_empty():
    assert not sparkline([])


def test_a_curve_shows_the_last_values():
    assert sparkline([9, 0, 1], width=2) == "▁█"


def test_the_line_names_epoch_and_figures():
    line = head_line("last-5", 3, 8, {"epoch": 3, "loss": 0.51, "learning_rate": 1e-4, "seconds": 2.0})

    assert line == "last-5 epoch 3/8 · loss 0.510 · learning rate 0.0001"


@pytest.mark.parametrize(("seconds", "said"), [(8.2, "8 s"), (59.7, "1 min 0 s"), (7300, "2 h 1 min")])
def test_a_time_as_people_say_it(seconds, said):
    assert clock(seconds) == said


def test_a_log_gets_a_line_an_epoch(capsys):
    with Display("all", epochs=2, steps=1) as shown:
        shown.batch(0, 1, {"loss": 0.7}, 32)
        shown.epoch({"epoch": 1, "loss": 0.7, "val_loss": 0.6, "seconds": 1.0})

    assert capsys.readouterr().err == "all epoch 1/2 · loss 0.700 · val_loss 0.600\n"


def test_quiet_shows_nothing(capsys, monkeypatch, terminal):
    monkeypatch.setattr(Settings, "quiet", True)
    with Display("all", epochs=2, steps=1) as shown:
        shown.batch(0, 1, {"loss": 0.7}, 32)
        shown.epoch({"epoch": 1, "loss": 0.7})

    assert capsys.readouterr().err + terminal.getvalue() == ""


@pytest.mark.usefixtures("time")
def test_a_terminal_shows_speed_and_the_time_to_go(terminal):
    with Display("all", epochs=2, steps=4) as shown:
        shown.batch(0, 1, {"loss": 0.7}, 32)  # the clock begins at 1
        shown.batch(0, 2, {"loss": 0.6}, 32)  # 2: 32 images in a second, 6 batches to go

    assert "all epoch 1/2 · loss 0.600 · batch 2/4 · 32 images/s · 6 s to go" in terminal.getvalue()


@pytest.mark.usefixtures("time")
def test_a_terminal_shows_the_curve_of_the_validation_loss(terminal):
    with Display("all", epochs=4, steps=2) as shown:
        shown.resume([{"epoch": 1, "loss": 9.0, "val_loss": 3.0}, {"epoch": 2, "loss": 9.0, "val_loss": 1.0}])
        shown.epoch({"epoch": 3, "loss": 0.5, "val_loss": 2.0})
        shown.batch(3, 1, {"loss": 0.7}, 32)
        shown.batch(3, 2, {"loss": 0.7}, 32)

    assert "0 s to go  █▁▅" in terminal.getvalue()


def test_a_terminal_says_that_it_validates(terminal):
    with Display("all", epochs=4, steps=2) as shown:
        shown.validating(0, {"loss": 0.5})

    assert "epoch 1/4 · loss 0.500 · validating" in terminal.getvalue()


def test_a_loss_that_is_no_number_stays_out_of_the_curve(terminal):
    with Display("all", epochs=4, steps=2) as shown:
        shown.epoch({"epoch": 1, "loss": 0.5, "val_loss": float("nan")})

    assert not set(display.BARS) & set(terminal.getvalue())
