"""How fast photographs become pixels: boda beside Pillow, one thread, two threads, and two processes.

    python benchmarks/load.py [--rounds 5] [--seconds 1] [--data flowers]

Files are read from the system's file cache. Every way runs in two processes of its own that wait for their turn; in
every round each is measured with one thread, with two, and in both processes at once, which is what the machine gives
to two that share nothing. Ratios are taken within a round; brackets hold the least and the most of all rounds.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from machine import data, environment, facts, itself, note, spread, table, warm_up
from PIL import Image

from boda.batches import Batches
from boda.data.decode import decode, decode_resized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def pillow_decode(file: Path) -> np.ndarray:
    """The picture at its own size."""
    return np.asarray(Image.open(io.BytesIO(file.read_bytes())).convert("RGB"))


def pillow_resize(file: Path, side: int = 224) -> np.ndarray:
    """Decoded as a whole, then resized by the same filter as boda's."""
    image = Image.open(io.BytesIO(file.read_bytes())).convert("RGB")
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def pillow_draft(file: Path, side: int = 64) -> np.ndarray:
    """Decoded at a fraction that leaves at least twice the pixels, as Pillow's `thumbnail` does."""
    image = Image.open(io.BytesIO(file.read_bytes()))
    image.draft("RGB", (2 * side, 2 * side))
    return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


WAYS: dict[str, tuple[str, str, Any]] = {
    "decode": ("decode", "boda", lambda file: decode(file.read_bytes())),
    "pillow_decode": ("decode", "Pillow", pillow_decode),
    "resize": ("decode, resize to 224", "boda", lambda file: decode_resized(file.read_bytes(), (224, 224))),
    "pillow_resize": ("decode, resize to 224", "Pillow", pillow_resize),
    "small": ("decode, resize to 64", "boda", lambda file: decode_resized(file.read_bytes(), (64, 64))),
    "pillow_small": ("decode, resize to 64", "Pillow, draft", pillow_draft),
    "batches": ("decode, resize to 224", "boda, in Batches of 32", None),
}


def child(way: str, folder: Path) -> None:
    """Answer each line "SECONDS THREADS" with pictures, seconds and CPU-seconds."""
    files = sorted(folder.rglob("*.jpg"))
    work = WAYS[way][2]
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, threads = line.split()
        began, cpu = time.perf_counter(), time.process_time()
        run = by_threads if work else by_batches
        done = run(work, files, began + float(seconds), int(threads))
        print(json.dumps([done, time.perf_counter() - began, time.process_time() - cpu]), flush=True)


def by_threads(work: Callable[[Path], np.ndarray], files: Sequence[Path], until: float, threads: int) -> int:
    """Pictures made until then, each thread by itself."""
    done = [0] * threads

    def loop(number: int) -> None:
        while time.perf_counter() < until:
            work(files[(done[number] * threads + number) % len(files)])
            done[number] += 1

    team = [threading.Thread(target=loop, args=(number,)) for number in range(threads)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    return sum(done)


def by_batches(_work: None, files: Sequence[Path], until: float, threads: int) -> int:
    """Pictures in the batches made until then."""

    def fill(index: int, row: np.ndarray) -> None:
        row[:] = decode_resized(files[index].read_bytes(), (224, 224))

    done = 0
    while time.perf_counter() < until:
        for batch in Batches(fill, range(len(files)), (224, 224, 3), np.uint8, threads=threads):
            done += len(batch.rows)
            if time.perf_counter() >= until:
                break
    return done


class Way:
    """Two processes that measure one way when asked; `found` are images a second, round by round."""

    def __init__(self, name: str, folder: Path) -> None:
        pipe = subprocess.PIPE
        command = itself("--child", name, "--data", folder)
        self.children = [
            subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, env=environment()) for _ in range(2)
        ]
        for process in self.children:
            process.stdout.readline()
        self.task, self.who, _ = WAYS[name]
        self.found: dict[str, list[float]] = {"cpu": [], "one": [], "two": [], "processes": []}
        self.ask(0.2, 1, 2)

    def measure(self, seconds: float) -> None:
        """One round."""
        ((n, wall, cpu),) = self.ask(seconds, 1, 1)
        self.found["cpu"].append(n / cpu)
        self.found["one"].append(n / wall)
        ((n, wall, _),) = self.ask(seconds, 2, 1)
        self.found["two"].append(n / wall)
        self.found["processes"].append(sum(n / wall for n, wall, _ in self.ask(seconds, 1, 2)))

    def ask(self, seconds: float, threads: int, processes: int) -> list[list[float]]:
        """What so many of the processes answer, at work at the same time."""
        for process in self.children[:processes]:
            process.stdin.write(f"{seconds} {threads}\n")
            process.stdin.flush()
        return [json.loads(process.stdout.readline()) for process in self.children[:processes]]

    def stop(self) -> None:
        """End the processes."""
        for process in self.children:
            process.stdin.close()
            process.wait()


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """Median, least and most of the quotients, round by round."""
    return spread([a / b for a, b in zip(above, below, strict=True)], 2)


def row(way: Way, pillow: Way) -> list[str]:
    """One line of the table."""
    found = way.found
    beside = "" if way is pillow else ratio(found["cpu"], pillow.found["cpu"])
    threads = [ratio(found[name], found["one"]) for name in ("two", "processes")]
    both = "" if way is pillow else ratio(found["two"], pillow.found["two"])
    return [way.task, way.who, spread(found["cpu"], 0), beside, *threads, spread(found["two"], 0), both]


def main() -> None:
    """Measure all ways in turn, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--data", default="flowers", help="a folder of the real data")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, Path(args.data))
        return
    folder = data(args.data)
    warm_up(folder)
    ways = [Way(name, folder) for name in WAYS]
    for number in range(args.rounds):
        note(f"round {number + 1} of {args.rounds}")
        for way in ways:
            way.measure(args.seconds)
    for way in ways:
        way.stop()
    pillow = {way.task: way for way in ways if way.who.startswith("Pillow")}
    head = ["what", "by", "images a CPU-second", "beside Pillow", "two threads beside one", "two processes beside one"]
    print(facts())
    print(table([*head, "images a second, two threads", "beside Pillow"], [row(way, pillow[way.task]) for way in ways]))


if __name__ == "__main__":
    main()
