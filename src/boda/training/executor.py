"""Executors: jobs in, and as they end what became of each. Here as processes of this machine; a cluster may follow.

An executor draws the next job only when there is room for it, so that whoever gives the jobs can decide by what has
ended until then: by the time that is left, or not to begin a job at all.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 10.0  # seconds that a process gets to write down what it has
LOOK_EVERY = 0.05
THREADS = (  # what tells the libraries of a process how many threads they may start
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "BODA_THREADS",  # for OpenVINO, which knows no such variable
)
KILLED = {
    9: "killed by the system (SIGKILL), most often for want of memory",
    11: "crashed (segmentation fault)",
    15: "terminated",
}


@dataclass(frozen=True, kw_only=True)
class Work:
    """A job for a process.

    Args:
        name: for people.
        arguments: what follows the interpreter, such as ("-m", "boda.training.rung", "JOB.json").
        log: where its output goes.
        threads: how many it may use.
    """

    name: str
    arguments: tuple[str, ...]
    log: Path
    threads: int = 1


@dataclass(frozen=True)
class Ended:
    """What became of a job: None where it ended well, else why it did not."""

    work: Work
    failure: str | None
    seconds: float


class Executor(Protocol):
    """Whatever can run jobs beside one another."""

    def map(self, jobs: Iterator[Work | None]) -> Iterator[Ended]:
        """Run `jobs`, and yield each when it ends.

        A None among them means that the next one depends on what still runs; it is asked for again when one has ended.
        However the iteration ends, no job is left running.
        """
        ...


@dataclass(frozen=True)
class Processes:
    """Each job in a process of its own, started afresh: nothing of ours is forked, and memory goes back when it ends.

    Args:
        workers: how many threads there are to share out; a job begins when as many as it wants are free.
    """

    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def map(self, jobs: Iterator[Work | None]) -> Iterator[Ended]:
        """As `Executor.map` says; a process that dies fails its job alone."""
        running: list[_Child] = []
        held: Work | None = None
        waits = exhausted = False  # waits: the source of jobs wants something to end first
        try:
            while running or not exhausted:
                if held is None and not exhausted and not waits and _used(running) < self.workers:
                    held, exhausted = _draw(jobs)
                    waits = held is None
                if held is not None and (not running or _used(running) + held.threads <= self.workers):
                    running.append(_Child.start(held))
                    held = None
                    continue
                time.sleep(LOOK_EVERY)
                for child in [child for child in running if child.process.poll() is not None]:
                    running.remove(child)
                    yield child.end()
                    waits = False
                waits = waits and bool(running)
        finally:
            _stop(running)


@dataclass(frozen=True, eq=False)
class _Child:
    """A process, its job, and when it began."""

    process: subprocess.Popen[bytes]
    work: Work
    began: float

    @classmethod
    def start(cls, work: Work) -> _Child:
        """In a session of its own, so that Ctrl-C in a terminal reaches us alone, and we end it in order.

        It holds the reading end of a pipe whose other end we hold, and so learns when we are gone.
        """
        threads = dict.fromkeys(THREADS, str(work.threads))
        work.log.parent.mkdir(parents=True, exist_ok=True)
        with work.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter with our own arguments
                [sys.executable, *work.arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **threads, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        return cls(process, work, time.perf_counter())

    def end(self) -> Ended:
        """Close what is open, and say what became of it."""
        self._close()
        code = self.process.wait()
        return Ended(self.work, _failure(code, self.work.log), time.perf_counter() - self.began)

    def stop(self) -> None:
        """Wait until it has ended, and kill it where it does not."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()


def _used(running: list[_Child]) -> int:
    """How many threads are given away."""
    return sum(child.work.threads for child in running)


def _draw(jobs: Iterator[Work | None]) -> tuple[Work | None, bool]:
    """The next job, if there is one now, and whether there will be no more."""
    try:
        return next(jobs), False
    except StopIteration:
        return None, True


def _stop(children: list[_Child]) -> None:
    """End them all: asked together, then waited for one after the other."""
    for child in children:
        with contextlib.suppress(OSError):
            child.process.terminate()
    for child in children:
        child.stop()


def _failure(code: int, log: Path) -> str | None:
    if code == 0:
        return None
    if code < 0:
        return KILLED.get(-code, f"ended by signal {-code}")
    return _last_line(log) or f"ended with exit code {code}"


def _last_line(log: Path) -> str:
    """The last line that the process has written, which of a Python error is the message."""
    try:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
