"""`boda demo`: real data that ships with a dependency becomes a Run, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from boda.data.decode import SUFFIXES
from boda.data.digits import compose_digits
from boda.progress import say
from boda.reports.html import write_report
from boda.verbs.train import train

if TYPE_CHECKING:
    from boda.run import Run

PICTURES = 600


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


def _steps(photos: Path, run: Run) -> list[dict[str, str]]:
    """The three commands to try next."""
    first = min(p for p in photos.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [
        {
            "title": "Look at the data",
            "why": "Counts, samples, damaged and duplicate files on one page.",
            "command": f"boda look {photos}",
        },
        {
            "title": "Ask the model",
            "why": "Each answer comes with a calibrated confidence.",
            "command": f"boda predict {run.path} {first}",
        },
        {
            "title": "Train on your own pictures",
            "why": "A folder with a subfolder a class is all it takes.",
            "command": "boda train YOUR_PHOTOS",
        },
    ]
