"""Boxes: how well one object and many are found, in what time, and how fast pictures are answered.

    python benchmarks/boxes.py [--only locate detect formats scenes predict] [--folds 0 1 2 3 4] [--seeds 0]

locate   `boda train raccoon --task locate --split every-5th --fold K`, processes with an empty cache: mean IoU and
         the shares above 0.5 and 0.75, beside the mean box; every picture is held out once
detect   the same with --task detect: COCO's AP, AP50, AP75 and AR100
formats  fold 4 to locate from Pascal VOC, and from COCO and YOLO as `boda convert` writes them
scenes   2,000 scenes of handwritten digits by other hands than the 400 that are measured on
predict  pictures of 320 pixels a second, with decoding of the file, of the boxes, and suppression
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import mean

import machine

PARTS = ("locate", "detect", "formats", "scenes", "predict")
FIGURES = {"locate": ("mean_iou", "iou_50", "iou_75", "constant_mean_iou"), "detect": ("ap", "ap50", "ap75", "ar100")}
SCENES = ("--augment", "unmirrored")  # a mirrored 2 is no digit
ANSWERED = 400


def fold_rows(folder: Path, task: str, folds: list[int], seeds: list[int]) -> list[list[str]]:
    """A row a seed, each the mean over the folds and from the least to the most, and one of all."""
    rows, every = [], []
    for seed in seeds:
        found = [trained(folder, seed, "--task", task, "--split", "every-5th", "--fold", str(k)) for k in folds]
        every += found
        rows.append([f"seed {seed}, folds {' '.join(map(str, folds))}", *cells(found, task)])
    return rows if len(seeds) == 1 else [*rows, ["all", *cells(every, task)]]


def cells(found: list[dict], task: str) -> list[str]:
    """Means of the figures, and their range."""
    spans = [[one["val"][name] for one in found] for name in FIGURES[task]]
    told = [f"{mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" for values in spans]
    return [*told, machine.spread([one["wall"] for one in found], 0), machine.spread([one["cpu"] for one in found], 0)]


def trained(folder: Path, seed: int, *words: str) -> dict:
    """The figures of one training, a process of its own with an empty cache, and its seconds."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "run"
        command = machine.boda("train", folder, "--out", out, "--seed", str(seed), *words)
        process = machine.timed(command, BODA_CACHE=Path(place) / "cache")
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    leading = FIGURES[metrics["task"]][0]
    machine.note(f"{folder.name} {' '.join(words)}, seed {seed}: {metrics['val'][leading]:.3f}, {process.wall:.0f} s")
    return {"val": metrics["val"], "wall": process.wall, "cpu": process.cpu}


def format_rows(folder: Path) -> list[list[str]]:
    """The same fold from three formats."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name in ("voc", "coco", "yolo"):
            data = folder
            if name != "voc":
                data = Path(place) / name
                machine.timed(machine.boda("convert", folder, "--to", name, "--out", data))
            val = trained(data, 0, "--task", "locate", "--split", "every-5th", "--fold", "4")["val"]
            lo, hi = val["mean_iou_interval"]
            rows.append([name, f"{val['mean_iou']:.4f} ({lo:.3f} to {hi:.3f})", f"{val['iou_75']:.3f}"])
    return rows


def scene_rows(seeds: list[int]) -> list[list[str]]:
    """Training on 2,000 scenes, measured on 400."""
    with tempfile.TemporaryDirectory() as place:
        data = scenes(Path(place), 2000)
        found = [trained(data, seed, "--task", "detect", *SCENES) for seed in seeds]
    return [[f"{len(seeds)} seeds", *cells(found, "detect")]]


def scenes(place: Path, train: int) -> Path:
    """Scenes of digits as a COCO folder, composed once."""
    from boda.data.scenes import write_scenes

    return write_scenes(place / "scenes", train=train, val=ANSWERED, seed=0, size=320)


def predict_rows() -> list[list[str]]:
    """Pictures a second of a loaded detector, from files on."""
    from boda import load

    with tempfile.TemporaryDirectory() as place:
        data, out = scenes(Path(place), 60), Path(place) / "run"
        words = ("--task", "detect", "--out", out, "--set", "stage.epochs=1", "--set", "stage.views=1", *SCENES)
        machine.timed(machine.boda("train", data, *words))
        model, files = load(out), sorted((data / "val").glob("*.jpg"))
        list(model.predict(files[:20]))
        walls, cpus = [], []
        for _ in range(5):
            wall, cpu = time.perf_counter(), time.process_time()
            list(model.predict(files))
            walls.append(len(files) / (time.perf_counter() - wall))
            cpus.append(1000 * (time.process_time() - cpu) / len(files))
    return [[str(len(files)), machine.spread(walls), machine.spread(cpus)]]


def main() -> None:
    """Measure each part, and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    args = parser.parse_args()
    raccoon = machine.data("raccoon")
    print(machine.facts(), flush=True)
    machine.warm_up(raccoon)
    times = ("wall s a training", "CPU s")
    tables = {
        "locate": (
            ("raccoon, locate", "mean IoU", "0.5 or more", "0.75 or more", "the mean box", *times),
            lambda: fold_rows(raccoon, "locate", args.folds, args.seeds),
        ),
        "detect": (
            ("raccoon, detect", "AP", "AP50", "AP75", "AR100", *times),
            lambda: fold_rows(raccoon, "detect", args.folds, args.seeds),
        ),
        "formats": (("raccoon, fold 4, from", "mean IoU (95 %)", "0.75 or more"), lambda: format_rows(raccoon)),
        "scenes": (("scenes of digits", "AP", "AP50", "AP75", "AR100", *times), lambda: scene_rows(args.seeds)),
        "predict": (("pictures", "a second", "CPU ms a picture"), predict_rows),
    }
    for name in args.only:
        header, rows = tables[name]
        print(machine.table(header, rows()), flush=True)


if __name__ == "__main__":
    main()
