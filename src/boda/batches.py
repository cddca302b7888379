"""Samples become batches of pixels, ahead of time, by threads, in order and in bounded memory."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
B = TypeVar("B")
AHEAD = 32


def in_order(function: Callable[[A], B], items: Iterable[A], threads: int | None = None) -> Iterator[B]:
    """`map(function, items)` by threads: in order, at most `AHEAD` results wait, an error is raised in its turn."""
    pool = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    waiting: deque[Future[B]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def batched(pictures: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Stack `pictures`, all of one shape, into arrays (up to `size`, h, w, c)."""
    batch: list[np.ndarray] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == size:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)
