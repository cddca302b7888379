"""Samples become batches of pixels, ahead of time, by threads, in order and in bounded memory.

`Batches` fills rows of arrays; `in_order` and `batched` are for plain streams of pictures.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from boda.errors import DataError, ImageError, RecipeError, WorkerError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from numpy.typing import DTypeLike

A = TypeVar("A")
B = TypeVar("B")
AHEAD = 32
THREAD = "boda-batches"
LOOK_SECONDS = 1.0
GOODBYE_SECONDS = 1.0
_ORDER = 4  # keeps the order of samples apart from other draws of the same seed and epoch


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Filled rows (m, ...), the samples that they show, (m,) int64, and what `fill` returned for each."""

    rows: np.ndarray
    indices: np.ndarray
    returned: list[Any]


def shuffled(n: int, *, seed: int, epoch: int) -> np.ndarray:
    """The order of `n` samples in one epoch, (n,) int64: a function of (seed, epoch), both 0 or more, alone.

    Example:
        >>> sorted(shuffled(4, seed=1, epoch=0).tolist())
        [0, 1, 2, 3]
    """
    return np.random.default_rng((seed, epoch, _ORDER)).permutation(n)


class Batches:
    """One epoch of batches, filled by threads while the last one is trained on.

    Whatever the number of threads, batches come in order, with each sample of `indices` once, and with the same bytes,
    as long as `fill` writes the whole row and depends on its index alone. The arrays of batches that nobody holds any
    more, not even as a view, are filled again: pages that the system has to hand out cost as much as a warp.

    Args:
        fill: `fill(index, row)` writes sample `index` into `row`, an array of `shape`; what it returns, such as a
            label, goes with the batch. It should release the interpreter's lock, as decoding, NumPy and boda's
            augmentation do.
        indices: the samples in their order, such as `shuffled(n, seed=seed, epoch=epoch)`.
        shape: of one row, such as (h, w, c).
        dtype: of the batches.
        batch_size: rows of a batch; the last one may be smaller.
        threads: one a core unless given; 0 fills in the caller's own thread, when a batch is asked for.
        ahead: at most so many batches are in the making or wait, beside the one that the caller works on.
        on_bad: "error" raises where a picture cannot be read; "skip" leaves it out, lists it in `bad`, and gives a
            smaller batch.
        name: what a sample is called in messages, from its index.
        patience: seconds that one sample may take before its thread is said to hang.

    Raises:
        RecipeError: an argument out of its range.

    Iterating raises an error of `fill` when its batch is due, with the sample's name; WorkerError within seconds
    where a thread has died or hangs; DataError where every sample was left out.

    Example:
        >>> def fill(index, row):
        ...     row[...] = index
        >>> [batch.rows.tolist() for batch in Batches(fill, [3, 1, 2], shape=(), batch_size=2)]
        [[3.0, 1.0], [2.0]]
    """

    def __init__(
        self,
        fill: Callable[[int, np.ndarray], Any],
        indices: Sequence[int] | np.ndarray,
        shape: tuple[int, ...],
        dtype: DTypeLike = np.float32,
        *,
        batch_size: int = 32,
        threads: int | None = None,
        ahead: int = 2,
        on_bad: Literal["error", "skip"] = "error",
        name: Callable[[int], str] = "sample {}".format,
        patience: float = 60.0,
    ) -> None:
        self.fill = fill
        self.indices = np.array(indices, np.int64)
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.batch_size = batch_size
        self.threads = (os.cpu_count() or 1) if threads is None else threads
        self.ahead = ahead
        self.on_bad = on_bad
        self.name = name
        self.patience = patience
        self._bad: dict[int, BadFile] = {}
        self._check()

    def __len__(self) -> int:
        return (len(self.indices) + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        given = 0
        with contextlib.closing(_by_threads(self) if self.threads else _by_the_caller(self)) as trays:
            for batch in map(self._checked, trays):
                if len(batch.rows):
                    given += 1
                    yield batch
        if len(self) and not given:
            raise DataError(f"none of {len(self.indices)} samples can be read; the first: {self.bad[0].reason}")

    @property
    def bad(self) -> tuple[BadFile, ...]:
        """The samples left out so far, each once, with the reason."""
        return tuple(self._bad.values())

    def _check(self) -> None:
        facts = {
            "batch_size must be 1 or more": self.batch_size >= 1,
            "threads must be 0 or more": self.threads >= 0,
            "ahead must be 1 or more": self.ahead >= 1,
            "patience must be above 0": self.patience > 0,
            'on_bad must be "error" or "skip"': self.on_bad in ("error", "skip"),
        }
        for wanted, fact in facts.items():
            if not fact:
                raise RecipeError(f"Batches: {wanted}. Received: {getattr(self, wanted.split()[0])!r}.")

    def _checked(self, tray: _Tray) -> Batch:
        """The batch of a full tray, without what could not be read."""
        for row, error in sorted(tray.errors.items()):
            self._judge(int(tray.indices[row]), error)
        good = [row for row in range(len(tray.indices)) if row not in tray.errors]
        if not tray.errors:
            return Batch(tray.rows, tray.indices, tray.returned)
        return Batch(tray.rows[good], tray.indices[good], [tray.returned[row] for row in good])

    def _judge(self, index: int, error: Exception) -> None:
        """List a picture that cannot be read, or raise its error with its name."""
        name, unreadable = self.name(index), isinstance(error, (ImageError, OSError))
        if unreadable and self.on_bad == "skip":
            self._bad.setdefault(index, BadFile(name, _reason(error)))
        elif unreadable:
            raise ImageError(f"{name}: {_reason(error)}") from error
        else:
            error.add_note(f"This happened while {name} was filled in.")
            raise error


@dataclass(slots=True, eq=False)
class _Tray:
    """A batch in the making: its rows, and how many of them are not filled yet."""

    rows: np.ndarray
    indices: np.ndarray
    left: int
    returned: list[Any]
    errors: dict[int, Exception] = field(default_factory=dict)

    def fill(self, row: int, fill: Callable[[int, np.ndarray], Any]) -> None:
        try:
            self.returned[row] = fill(int(self.indices[row]), self.rows[row, ...])
        except Exception as error:  # noqa: BLE001 - raised by the caller when this batch is due
            self.errors[row] = error


class _Trays:
    """Where trays come from: the newest arrays are kept, and are used again when nobody else holds them."""

    def __init__(self, plan: Batches) -> None:
        self.plan = plan
        self.arrays: deque[np.ndarray] = deque(maxlen=plan.ahead + 2)

    def empty(self, number: int) -> _Tray:
        size = self.plan.batch_size
        indices = self.plan.indices[number * size : (number + 1) * size]
        return _Tray(self._array()[: len(indices)], indices, len(indices), [None] * len(indices))

    def _array(self) -> np.ndarray:
        free = [array for array, holders in zip(self.arrays, _holders(self.arrays), strict=True) if holders <= ALONE]
        if free:
            return free[0]
        self.arrays.append(np.empty((self.plan.batch_size, *self.plan.shape), self.plan.dtype))
        return self.arrays[-1]


def _holders(arrays: Iterable[np.ndarray]) -> list[int]:
    """How many hold each array, views of it too; what CPython itself holds while it counts is counted with them."""
    return [sys.getrefcount(array) for array in arrays]


ALONE = _holders(deque([np.empty(0)]))[0]


def _by_the_caller(plan: Batches) -> Generator[_Tray, None, None]:
    """Full trays in order, each filled when it is asked for."""
    source = _Trays(plan)
    for number in range(len(plan)):
        tray = source.empty(number)
        for row in range(len(tray.indices)):
            tray.fill(row, plan.fill)
        yield tray
        del tray  # or its array would seem to be held


def _by_threads(plan: Batches) -> Generator[_Tray, None, None]:
    """Full trays in order."""
    crew = _Crew(plan)
    try:
        crew.start()
        for number in range(len(plan)):
            yield crew.take(number)
    finally:
        crew.stop()


class _Crew:
    """Threads that fill trays row by row, each taking the next row that nobody has."""

    def __init__(self, plan: Batches) -> None:
        self.plan = plan
        self.source = _Trays(plan)
        self.trays: dict[int, _Tray] = {}
        self.next = self.taken = 0  # the row to begin, counted over all batches; batches handed to the caller
        self.stopped = False
        self.at: dict[threading.Thread, tuple[int, float]] = {}  # the row that each is at, and since when
        self.lock = threading.RLock()
        self.room, self.ready = threading.Condition(self.lock), threading.Condition(self.lock)
        self.process = os.getpid()
        needed = min(plan.threads, len(plan.indices))
        self.threads = [threading.Thread(target=self._work, name=THREAD, daemon=True) for _ in range(needed)]

    def start(self) -> None:
        """Begin to fill; at the interpreter's end the threads are stopped before what they need is taken away."""
        atexit.register(self.stop)
        for thread in self.threads:
            thread.start()

    def take(self, number: int) -> _Tray:
        """Wait for batch `number` to be full; meanwhile the next ones are begun."""
        self._check_process()
        with self.lock:
            while not self._is_full(number):
                self.ready.wait(LOOK_SECONDS)
                self._look_after(number)
            self.taken = number + 1
            self.room.notify_all()
            return self.trays.pop(number)

    def stop(self) -> None:
        """Begin no further row, and wait a little for those that are begun."""
        if os.getpid() != self.process:
            return
        with self.lock:
            self.stopped = True
            self.room.notify_all()
        until = time.monotonic() + GOODBYE_SECONDS
        for thread in self.threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))
        atexit.unregister(self.stop)

    def _work(self) -> None:
        while (job := self._begin()) is not None:
            tray, row = job
            tray.fill(row, self.plan.fill)
            with self.lock:
                tray.left -= 1
                if not tray.left:
                    self.ready.notify()
            del tray, job  # or the array would seem to be held

    def _begin(self) -> tuple[_Tray, int] | None:
        """The next tray and row, as soon as there is room; None when there is nothing more to do."""
        with self.lock:
            self.at.pop(threading.current_thread(), None)
            self.room.wait_for(lambda: self.stopped or self._at_end() or self._has_room())
            if self.stopped or self._at_end():
                return None
            number, row = divmod(self.next, self.plan.batch_size)
            if row == 0:
                self.trays[number] = self.source.empty(number)
            self.at[threading.current_thread()] = self.next, time.monotonic()
            self.next += 1
            return self.trays[number], row

    def _is_full(self, number: int) -> bool:
        return number in self.trays and not self.trays[number].left

    def _at_end(self) -> bool:
        return self.next >= len(self.plan.indices)

    def _has_room(self) -> bool:
        return self.next // self.plan.batch_size < self.taken + self.plan.ahead

    def _look_after(self, number: int) -> None:
        """Raise WorkerError where batch `number` is not full, and a thread will fill no more."""
        if self._is_full(number):
            return
        for thread, (place, since) in self.at.items():
            name = self.plan.name(int(self.plan.indices[place]))
            if not thread.is_alive():
                raise WorkerError(f"A thread that fills batches died at {name}. Leave it out, or use threads=0.")
            if (seconds := time.monotonic() - since) > self.plan.patience:
                raise WorkerError(
                    f"A thread that fills batches has been at {name} for {seconds:.0f} s, more than "
                    f"patience={self.plan.patience:g}. Leave it out, or give more patience."
                )
        if not any(thread.is_alive() for thread in self.threads):
            raise WorkerError("All threads that fill batches have died. Use threads=0 to see why.")

    def _check_process(self) -> None:
        if os.getpid() != self.process:
            raise WorkerError(
                "The threads that fill these batches live in another process, from which this one was forked. "
                "Begin the iteration in the process that uses it."
            )


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


def _reason(error: Exception) -> str:
    """An error in one line."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__
