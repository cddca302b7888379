"""`boda demo`: real data that ships with a dependency becomes a Run, offline."""

from __future__ import annotations

from pathlib import Path

from boda.data.digits import compose_digits
from boda.progress import say
from boda.run import Run
from boda.verbs.train import train

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
    photos = compose_digits(out / "photos", count=count, seed=seed)
    return train(photos, runs=out / "runs", seed=seed)
