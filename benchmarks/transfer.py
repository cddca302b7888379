"""Stages, the cut and the ladder: what fine-tuning gains, and what it costs beside plain Keras.

    python benchmarks/transfer.py [--only stages speed guide ladder memory] [--seeds 0 1 2]

stages   `boda train --stages head,last-5`, whole processes: accuracy, log loss and ECE on the val part after the
         stages that boda keeps, beside the head alone on the same pictures
speed    the stage last-5 alone (8 epochs): activations kept, not kept, and the same stage in plain Keras, which runs
         the frozen layers again in each step and varies the pictures with its own layers; seconds of the stage with all
         that it needs, without imports
guide    the whole way, `--stages head,last-5`, beside the Keras transfer-learning guide's two steps: the head 20
         epochs, then all layers, Adam 1e-5, 10 epochs
ladder   `boda ladder`, ten head-level rungs on five folds, and with `--minutes 10`
memory   the most memory that twenty rungs take together at any moment, beside two
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from statistics import mean

import machine
import numpy as np
import train_head

PARTS = ("stages", "speed", "guide", "ladder", "memory")
STAGES = "head,last-5"
EPOCHS = 8
VIEWS = 5  # of which one comes in each epoch
BATCH = 32
HEAD_RUNGS = "as-is,dropout,hidden,batch-norm,smoothing,focal,mixup,ema,adamw,flip"
PAGE = 4096
LOOK_SECONDS = 0.2


def stages_rows(folder: Path, seeds: list[int]) -> list[list[str]]:
    """The figures on the val part after the stages and of the head alone: means of the seeds and their spread."""
    found = [trained(folder, seed) for seed in seeds]
    rows = []
    for what, part in (("after the stages that were kept", "val"), ("the head alone", "head")):
        cells = [
            f"{mean(v):.4f} ({min(v):.4f} to {max(v):.4f})"
            for v in ([one[part][f] for one in found] for f in ("accuracy", "log_loss", "ece"))
        ]
        rows.append([folder.name, what, str(len(seeds)), *cells])
    kept = ", ".join("+".join(["head", *one["kept"]]) for one in found)
    gains = "; ".join("{:+.3f} ({:+.3f} to {:+.3f})".format(one["gain"][0], *one["gain"][1]) for one in found)
    return [*rows, [folder.name, f"kept: {kept}; gain of each seed: {gains}", "", "", "", ""]]


def trained(folder: Path, seed: int) -> dict:
    """Train with stages and without, in processes of their own with one cache."""
    with tempfile.TemporaryDirectory() as place:
        runs = {}
        for name, stages in (("val", STAGES), ("head", "head")):
            out = Path(place) / name
            words = ("train", folder, "--out", out, "--seed", str(seed), "--stages", stages)
            process = machine.timed(machine.boda(*words), BODA_CACHE=Path(place) / "cache")
            runs[name] = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
            machine.note(
                f"{folder.name}, seed {seed}, {stages}: {runs[name]['val']['accuracy']:.4f}, {process.wall:.0f} s"
            )
    gain = runs["val"].get("against_head") or {"difference": 0.0, "interval": [0.0, 0.0]}
    kept = [one["stage"] for one in runs["val"]["stages"] if one["kept"]]
    return {
        "val": runs["val"]["val"],
        "head": runs["head"]["val"],
        "kept": kept,
        "gain": (gain["difference"], gain["interval"]),
    }


def speed_rows(folder: Path, seeds: list[int]) -> list[list[str]]:
    """Seconds of the stage, kept, live and in plain Keras, each a process."""
    rows, seconds = [], {}
    for way in ("keras", "live", "kept"):
        found = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as cache:
                limit = {} if way == "kept" else {"BODA_CACHE_LIMIT": "0"}
                child = machine.itself("--child", way, "--on", folder, "--seeds", str(seed))
                found.append(json.loads(machine.timed(child, BODA_CACHE=cache, **limit).last_line))
            machine.note(f"{way}, seed {seed}: {found[-1]}")
        seconds[way] = [one["cpu"] for one in found]
        ratio = mean(seconds["keras"]) / mean(seconds[way])
        walls = machine.spread([one["wall"] for one in found])
        rows.append([way, str(len(seeds)), machine.spread(seconds[way]), walls, f"{ratio:.2f}"])
    return rows


def stage_child(way: str, folder: Path, seed: int) -> dict[str, float]:
    """The stage last-5 in this process, from the trained head on: CPU and wall seconds."""
    return keras_stage(folder, seed) if way == "keras" else boda_stage(folder, seed)


def boda_stage(folder: Path, seed: int) -> dict[str, float]:
    """Boda's: activations too are computed within the time."""
    from boda.data import read
    from boda.data.audit import scan
    from boda.data.view import View
    from boda.models.keras_import import import_keras
    from boda.recipe import Recipe
    from boda.training.choose import Training, choose_head
    from boda.training.features import Extractor, head_views
    from boda.training.pictures import Pictures
    from boda.training.stages import answer_unseen

    dataset, scanned = scan(read(folder / "train"))
    recipe = Recipe(stages=STAGES).replace(stage_views=VIEWS)
    pictures = Pictures(dataset.samples, scanned.digests, dataset.targets(), len(dataset.classes), View(224))
    views = head_views(recipe, Extractor.of(recipe), pictures, seed)
    everything = np.arange(len(pictures))
    inner = [(everything[everything % 5 != i], everything[everything % 5 == i]) for i in range(5)]
    head = choose_head(Training(views, pictures.targets, pictures.classes, inner), recipe.head, seed).head
    import_keras()
    cpu, wall = time.process_time(), time.perf_counter()
    answer_unseen(recipe, pictures, everything, everything[:1], seed=seed, head=head)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def keras_stage(folder: Path, seed: int) -> dict[str, float]:
    """Plain Keras: `fit` on the whole network with the lower blocks frozen, augmentation layers in tf.data."""
    from boda.models.assemble import build_backbone
    from boda.models.cut import freeze

    backbone = build_backbone("efficientnet_lite0")  # the weights that boda has; all else is plain Keras
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    vary = keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.05),
            layers.RandomZoom(0.1),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomBrightness(0.2),
        ]
    )
    classes = sorted(path.name for path in (folder / "train").iterdir())
    found = keras.utils.image_dataset_from_directory(
        folder / "train", image_size=(224, 224), batch_size=None, label_mode="categorical", verbose=False
    ).cache()
    batches = found.shuffle(len(found)).batch(BATCH)
    batches = batches.map(lambda x, y: (vary(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
    x = layers.GlobalAveragePooling2D()(backbone.output)
    model = keras.Model(backbone.input, layers.Dense(len(classes))(x))
    freeze(model, "efficientnet_lite0", "last-5")
    rate = keras.optimizers.schedules.CosineDecay(1e-4, EPOCHS * -(-len(found) // BATCH))
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-4),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    cpu, wall = time.process_time(), time.perf_counter()
    model.fit(batches, epochs=EPOCHS, verbose=0)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def guide_rows(folder: Path, seeds: list[int]) -> list[list[str]]:
    """The whole way beside the guide's two steps: whole processes."""
    ours, accuracies = [], []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as place:
            out = Path(place) / "run"
            words = ("train", folder, "--out", out, "--seed", str(seed), "--stages", STAGES)
            ours.append(machine.timed(machine.boda(*words), BODA_CACHE=Path(place) / "cache"))
            accuracies.append(json.loads((out / "metrics.json").read_text(encoding="utf-8"))["val"]["accuracy"])
            machine.note(f"boda, seed {seed}: {ours[-1].wall:.0f} s, {accuracies[-1]:.4f}")
    guide = machine.timed(machine.itself("--child", "guide", "--on", folder, "--seeds", str(seeds[0])))
    epochs = json.loads(guide.last_line)
    walls = [process.wall for process in ours]
    return [
        [
            "boda train --stages head,last-5, cold",
            str(len(seeds)),
            machine.spread(walls),
            machine.spread([process.cpu for process in ours]),
            f"{guide.wall / mean(walls):.1f}",
            f"{guide.cpu / mean([process.cpu for process in ours]):.1f}",
            f"{mean(accuracies):.4f} ({min(accuracies):.4f} to {max(accuracies):.4f})",
            "",
        ],
        [
            "the guide's two steps",
            "1",
            f"{guide.wall:.1f}",
            f"{guide.cpu:.1f}",
            "1.0",
            "1.0",
            f"{epochs[-1]:.4f}",
            f"{max(epochs):.4f}",
        ],
    ]


def follow_guide(folder: Path, seed: int) -> list[float]:
    """The guide in this process: the val accuracy after each epoch of both steps."""
    from boda.models.assemble import build_backbone

    backbone = build_backbone("efficientnet_lite0")
    import keras

    keras.utils.set_random_seed(seed)
    train, val = train_head.pictures(folder / "train", seed), train_head.pictures(folder / "val", None)
    model = train_head.guide_model(backbone, sum(1 for _ in (folder / "train").iterdir()))
    accuracies: list[float] = []
    for trainable, optimizer, epochs in (
        (False, keras.optimizers.Adam(), 20),
        (True, keras.optimizers.Adam(1e-5), 10),
    ):
        backbone.trainable = trainable
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        accuracies += model.fit(train, epochs=epochs, validation_data=val, verbose=0).history["val_accuracy"]
    return accuracies


def ladder_rows(folder: Path, keep: Path | None) -> list[list[str]]:
    """Ten head-level rungs with an empty cache, and a ladder of ten minutes, whose folder stays in `keep`."""
    rows = []
    for what, words in (("ten head-level rungs", ("--rungs", HEAD_RUNGS)), ("--minutes 10", ("--minutes", "10"))):
        with tempfile.TemporaryDirectory() as place:
            out = (keep or Path(place)) / f"ladder-{words[-1] if words[0] == '--minutes' else 'ten'}"
            process = machine.timed(
                machine.boda("ladder", folder, "--out", out, "--folds", "5", *words), BODA_CACHE=Path(place) / "cache"
            )
            found = json.loads((out / "ladder.json").read_text(encoding="utf-8"))
        states = [rung["status"] for rung in found["rungs"]]
        told = [f"{rung['name']} {rung['verdict']}" for rung in found["rungs"] if rung.get("verdict")]
        done = f"{states.count('done')} done, {states.count('stopped early')} stopped early"
        winner = found["winner"]
        rows.append(
            [
                what,
                f"{process.wall:.0f}",
                f"{done}, {states.count('left out')} left out",
                f"{winner['name']}: {winner['held_out']['accuracy']:.4f}",
                "; ".join(told),
            ]
        )
    return rows


def memory_rows(folder: Path) -> list[list[str]]:
    """The peak of twenty rungs and of two, and the ratio."""
    peaks = {}
    for count in (2, 20):
        own = [f"--rung=wide-{i}=head.hidden={64 + i}" for i in range(count)]
        with tempfile.TemporaryDirectory() as place:
            out = Path(place) / "ladder"
            words = machine.boda("ladder", folder, "--out", out, "--rungs", "head", "--repeats", "1", *own)
            peaks[count] = peak_of_tree(words, BODA_CACHE=Path(place) / "cache")
        machine.note(f"{count} rungs: {peaks[count]:.0f} MB")
    return [[str(count), f"{peak:.0f}", f"{peak / peaks[2]:.2f}"] for count, peak in peaks.items()]


def peak_of_tree(command: list[str], **variables: str | Path) -> float:
    """The most memory, in MB, that a process and all that it starts have resident together (Linux)."""
    with tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=err, env=machine.environment(**variables))
        sizes: list[float] = []
        watcher = threading.Thread(target=watch, args=(child, sizes))
        watcher.start()
        child.wait()
        watcher.join()
        if child.returncode:
            raise RuntimeError(machine.read(err)[-2000:])
    return max(sizes)


def watch(child: subprocess.Popen, sizes: list[float]) -> None:
    """Append the memory of `child`'s tree again and again until it ends."""
    while child.poll() is None:
        sizes.append(resident(child.pid))
        time.sleep(LOOK_SECONDS)


def resident(root: int) -> float:
    """MB that `root` and its descendants have resident; pages that they share count once each."""
    parents, pages = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(entry.parent.name)
        parents[pid], pages[pid] = int(stat[1]), int(stat[21])
    family, added = {root}, True
    while added:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        added = bool(more)
        family |= more
    return sum(pages.get(pid, 0) for pid in family) * PAGE / 2**20


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--keep", type=Path, help="where the ladders' folders stay, for docs/transfer.py")
    parser.add_argument("--child", choices=("keras", "live", "kept", "guide"), help=argparse.SUPPRESS)
    parser.add_argument("--on", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def child(args: argparse.Namespace) -> None:
    """One part in this process, printed as JSON."""
    if args.child == "guide":
        print(json.dumps(np.round(follow_guide(args.on, args.seeds[0]), 6).tolist()))
    else:
        print(json.dumps(stage_child(args.child, args.on, args.seeds[0])))


def main() -> None:
    """Measure each part, and print its table."""
    args = arguments()
    if args.child:
        child(args)
        return
    flowers, ants = machine.data("flowers"), machine.data("ants_bees")
    print(machine.facts(), flush=True)
    machine.warm_up(flowers, ants)
    tables = {
        "stages": (
            ("data", "what", "seeds", "val accuracy", "log loss", "ECE"),
            lambda: stages_rows(flowers, args.seeds) + stages_rows(ants, args.seeds),
        ),
        "speed": (
            ("stage last-5 on flowers, 8 epochs", "seeds", "CPU s", "wall s", "times plain Keras (CPU)"),
            lambda: speed_rows(flowers, args.seeds),
        ),
        "guide": (
            (
                "flowers, whole process",
                "seeds",
                "wall s",
                "CPU s",
                "times faster",
                "in CPU s",
                "val accuracy",
                "best epoch",
            ),
            lambda: guide_rows(flowers, args.seeds),
        ),
        "ladder": (
            ("boda ladder flowers", "wall s", "rungs", "winner, val accuracy", "verdicts"),
            lambda: ladder_rows(flowers, args.keep),
        ),
        "memory": (("rungs", "peak MB of all processes", "against two"), lambda: memory_rows(flowers)),
    }
    for name in args.only:
        header, rows = tables[name]
        print(machine.table(header, rows()), flush=True)


if __name__ == "__main__":
    main()
