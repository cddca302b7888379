"""`boda demo`: real data that ships with a dependency becomes a Run, offline."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.data.decode import SUFFIXES
from boda.data.digits import compose_digits
from boda.data.scenes import write_scenes
from boda.progress import say
from boda.reports.html import write_report
from boda.verbs.train import train

if TYPE_CHECKING:
    from boda.run import Run

PICTURES = 600
SCENES, HELD_OUT, SIDE = 300, 100, 160
BOXES: dict[str, Any] = {  # two minutes or so
    "size": SIDE,
    "stage_epochs": 10,
    "stage_views": 4,
    "stage_batch_size": 8,
    "stage_learning_rate": 3e-3,
}


def demo(out: Path | str = "boda-demo", *, seed: int = 0, count: int = PICTURES) -> Run:
    """Compose a folder of pictures (scikit-learn's handwritten digits over its photographs), train and report.

    Args:
        out: folder for the pictures (`out/photos`) and the Runs (`out/runs/001` and on).
        seed: of the pictures and of the training.
        count: how many pictures.

    Returns:
        The Run; its report shows the raw-pixel baseline beside boda.
    """
    out = Path(out)
    say(f"Composing {count} pictures of handwritten digits in {out / 'photos'}.")
    photos = compose_digits(out / "photos", count=count, seed=seed + 1)
    run = train(photos, runs=out / "runs", seed=seed)
    run.write_json("next.json", _steps(photos, run))
    write_report(run)
    run.finish()
    return run


def demo_boxes(out: Path | str = "boda-demo", *, seed: int = 0, count: int = SCENES) -> Run:
    """Compose scenes of handwritten digits whose boxes are known, train a detector on them, and report.

    Args:
        out: folder for the scenes (`out/scenes`, as a COCO folder) and the Runs (`out/runs/001` and on).
        seed: of the scenes and of the training.
        count: how many scenes to learn from; 100 more, written by other hands, are held out.

    Returns:
        The Run; its report shows AP, mistakes by kind and the worst scenes.
    """
    out = Path(out)
    say(f"Composing {count + HELD_OUT} scenes of handwritten digits in {out / 'scenes'}.")
    scenes = write_scenes(out / "scenes", train=count, val=HELD_OUT, seed=seed, size=SIDE)
    run = train(scenes, runs=out / "runs", seed=seed, reading={"task": "detect"}, augment="unmirrored", **BOXES)
    run.write_json("next.json", _box_steps(scenes, run))
    write_report(run)
    run.finish()
    return run


def _box_steps(scenes: Path, run: Run) -> list[dict[str, str]]:
    """The three commands to try next."""
    first = min((scenes / "val").iterdir())
    return [
        _step("Look at the boxes", "Samples, sizes, places, and what is odd.", _command("look", scenes)),
        _step(
            "Find digits in a scene",
            "Each box comes with a calibrated confidence; drawn copies go into a folder.",
            f"{_command('predict', run.path, first)} --draw drawn",
        ),
        _step(
            "Train on your own boxes",
            "Pascal VOC, COCO and YOLO folders are told apart by what is there.",
            "boda train YOUR_BOXES",
        ),
    ]


def _step(title: str, why: str, command: str) -> dict[str, str]:
    return {"title": title, "why": why, "command": command}


def _command(verb: str, *paths: Path) -> str:
    return shlex.join(["boda", verb, *map(str, paths)])


def _steps(photos: Path, run: Run) -> list[dict[str, str]]:
    """The three commands to try next."""
    first = min(p for p in photos.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [
        _step(
            "Look at the data",
            "Counts, samples, damaged and duplicate files on one page.",
            _command("look", photos),
        ),
        _step("Ask the model", "Each answer comes with a calibrated confidence.", _command("predict", run.path, first)),
        _step(
            "Train on your own pictures",
            "A folder with a subfolder a class is all it takes.",
            "boda train YOUR_PHOTOS",
        ),
    ]
