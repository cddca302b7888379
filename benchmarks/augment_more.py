"""What `benchmarks/augment.py` leaves out: pictures from a folder, two threads, and the first batch of a process.

    python benchmarks/augment_more.py

`flow_from_directory` with the classic recipe on ../shared/data/flowers, decoding included, on one core by CPU time,
against tf_keras in the same run; boda's pipeline with two threads against one, beside what the machine gives to two
independent processes; and the time to the first batch in a fresh process whose kernels are cached.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from augment_peers import BATCH, RECIPE, boda_pipeline, pictures, tensorflow
from machine import data, facts, itself, timed

ROUNDS = 5


def from_folder(which: str) -> None:
    """Print images a CPU-second of one pass over the training part."""
    if which == "tf_keras":
        tensorflow()
        from tf_keras.preprocessing.image import ImageDataGenerator
    else:
        from boda.preprocessing.image import ImageDataGenerator
    flow = ImageDataGenerator(**RECIPE).flow_from_directory(
        data("flowers") / "train", target_size=(224, 224), batch_size=BATCH, seed=1
    )
    next(flow)
    began, made = time.process_time(), 0
    for _ in range(10):
        made += len(next(flow)[0])
    print(json.dumps(made / (time.process_time() - began)))


def wall_rate(threads: int) -> float:
    """Images a second on the wall of boda's pipeline."""
    from boda.augment import Pipeline, RandomFlip, RandomRotation, Rescaling

    images = pictures(224)
    pipeline = Pipeline([RandomFlip("horizontal"), RandomRotation(0.1), Rescaling(1 / 255)], seed=1)
    pipeline(images, threads=threads)
    began, made = time.perf_counter(), 0
    while time.perf_counter() - began < 2:
        pipeline(images, threads=threads)
        made += len(images)
    return made / (time.perf_counter() - began)


def first_batch() -> None:
    """Print the seconds from the end of the imports to the first batch, and to the second from there."""
    import boda.augment  # noqa: F401 - counted apart
    from boda.augment import outline_kernels, tone_kernels, warp_kernels  # noqa: F401

    batches = boda_pipeline(pictures(224), "nearest")
    began = time.perf_counter()
    next(batches)
    first = time.perf_counter()
    next(batches)
    print(json.dumps([first - began, time.perf_counter() - first]))


def child(*words: str) -> Any:
    """What a child of this script printed last."""
    return json.loads(timed(itself(*words)).last_line)


def main() -> None:
    """Run and print Markdown."""
    if sys.argv[1:]:
        {"folder": lambda: from_folder(sys.argv[2]), "first": first_batch, "wall": _print_wall}[sys.argv[1]]()
        return
    print(facts())
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(child("folder", "boda"))
        theirs.append(child("folder", "tf_keras"))
    faster = [a / b for a, b in zip(ours, theirs, strict=True)]
    print("| what | figure | to reach |\n| --- | --- | --- |")
    print(f"| flow_from_directory on flowers, boda, images a CPU-second | {_spread(ours, 0)} | |")
    print(f"| the same, tf_keras | {_spread(theirs, 0)} | |")
    print(f"| so many times faster | {_spread(faster, 1)} | 5 |")
    pairs = [(child("wall", "1"), child("wall", "2")) for _ in range(ROUNDS)]
    print(f"| two threads against one | {_spread([two / one for one, two in pairs], 2)} | reported |")
    with ThreadPoolExecutor(2) as pool:
        both = [sum(pool.map(lambda _: child("wall", "1"), range(2))) for _ in range(ROUNDS)]
    alone = [one for one, _ in pairs]
    gives = [two / one for two, one in zip(both, alone, strict=True)]
    print(f"| two independent processes against one | {_spread(gives, 2)} | what the machine gives |")
    firsts = [child("first") for _ in range(ROUNDS)]
    delay = [first - second for first, second in firsts]
    print(f"| delay of the first batch, kernels cached, seconds | {_spread(delay, 2)} | 0.5 |")


def _print_wall() -> None:
    print(json.dumps(wall_rate(int(sys.argv[2]))))


def _spread(values: list[float], digits: int) -> str:
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
