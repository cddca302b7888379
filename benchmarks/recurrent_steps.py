"""Training steps of recurrent layers: boda's loop on its own layers, `keras.layers` under `fit`, and PyTorch.

    python benchmarks/recurrent_steps.py [--torch-python PATH] [--repeats 5] [--steps 20] [--threads 1]

One layer of 128 units with a dense head of 64 on each step, on batches of (64, 100, 64), mean squared error, Adam.
Each runs in a process of its own that is started, compiled and warm before the first measurement; then they take
turns, one at a time, `--steps` steps a turn. `--torch-python` is a Python in which torch imports; without it, this one
is asked. All get as many threads as `--threads` says.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import machine
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH, STEPS, CHANNELS, UNITS, OUTPUTS = 64, 100, 64, 128, 64
LAYERS = ("LSTM", "GRU")
HEADER = ("layer", "what", "CPU ms a step", "wall ms a step", "CPU, times boda's", "wall, times boda's")


@dataclass(eq=False)
class Peer:
    """A process that trains when it is told to; CPU and wall seconds a step of each turn."""

    title: str
    process: subprocess.Popen[str]
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    @classmethod
    def started(cls, title: str, python: str, name: str, args: argparse.Namespace) -> Peer:
        """A process that is ready to begin."""
        threads = {each: str(args.threads) for each in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
        words = ["--child", name, "--steps", str(args.steps), "--threads", str(args.threads)]
        process = subprocess.Popen(
            [python, "-W", "ignore", sys.argv[0], *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=machine.environment(**threads, TF_CPP_MIN_LOG_LEVEL="3"),
        )
        peer = cls(title, process)
        peer.turn()
        peer.cpu.clear()
        peer.wall.clear()
        return peer

    def turn(self) -> None:
        """Let it train for one turn, and note what it took."""
        print("go", file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.title} ended with {self.process.wait()}.")
        cpu, wall = json.loads(line)
        self.cpu.append(cpu)
        self.wall.append(wall)

    def end(self) -> None:
        """Close its input, upon which it ends."""
        self.process.stdin.close()
        self.process.wait()


def race(layer: str, args: argparse.Namespace) -> list[list[str]]:
    """The lines of the table about one kind of layer."""
    peers = [
        Peer.started("boda", sys.executable, f"boda {layer}", args),
        Peer.started("Keras, fit", sys.executable, f"keras {layer}", args),
    ]
    if has_torch(args.torch_python):
        peers.append(Peer.started("PyTorch", args.torch_python, f"torch {layer}", args))
    for turn in range(args.repeats):
        machine.note(f"{layer}: turn {turn + 1} of {args.repeats}")
        for peer in peers:
            peer.turn()
    for peer in peers:
        peer.end()
    return [line(layer, peer, peers[0]) for peer in peers]


def line(layer: str, peer: Peer, boda: Peer) -> list[str]:
    """A line of the table; ratios are of turns that followed one another."""
    ratios = [[a / b for a, b in zip(*pair, strict=True)] for pair in ((peer.cpu, boda.cpu), (peer.wall, boda.wall))]
    factors = ["", ""] if peer is boda else [machine.spread(each, 2) for each in ratios]
    return [layer, peer.title, *(machine.spread([1e3 * s for s in each]) for each in (peer.cpu, peer.wall)), *factors]


def has_torch(python: str) -> bool:
    """Whether that Python can import torch."""
    found = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0
    if not found:
        machine.note(f"{python} cannot import torch, so PyTorch is left out.")
    return found


def child(name: str, steps: int, threads: int) -> None:
    """Train a turn at each line of the input, and answer with CPU and wall seconds a step."""
    kind, layer = name.split()
    train = {"boda": boda_steps, "keras": keras_steps, "torch": torch_steps}[kind](layer, steps, threads)
    train()
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        train()
        took = [(time.process_time() - cpu) / steps, (time.perf_counter() - wall) / steps]
        print(json.dumps(took), flush=True)


def examples(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of some batches."""
    rng = np.random.default_rng(0)
    shapes = [(BATCH * steps, STEPS, width) for width in (CHANNELS, OUTPUTS)]
    x, y = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
    return x, y


def network(layer: Any) -> Any:
    """A layer with a dense head on each step."""
    import keras

    return keras.Sequential([keras.Input((STEPS, CHANNELS)), layer, keras.layers.Dense(OUTPUTS)])


def boda_steps(layer: str, steps: int, threads: int) -> Callable[[], None]:  # noqa: ARG001 - the environment tells it
    """Steps of boda's training loop, in its deterministic form as always."""
    from boda.models.cells import CELLS
    from boda.models.keras_import import import_keras
    from boda.training.step import Step

    keras = import_keras()
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    model = network(CELLS[layer.lower()].layer(UNITS, return_sequences=True))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    step = Step(
        model,
        optimizer,
        lambda y, answer: tf.reduce_mean(tf.square(y - answer), (1, 2)),
        lambda y, answer: tf.reduce_mean(tf.abs(y - answer), (1, 2)),
        [],
    )
    (x, y), w = examples(steps), np.ones(BATCH, np.float32)

    def train() -> None:
        for first in range(0, len(x), BATCH):
            step(x[first : first + BATCH], y[first : first + BATCH], w, momentum=0.0)

    return train


def keras_steps(layer: str, steps: int, threads: int) -> Callable[[], None]:  # noqa: ARG001 - as above
    """Steps of `fit` with its defaults."""
    import keras

    model = network(getattr(keras.layers, layer)(UNITS, return_sequences=True))
    model.compile("adam", "mse")
    x, y = examples(steps)
    return lambda: model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)


def torch_steps(layer: str, steps: int, threads: int) -> Callable[[], None]:
    """Steps as PyTorch's tutorials write them."""
    import torch

    torch.set_num_threads(threads)
    recurrent = getattr(torch.nn, layer)(CHANNELS, UNITS, batch_first=True)
    head, loss = torch.nn.Linear(UNITS, OUTPUTS), torch.nn.MSELoss()
    optimizer = torch.optim.Adam([*recurrent.parameters(), *head.parameters()])
    x, y = (torch.from_numpy(each) for each in examples(steps))

    def train() -> None:
        for first in range(0, len(x), BATCH):
            optimizer.zero_grad()
            loss(head(recurrent(x[first : first + BATCH])[0]), y[first : first + BATCH]).backward()
            optimizer.step()

    return train


def torch_version(python: str) -> str:
    """What the table says of PyTorch."""
    ask = [python, "-c", "import torch; print(torch.__version__)"]
    return f"PyTorch {subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()}. "


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Race with each kind of layer, and print the table."""
    args = arguments()
    if args.child:
        child(args.child, args.steps, args.threads)
        return
    facts = machine.facts()
    rows = [row for layer in LAYERS for row in race(layer, args)]
    print(facts)
    print(machine.table(HEADER, rows))
    version = torch_version(args.torch_python) if len(rows) == 3 * len(LAYERS) else ""
    print(
        f"{version}Medians of {args.repeats} turns of {args.steps} steps, from the least to the most in brackets; "
        f"ratios are of neighbouring turns. Threads each: {args.threads}."
    )


if __name__ == "__main__":
    main()
