"""Pictures a second that `boda predict` answers on, from files on, beside Keras's `model.predict` on the same files.

    python benchmarks/predict.py [--run RUN] [--rounds 3]

* steady state: in a process that is warm. boda's stream of answers is timed from the first of the pictures to the
  last while others are before and behind it, so that the look-ahead is full at both ends; Keras makes a whole pass
  untimed and then one that is timed.
* whole process: from its start to its end, `boda predict RUN FOLDER --json`, and Keras building the model and
  answering.

Keras has the same backbone's weights and a dense layer on top, and reads by `image_dataset_from_directory`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import machine

SIZE = 224
BATCH = 32
AROUND = 64  # pictures before and behind those that are timed; boda decodes 32 ahead
TO_REACH = "130"
HEADER = ("what", "images/s", "wall s", "CPU s", "times Keras's images/s", "images/s to reach")

Seconds = tuple[float, float]  # wall, CPU


def boda_steady(run: Path, folder: Path) -> Seconds:
    """Seconds of this process between the answers around the pictures in `folder`."""
    import boda

    files = sorted(file for file in folder.rglob("*") if file.is_file())
    stream = itertools.islice(itertools.cycle(files), len(files) + 2 * AROUND)
    answers = boda.predict(run, stream)
    list(itertools.islice(answers, AROUND))
    began = time.perf_counter(), time.process_time()
    list(itertools.islice(answers, len(files)))
    seconds = time.perf_counter() - began[0], time.process_time() - began[1]
    list(answers)
    return seconds


def keras_steady(folder: Path) -> Seconds:
    """Seconds of this process for a pass after an untimed one."""
    model, pictures = keras_model(folder)
    model.predict(pictures, verbose=0)
    began = time.perf_counter(), time.process_time()
    model.predict(pictures, verbose=0)
    return time.perf_counter() - began[0], time.process_time() - began[1]


def keras_once(folder: Path) -> None:
    """What a script with Keras does from its start to its end."""
    model, pictures = keras_model(folder)
    model.predict(pictures, verbose=0)


def keras_model(folder: Path) -> tuple:
    """The backbone with a head, and the pictures as batches."""
    from boda.models.assemble import build_backbone

    backbone = build_backbone("efficientnet_lite0")
    import keras

    pictures = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIZE, SIZE), batch_size=BATCH, labels=None, shuffle=False, verbose=False
    )
    x = keras.layers.GlobalAveragePooling2D()(backbone.output)
    classes = sum(1 for _ in folder.iterdir())
    model = keras.Model(backbone.input, keras.layers.Dense(classes, activation="softmax")(x))
    return model, pictures.prefetch(10)


def measure(run: Path, folder: Path) -> dict[str, Seconds]:
    """Each of the four once, in a process of its own."""
    steady = {
        "boda, steady state": machine.timed(machine.itself("--child", "boda", "--run", run)),
        "Keras, steady state": machine.timed(machine.itself("--child", "keras")),
    }
    whole = {
        "boda, whole process": machine.timed(machine.boda("predict", run, folder, "--json")),
        "Keras, whole process": machine.timed(machine.itself("--child", "keras-once")),
    }
    return {
        **{name: tuple(json.loads(process.last_line)) for name, process in steady.items()},
        **{name: (process.wall, process.cpu) for name, process in whole.items()},
    }


def rows(found: list[dict[str, Seconds]], n: int) -> list[list[str]]:
    """A line a way, with the ratio to Keras in the same state."""
    lines = []
    for name in found[0]:
        wall, cpu = zip(*(one[name] for one in found), strict=True)
        keras = median(one[name.replace("boda", "Keras")][0] for one in found)
        lines.append(
            [
                name,
                machine.spread([n / seconds for seconds in wall], 0),
                machine.spread(wall, 2),
                machine.spread(cpu, 2),
                f"{keras / median(wall):.1f}",
                TO_REACH if name == "boda, steady state" else "",
            ]
        )
    return lines


def child(kind: str, run: Path, folder: Path) -> None:
    """One way in this process; seconds are printed as JSON."""
    if kind == "keras-once":
        keras_once(folder)
    else:
        print(json.dumps(boda_steady(run, folder) if kind == "boda" else keras_steady(folder)))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=["boda", "keras", "keras-once"], help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure in turns, and print the table."""
    args = arguments()
    folder = machine.data("flowers") / "train"
    if args.child:
        child(args.child, args.run, folder)
        return
    print(machine.facts())
    machine.warm_up(folder)
    found = []
    with tempfile.TemporaryDirectory() as room:
        run = args.run or Path(room) / "run"
        if not args.run:
            machine.timed(machine.boda("train", folder.parent, "--out", run), BODA_CACHE=Path(room) / "cache")
        for number in range(args.rounds):
            found.append(measure(run, folder))
            machine.note(f"round {number + 1} of {args.rounds}")
    n = sum(1 for file in folder.rglob("*") if file.is_file())
    print(machine.table(HEADER, rows(found, n)))
    print(f"{n} pictures, median of {args.rounds} rounds, from the least to the most in brackets.")


if __name__ == "__main__":
    main()
