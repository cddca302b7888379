"""Samples to looks: every picture read, decoded and sketched once, by threads, a few at a time.

A `Look` is all that is kept of a picture; its pixels are gone when the next one is read.
Only decoding finds a damaged file, since its header may be whole.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from boda.data.decode import Header, decode, read_header
from boda.data.duplicates import SMALL, Sketch, content_digest, sketch
from boda.errors import ImageError
from boda.sample import BadFile, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_AHEAD = 8  # pictures that wait for each thread


@dataclass(frozen=True, slots=True)
class Look:
    """What one reading of one picture found.

    `digest` is the SHA-256 of the bytes.
    `sketch` is None where nothing was decoded, and for pictures below 32 pixels, which look alike without being so.
    """

    digest: str
    width: int
    height: int
    format: str
    notes: tuple[str, ...]
    sketch: Sketch | None


class Seen(NamedTuple):
    """A sample with what was found, or a file with the reason why it cannot serve."""

    sample: Sample | BadFile
    found: Look | BadFile


def look_at(sample: Sample, *, deep: bool = True) -> Look:
    """Read one picture; with `deep`, decode and sketch it as well.

    Raises:
        ImageError: It cannot be read.
        OSError: The file cannot be opened.
    """
    data = sample.read_bytes()
    digest = content_digest(data)
    if isinstance(sample.image, Path):
        header = read_header(data)
        pixels = decode(data) if deep else None
    else:
        pixels = _checked(sample.image)
        header = Header("array", pixels.shape[1], pixels.shape[0], "RGB", 1, ())
    seen = sketch(pixels) if deep and pixels is not None and min(pixels.shape[:2]) >= SMALL else None
    return Look(digest, header.width, header.height, header.format, tuple(header.notes), seen)


def look_through(
    samples: Iterable[Sample | BadFile], *, deep: bool = True, threads: int | None = None
) -> Iterator[Seen]:
    """Look at each sample, in their order, by `threads` (one a core unless given); bad files pass through.

    A few samples a thread are under way at any time.
    When the caller stops early, by Ctrl-C too, no further picture is begun.
    """

    def see(sample: Sample | BadFile) -> Seen:
        return Seen(sample, _found(sample, deep=deep))

    yield from _in_order(see, samples, threads or os.cpu_count() or 1)


def _checked(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(f"an array must be uint8 (h, w, 3); this one is {pixels.dtype} {pixels.shape}")
    return np.ascontiguousarray(pixels)


def _found(sample: Sample | BadFile, *, deep: bool) -> Look | BadFile:
    if isinstance(sample, BadFile):
        return sample
    try:
        return look_at(sample, deep=deep)
    except OSError as error:
        return BadFile(sample.name, f"cannot be opened: {error.strerror or error}")
    except (ImageError, MemoryError) as error:
        return BadFile(sample.name, str(error) or "too large for this machine's memory")


def _in_order(
    see: Callable[[Sample | BadFile], Seen], samples: Iterable[Sample | BadFile], threads: int
) -> Iterator[Seen]:
    pool = ThreadPoolExecutor(threads, thread_name_prefix="boda-look")
    waiting: deque[Future[Seen]] = deque()
    try:
        for sample in samples:
            waiting.append(pool.submit(see, sample))
            if len(waiting) > threads * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
