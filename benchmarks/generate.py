"""How fast a character network writes: boda's `generate`, a step at a time in NumPy, beside the usual loops over Keras.

    python benchmarks/generate.py [--rounds 5] [--characters 2000] [--keras-characters 100]

All have the same weights: 65 characters embedded in 64 numbers, two LSTM(128), a dense layer. The peers are

* `model.predict` on the last 100 characters for each new one, as most tutorials do it;
* `model.predict` of one character of a network with stateful=True;
* the best that we know how to do with Keras: a compiled function of one step, states in and out.

Each way is a process that waits for its turn; it draws by the same function from the same seed. Keras writes fewer
characters, since a character costs it the same however many there are. The first characters of each are not counted.
Ratios are taken within a round; brackets hold the least and the most of all rounds. CPU is that of all threads.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from machine import environment, facts, note, spread, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAYS = {
    "boda": "boda, `generate` by `step`",
    "tutorial": "Keras, `predict` on the last 100",
    "stateful": "Keras, `predict`, stateful=True",
    "compiled": "Keras, a compiled step with states in and out",
}
CHARACTERS, WIDTH, UNITS, CONTEXT = 65, 64, 128, 100
WARM, AGREE = 20, 10
PLAN = {
    "format": 1,
    "task": "language",
    "input": {"kind": "ids", "size": CHARACTERS, "embedding": WIDTH},
    "layers": [{"cell": "lstm", "units": UNITS}, {"cell": "lstm", "units": UNITS}],
    "head": {"kind": "each", "outputs": CHARACTERS},
}

Weights = dict[str, np.ndarray]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--characters", type=int, default=2000)
    parser.add_argument("--keras-characters", type=int, default=100)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    counts = {name: arguments.characters if name == "boda" else arguments.keras_characters for name in WAYS}
    teams = {name: start(name) for name in WAYS}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    for number in range(arguments.rounds):
        for name, runs in found.items():
            runs.append(ask(teams[name], counts[name]))
        note(f"round {number + 1} of {arguments.rounds}")
    for process in teams.values():
        process.communicate()
    print(f"{facts()}\n{report(found, counts)}")


def start(name: str) -> subprocess.Popen[str]:
    """A process that writes when it is asked."""
    command = [sys.executable, "-W", "ignore", Path(__file__), "--child", name]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, env=environment(TF_CPP_MIN_LOG_LEVEL="3"))
    if process.stdout.readline().strip() != "ready":
        raise SystemExit(f"{name} did not start.")
    return process


def ask(process: subprocess.Popen[str], characters: int) -> dict[str, Any]:
    """One text: seconds a character on the wall and of all threads, and its first ids."""
    process.stdin.write(f"{characters}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def child(name: str) -> None:
    """Write as many characters as each line asks for."""
    weights, prefix = random_weights(), np.random.default_rng(1).integers(1, CHARACTERS, CONTEXT)
    write = {"boda": by_boda, "tutorial": by_tutorial, "stateful": by_stateful, "compiled": by_compiled}[name](weights)
    list(islice(write(prefix), WARM))
    print("ready", flush=True)
    for line in sys.stdin:
        ids = write(prefix)
        first = list(islice(ids, WARM))  # the prefix is read by then
        wall, cpu = time.perf_counter(), time.process_time()
        count = sum(1 for _ in islice(ids, int(line)))
        wall, cpu = (time.perf_counter() - wall) / count, (time.process_time() - cpu) / count
        print(json.dumps({"wall": wall, "cpu": cpu, "first": first[:AGREE]}), flush=True)


def random_weights() -> Weights:
    """Weights of the plan, small enough that no character is sure."""
    from boda.models.sequence_plan import Plan
    from boda.models.sequence_weights import weight_shapes

    rng = np.random.default_rng(0)
    shapes = weight_shapes(Plan.from_json(PLAN))
    return {name: rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}


def by_boda(weights: Weights) -> Callable[[np.ndarray], Iterator[int]]:
    """A step at a time in NumPy."""
    from boda.models.heads.generate import generate
    from boda.models.sequence_plan import Plan
    from boda.models.step import Recurrent

    network = Recurrent(Plan.from_json(PLAN), weights)
    return lambda prefix: generate(network, prefix, 10**9, np.random.default_rng(0), banned=())


def by_tutorial(weights: Weights) -> Callable[[np.ndarray], Iterator[int]]:
    """The whole context again for each character."""
    model = keras_model(weights, (None, CONTEXT), return_sequences=False)

    def write(prefix: np.ndarray) -> Iterator[int]:
        ids, draw = [int(i) for i in prefix], drawer()
        while True:
            ids.append(draw(model.predict(np.array([ids[-CONTEXT:]]), verbose=0)))
            yield ids[-1]

    return write


def by_stateful(weights: Weights) -> Callable[[np.ndarray], Iterator[int]]:
    """One character at a time; the network keeps its state itself."""
    model = keras_model(weights, (1, 1), stateful=True)

    def write(prefix: np.ndarray) -> Iterator[int]:
        draw = drawer()
        for layer in model.layers:
            if hasattr(layer, "reset_states"):
                layer.reset_states()
        for i in prefix:
            logits = model.predict(np.array([[i]]), verbose=0)
        while True:
            i = draw(logits[:, -1])
            yield i
            logits = model.predict(np.array([[i]]), verbose=0)

    return write


def by_compiled(weights: Weights) -> Callable[[np.ndarray], Iterator[int]]:
    """One character at a time through tf.function, which takes the states and gives them back."""
    import tensorflow as tf

    embedding, *lstms, head = keras_model(weights, (1, 1), return_state=True, sequential=False)

    @tf.function
    def step(i: Any, states: Any) -> Any:
        y, after = embedding(i), []
        for lstm, state in zip(lstms, states, strict=True):
            y, *new = lstm(y, initial_state=state)
            after.append(new)
        return head(y)[:, 0], after

    def write(prefix: np.ndarray) -> Iterator[int]:
        draw, states = drawer(), [[tf.zeros((1, UNITS))] * 2 for _ in lstms]
        for i in prefix:
            logits, states = step(tf.constant([[int(i)]]), states)
        while True:
            i = draw(logits.numpy())
            yield i
            logits, states = step(tf.constant([[i]]), states)

    return write


def drawer() -> Callable[[np.ndarray], int]:
    """The next character of logits (1, characters), from the seed of all."""
    from boda.models.heads.generate import sample

    rng = np.random.default_rng(0)
    return lambda logits: int(sample(logits, rng)[0])


def keras_model(
    weights: Weights,
    shape: tuple[int | None, int],
    *,
    stateful: bool = False,
    return_sequences: bool = True,
    return_state: bool = False,
    sequential: bool = True,
) -> Any:
    """The same network of keras.layers, as a Sequential or as its layers."""
    import keras

    options = {"stateful": stateful, "return_state": return_state}
    layers = [
        keras.layers.Embedding(CHARACTERS, WIDTH),
        keras.layers.LSTM(UNITS, return_sequences=True, **options),
        keras.layers.LSTM(UNITS, return_sequences=return_sequences, **options),
        keras.layers.Dense(CHARACTERS),
    ]
    model = layers
    if sequential:
        model = keras.Sequential([keras.Input(batch_shape=shape, dtype="int32"), *layers])
    else:
        for layer, width in zip(layers, (None, WIDTH, UNITS, UNITS), strict=True):
            layer.build(shape if width is None else (*shape, width))
    arrays = list(weights.values())
    for layer, first, last in zip(layers, (0, 1, 4, 7), (1, 4, 7, 9), strict=True):
        layer.set_weights(arrays[first:last])
    return model


def report(found: dict[str, list[dict[str, Any]]], counts: dict[str, int]) -> str:
    """Milliseconds a character, seconds of a whole text, ratios; all must begin with the same characters."""
    firsts = {name: runs[0]["first"] for name, runs in found.items()}
    same = firsts["boda"] == firsts["stateful"] == firsts["compiled"]
    if not same or firsts["boda"][0] != firsts["tutorial"][0]:  # later the tutorial's way forgets what lies far back
        raise SystemExit(f"The texts differ: {firsts}.")
    rows = []
    for name, runs in found.items():
        cells = [WAYS[name], str(counts[name])]
        for clock in ("wall", "cpu"):
            cells.append(spread([run[clock] * 1000 for run in runs], 3))
            ours = [run[clock] for run in found["boda"]]
            cells.append(spread([run[clock] / own for run, own in zip(runs, ours, strict=True)]))
        rows.append([*cells, f"{np.median([run['wall'] for run in runs]) * counts['boda']:.1f}"])
    header = ("way", "characters", "wall, ms a character", "times boda's", "CPU, ms a character", "times boda's")
    return table((*header, f"{counts['boda']:,} characters, s"), rows)


if __name__ == "__main__":
    main()
