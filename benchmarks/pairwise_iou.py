"""How fast all pairs of boxes are compared: boda's pairwise IoU beside torchvision's `box_iou`.

    python benchmarks/pairwise_iou.py [--peer PYTHON] [--rounds 5] [--boxes 10000] [--threads 2]

PYTHON is the interpreter of an environment with torch and torchvision; this one if not given. Both compare the same
float32 boxes with as many others, in a process each that waits for its turn; the first call of each is not counted.
Memory is the process's peak above what it had before the first call. Ratios are taken within a round; brackets hold the
least and the most of all rounds.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from machine import environment, facts, note, spread, table

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS = {"boda": "boda.boxes.pairwise_iou", "torchvision": "torchvision.ops.box_iou"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.boxes, arguments.threads)
        return
    pythons = {"boda": sys.executable, "torchvision": arguments.peer}
    teams = {name: start(name, pythons[name], arguments.boxes, arguments.threads) for name in WAYS}
    found: dict[str, list[dict[str, float]]] = {name: [] for name, process in teams.items() if process}
    for number in range(arguments.rounds):
        for name, runs in found.items():
            runs.append(ask(teams[name]))
        note(f"round {number + 1} of {arguments.rounds}")
    print(f"{facts()}\n{report(found, arguments.boxes, arguments.threads)}")


def start(name: str, python: str, boxes: int, threads: int) -> subprocess.Popen[str] | None:
    """A process that compares when it is asked; None where the peer is not installed."""
    command = [
        python,
        "-W",
        "ignore",
        Path(__file__),
        "--child",
        name,
        "--boxes",
        str(boxes),
        "--threads",
        str(threads),
    ]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, text=True, stdin=pipe, stdout=pipe, env=environment(OMP_NUM_THREADS=str(threads))
    )
    if process.stdout.readline().strip() == "ready":
        return process
    note(f"{python} has no {name}: no ratio. Give --peer a Python with torch and torchvision.")
    return None


def ask(process: subprocess.Popen[str]) -> dict[str, float]:
    """One comparison: seconds, peak memory in MB, the sum of the matrix."""
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def child(name: str, boxes: int, threads: int) -> None:
    """Compare once for each line that comes."""
    compare = {"boda": by_boda, "torchvision": by_torchvision}[name](threads)
    rng = np.random.default_rng(0)
    a, b = random_boxes(rng, boxes), random_boxes(rng, boxes)
    before = peak()
    compare(a, b)
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        matrix = compare(a, b)
        seconds = time.perf_counter() - began
        total = float(np.asarray(matrix[::97]).sum(dtype=np.float64))
        del matrix
        print(json.dumps({"seconds": seconds, "memory": peak() - before, "sum": total}), flush=True)


def by_boda(threads: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Arrays in, array out."""
    from boda.boxes import pairwise_iou

    return lambda a, b: pairwise_iou(a, b, threads=threads)


def by_torchvision(threads: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Arrays in, array out; tensors share their memory."""
    import torch

    torch.set_num_threads(threads)
    library = torch.library.Library("torchvision", "DEF")  # names that a build of torchvision for another torch lacks
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision.ops import box_iou

    return lambda a, b: box_iou(torch.from_numpy(a), torch.from_numpy(b)).numpy()


def random_boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Boxes (n, 4) float32 in a picture of 1200 pixels."""
    corner, side = rng.uniform(0, 1000, (n, 2)), rng.uniform(5, 200, (n, 2))
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


def peak() -> float:
    """This process's peak memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def report(found: dict[str, list[dict[str, float]]], boxes: int, threads: int) -> str:
    """Seconds, memory, ratios; the sums must agree."""
    sums = [runs[0]["sum"] for runs in found.values()]
    if not np.allclose(sums, sums[0], rtol=1e-5):
        raise SystemExit(f"The matrices differ: their sums are {sums}.")
    peer = found.get("torchvision")
    rows = []
    for name, runs in found.items():
        ratio = spread([p["seconds"] / r["seconds"] for p, r in zip(peer, runs, strict=True)]) if peer else "-"
        seconds = spread([r["seconds"] for r in runs], 3)
        rows.append([WAYS[name], seconds, ratio, f"{runs[-1]['memory']:.0f}"])
    result = boxes * boxes * 4 / 2**20
    head = f"{boxes:,} x {boxes:,} boxes, float32, {threads} threads; the result takes {result:.0f} MB.\n\n"
    return head + table(("all pairs", "seconds", "times as fast as torchvision", "peak memory, MB"), rows)


if __name__ == "__main__":
    main()
