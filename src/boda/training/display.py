"""What a person sees of a training: a live line with a small curve in terminals and notebooks, a line an epoch in logs.

Everything goes to standard error, and nothing with `--quiet`.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from boda.progress import Settings, console, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24  # characters of the curve
REFRESHES = 8  # a second, at most


class Display:
    """Shows a training of `epochs` epochs of `steps` batches each, while it is entered.

    Example:
        >>> with Display("last-5", epochs=8, steps=40) as display:
        ...     display.batch(0, 1, {"loss": 0.7}, images=32)
        ...     display.epoch({"epoch": 1, "loss": 0.5, "val_loss": 0.4})
    """

    def __init__(self, what: str, *, epochs: int, steps: int) -> None:
        self.what, self.epochs, self.steps = what, epochs, steps
        self._curve: list[float] = []
        self._began: float | None = None
        self._done = self._images = 0
        self._shown = -math.inf
        self._live: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        screen = console()
        if not Settings.quiet and (screen.is_terminal or screen.is_jupyter):
            from rich.live import Live

            self._live = self._stack.enter_context(Live(console=screen, transient=True, auto_refresh=False))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._live = None

    def resume(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Draw the curve of the epochs that an earlier process has done."""
        self._curve = [value for line in lines if (value := _curve_value(line)) is not None]

    def start(self) -> None:
        """Begin to count the time; what came before, such as a compilation, is not this training's speed."""
        self._began = time.monotonic()
        self._done = self._images = 0

    def batch(self, epoch: int, done: int, logs: Mapping[str, float], images: int) -> None:
        """Say that `done` batches of `epoch` (from 0) are trained, the last one with so many `images`."""
        if self._began is None:
            self.start()  # the first batch compiles
            return
        self._done, self._images = self._done + 1, self._images + images
        now = time.monotonic()
        if self._live is not None and now - self._shown >= 1 / REFRESHES:
            self._shown = now
            self._show(self._line(epoch, done, logs, now - self._began))

    def validating(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Say that the epoch is trained and measured now."""
        if self._live is not None:
            self._show(f"{head_line(self.what, epoch + 1, self.epochs, logs)} · validating")

    def epoch(self, line: Mapping[str, Any]) -> None:
        """Show the finished epoch, a line of the history: as a line in a log, in the curve in a terminal."""
        if (value := _curve_value(line)) is not None:
            self._curve.append(value)
        text = head_line(self.what, int(line["epoch"]), self.epochs, line)
        if self._live is None:
            say(text)
        else:
            self._show(f"{text}  {sparkline(self._curve)}")

    def _line(self, epoch: int, done: int, logs: Mapping[str, float], seconds: float) -> str:
        left = (self.epochs - epoch) * self.steps - done
        speed = f"{self._images / seconds:.0f} images/s" if seconds else ""
        to_go = f"{clock(seconds / self._done * left)} to go"
        parts = [head_line(self.what, epoch + 1, self.epochs, logs), f"batch {done}/{self.steps}", speed, to_go]
        return f"{' · '.join(part for part in parts if part)}  {sparkline(self._curve)}".rstrip()

    def _show(self, text: str) -> None:
        from rich.text import Text

        self._live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)


def head_line(what: str, epoch: int, epochs: int, logs: Mapping[str, Any]) -> str:
    """A line that names the epoch (from 1) and its figures.

    >>> head_line("last-5", 3, 8, {"epoch": 3, "loss": 0.51, "val_accuracy": 0.91, "learning_rate": 1e-4})
    'last-5 epoch 3/8 · loss 0.510 · val_accuracy 0.910 · learning rate 0.0001'
    """
    figures = [
        f"learning rate {value:.3g}" if name == "learning_rate" else f"{name} {value:.3f}"
        for name, value in logs.items()
        if isinstance(value, float) and name != "seconds"
    ]
    return " · ".join([f"{what} epoch {epoch}/{epochs}", *figures])


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """The last `width` of `values` as a curve of block characters, from their least to their greatest.

    >>> sparkline([3.0, 2.0, 1.0])
    '█▅▁'
    """
    shown = list(values)[-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    steps = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[int((value - low) * steps + 0.5)] for value in shown)


def clock(seconds: float) -> str:
    """Seconds as people say them.

    >>> clock(8.2), clock(75), clock(7300)
    ('8 s', '1 min 15 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _curve_value(line: Mapping[str, Any]) -> float | None:
    """What the curve shows of a line: the loss on the inner validation part, or on the training where there is none."""
    value = line.get("val_loss", line.get("loss"))
    return float(value) if isinstance(value, float) and math.isfinite(value) else None
