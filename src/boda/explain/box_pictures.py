"""Pictures worth a look in a Run of boxes: thumbnails of the worst and of usual ones, written into the Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import Detections
from boda.explain.overlay import thumbnail, to_jpeg
from boda.metrics.box_errors import box_errors, picture_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.run import Run
    from boda.sample import Sample

WORST, USUAL = 9, 6
SIDE = 320  # pixels; large enough for letters on it


def keep_box_pictures(run: Run, samples: Sequence[Sample]) -> None:
    """Write pictures/: thumbnails of the worst and of some usual pictures, and pictures.json, which lists them.

    The boxes are not drawn here; the report does that, from predictions.json.

    Args:
        run: has classes, calibration.json and predictions.json already.
        samples: the validation part, in the order of predictions.json.
    """
    losses = picture_losses(run)
    entries = [_write(run, samples[i], i, why) for why, some in choose(losses).items() for i in some]
    run.write_json("pictures/pictures.json", entries)


def picture_losses(run: Run) -> np.ndarray:
    """How far the shown boxes of each validation picture are from right, (n,), 0 to 1: see `picture_loss`."""
    told = run.read_json("predictions.json")
    least = float(run.read_json("calibration.json").get("threshold") or 0.0)
    truth = [(np.asarray(one["boxes"], float).reshape(-1, 4), np.asarray(one["labels"], int)) for one in told["truth"]]
    found = [Detections(one["boxes"], one["scores"], one["labels"]) for one in told["found"]]
    shown = [one.above(least) for one in found] if run.about["task"] == "detect" else found
    return np.array([picture_loss(one) for one in box_errors(truth, shown, len(run.classes))])


def choose(losses: np.ndarray) -> dict[str, list[int]]:
    """Which pictures are shown: "worst", the worst first, and "usual", those around the middle; none is in both.

    Example:
        >>> choose(np.array([0.0, 1.0, 0.2]))
        {'worst': [1, 2], 'usual': [0]}
    """
    order = np.argsort(-losses, kind="stable")
    worst = [int(i) for i in order[: min(WORST, (len(order) + 1) // 2)] if losses[i] > 0]
    rest = np.array([i for i in order if i not in worst], int)
    nearest = np.argsort(np.abs(losses[rest] - np.median(losses)), kind="stable")[:USUAL] if len(rest) else rest
    return {"worst": worst, "usual": sorted(int(i) for i in rest[nearest])}


def _write(run: Run, sample: Sample, number: int, why: str) -> dict[str, Any]:
    picture = thumbnail(sample, SIDE)
    width, height = run.read_json("predictions.json")["sizes"][number]
    file = f"pictures/box-{number:05d}.jpg"
    run.write_bytes(file, to_jpeg(picture))
    scale = picture.shape[1] / width
    return {"name": sample.name, "file": file, "width": width, "height": height, "scale": scale, "why": why}
