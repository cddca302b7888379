"""Work on the pictures of a batch, shared among threads that live on from batch to batch."""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = 4  # pictures; below that, threads cost more than they give


def share(work: Callable[[int], None], n: int, threads: int) -> None:
    """Call `work` for 0 to n - 1, in at most as many threads as there are processors, each with its share.

    An error is that of the first share that has one; the others are done by then.
    """
    threads = min(threads, os.cpu_count() or 1)
    if threads < 2 or n < FEW:
        _work_through(work, range(n))
        return
    shares = [_pool(os.getpid(), threads).submit(_work_through, work, range(k, n, threads)) for k in range(1, threads)]
    try:
        _work_through(work, range(0, n, threads))
    finally:
        errors = [error for error in (share.exception() for share in shares) if error is not None]
    if errors:
        raise errors[0]


def _work_through(work: Callable[[int], None], places: range) -> None:
    for i in places:
        work(i)


@functools.cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a forked process needs a pool of its own
    """Threads that live on, with their scratch: a new thread for each batch would cost a third of the speed."""
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="boda-images")
