"""`boda train` beside the Keras transfer-learning guide, both as whole processes, on the same backbone and pictures.

    python benchmarks/train_head.py [--data flowers ants_bees] [--seeds 0 1 2] [--guide-epochs 20] [--skip-guide]

boda runs with an empty cache ("cold"), then once more with the cache kept ("warm"); both write the report.
The guide (keras.io/guides/transfer_learning) is its frozen stage: the decoded pictures cached and prefetched as there,
its two augmentation layers in the model, Adam at its default rate, 20 epochs, a validation after each.
It takes minutes, so it has seeds of its own: `--guide-seeds 0` by default.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import machine
import numpy as np
from machine import Timed

SIZE = 224
BATCH = 32
HEADER = ("data", "what", "seeds", "wall s", "CPU s", "times faster than the guide", "val accuracy", "best epoch")


@dataclass(frozen=True)
class Rival:
    """One way of training: a process and the validation accuracies of its epochs, for each seed."""

    name: str
    processes: list[Timed]
    accuracies: list[list[float]]

    def row(self, folder: str, guide: Rival | None) -> list[str]:
        """A line of the table; the ratio is of the median wall seconds."""
        wall, cpu = [p.wall for p in self.processes], [p.cpu for p in self.processes]
        times = median(p.wall for p in guide.processes) / median(wall) if guide else None
        one_epoch = all(len(epochs) == 1 for epochs in self.accuracies)
        return [
            folder,
            self.name,
            str(len(wall)),
            machine.spread(wall),
            machine.spread(cpu),
            "" if times is None else f"{times:.1f}",
            mean_and_spread([epochs[-1] for epochs in self.accuracies]),
            "" if one_epoch else mean_and_spread([max(epochs) for epochs in self.accuracies]),
        ]


def mean_and_spread(values: list[float]) -> str:
    """The mean, and from the least to the most in brackets."""
    return f"{mean(values):.4f}" + ("" if len(values) == 1 else f" ({min(values):.4f} to {max(values):.4f})")


def boda_rivals(folder: Path, seeds: list[int]) -> list[Rival]:
    """Boda with an empty cache and with a kept one."""
    cold, warm = Rival("boda train, cold", [], []), Rival("boda train, warm", [], [])
    for seed in seeds:
        with tempfile.TemporaryDirectory() as kept:
            for rival in (cold, warm):
                add_boda(rival, folder, seed, Path(kept))
    return [cold, warm]


def add_boda(rival: Rival, folder: Path, seed: int, cache: Path) -> None:
    """Train once more, as a process, and measure."""
    with tempfile.TemporaryDirectory() as runs:
        out = Path(runs) / "run"
        process = machine.timed(machine.boda("train", folder, "--out", out, "--seed", str(seed)), BODA_CACHE=cache)
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    rival.processes.append(process)
    rival.accuracies.append([metrics["val"]["accuracy"]])
    machine.note(f"{folder.name}, {rival.name}, seed {seed}: {process.wall:.1f} s, of which {metrics['seconds']}")


def guide_rival(folder: Path, seeds: list[int], epochs: int) -> Rival:
    """The guide, once a seed."""
    rival = Rival(f"Keras guide, {epochs} epochs", [], [])
    for seed in seeds:
        words = ("--guide-on", folder, "--guide-seeds", str(seed), "--guide-epochs", str(epochs))
        process = machine.timed(machine.itself(*words))
        rival.processes.append(process)
        rival.accuracies.append(json.loads(process.last_line))
        machine.note(f"{folder.name}, {rival.name}, seed {seed}: {process.wall:.1f} s")
    return rival


def follow_guide(folder: Path, seed: int, epochs: int) -> list[float]:
    """The guide in this process: the validation accuracy after each epoch."""
    from boda.models.assemble import build_backbone

    backbone = build_backbone("efficientnet_lite0")  # the weights that boda has; all else is plain Keras
    import keras

    keras.utils.set_random_seed(seed)
    train, val = pictures(folder / "train", seed), pictures(folder / "val", None)
    model = guide_model(backbone, sum(1 for _ in (folder / "train").iterdir()))
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model.fit(train, epochs=epochs, validation_data=val, verbose=0).history["val_accuracy"]


def pictures(folder: Path, seed: int | None) -> object:
    """Batches of (n, 224, 224, 3) and labels, cached and prefetched as in the guide; shuffled where there is a seed."""
    import keras

    found = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIZE, SIZE), batch_size=None, shuffle=False, verbose=False
    ).cache()
    if seed is not None:
        found = found.shuffle(len(found), seed=seed)
    return found.batch(BATCH).prefetch(10)


def guide_model(backbone: object, classes: int) -> object:
    """The guide's model: augmentation, the frozen network in inference mode, pooling, dropout, a dense layer."""
    import keras
    from keras import layers

    backbone.trainable = False
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.RandomFlip("horizontal")(image)
    x = layers.RandomRotation(0.1)(x)
    x = backbone(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(image, layers.Dense(classes)(x))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["flowers", "ants_bees"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--guide-seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--guide-epochs", type=int, default=20)
    parser.add_argument("--skip-guide", action="store_true")
    parser.add_argument("--guide-on", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Race on each folder, and print the table."""
    args = arguments()
    if args.guide_on:
        accuracies = follow_guide(args.guide_on, args.guide_seeds[0], args.guide_epochs)
        print(json.dumps(np.round(accuracies, 6).tolist()))
        return
    facts = machine.facts()
    machine.warm_up(*map(machine.data, args.data))
    rows = []
    for folder in map(machine.data, args.data):
        ours = boda_rivals(folder, args.seeds)
        guide = None if args.skip_guide else guide_rival(folder, args.guide_seeds, args.guide_epochs)
        rows += [rival.row(folder.name, guide) for rival in (*ours, *([guide] if guide else []))]
    print(facts)
    print(machine.table(HEADER, rows))
    print("Seconds are the median, accuracies the mean, of the seeds, from the least to the most in brackets.")


if __name__ == "__main__":
    main()
