"""Seconds a step, and in all."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Clock:
    """Seconds a step, and in all."""

    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add the time that the block takes to `step`."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start

    def total(self) -> dict[str, float]:
        """Seconds a step so far, rounded, with their "total" since the beginning."""
        return {
            "total": round(time.perf_counter() - self.began, 3),
            **{k: round(v, 3) for k, v in self.seconds.items()},
        }
