"""Ctrl-C and SIGTERM as a flag that is asked between two steps, so that nothing is cut in the middle."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, Self

from boda.errors import Interrupted

if TYPE_CHECKING:
    from types import FrameType

WORDS = {signal.SIGINT: "stopped by Ctrl-C", signal.SIGTERM: "terminated"}


class Stop:
    """While it is entered, the first Ctrl-C or SIGTERM only sets `number`; `check` turns that into Interrupted.

    A second Ctrl-C raises KeyboardInterrupt at once. Leaving restores the handlers that were there before.
    A signal that the process ignores stays ignored, and outside of the main thread nothing is changed
    (Python allows no handlers there). It may be entered again while it is entered.

    Example:
        >>> with Stop() as stop:
        ...     stop.check()  # a long loop calls this at each turn
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}
        self._depth = 0

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth == 1 and threading.current_thread() is threading.main_thread():
            for number in WORDS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            for number, handler in self._before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: not set from Python
            self._before.clear()

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 where nothing came."""
        return 0 if self.number is None else 128 + self.number

    @property
    def word(self) -> str:
        """What came, in words."""
        return "not stopped" if self.number is None else WORDS[signal.Signals(self.number)]

    def check(self) -> None:
        """Raise Interrupted where a signal has come."""
        if self.number is not None:
            raise Interrupted(f"{self.word}.", self.exit_code)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signal's interface
        if self.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = number
