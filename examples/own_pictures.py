"""A folder of pictures becomes a model, which answers on new ones and says how sure it is.

    python examples/own_pictures.py PHOTOS NEW_PICTURE...

Without arguments it composes a small folder of handwritten digits.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import boda
from boda.data.digits import compose_digits


def main(arguments: list[str]) -> None:
    """Look, train, answer."""
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(arguments[0]) if arguments else compose_digits(Path(scratch) / "photos", count=100)
        pictures = arguments[1:] or sorted(map(str, photos.rglob("*.jpg")))[:3]

        overview = boda.look(photos, out=Path(scratch) / "look")
        print(f"{overview.summary['n']} pictures, {overview.summary['bad_count']} damaged")

        run = boda.train(photos, out=Path(scratch) / "run")
        val = run.metrics["val"]
        low, high = val["accuracy_interval"]
        print(f"right on {val['accuracy']:.0%} of {val['n']} pictures ({low:.0%} to {high:.0%})")

        for answer in boda.predict(run, pictures):
            print(f"{answer.path}: {answer.label}, {answer.confidence:.0%} sure")


if __name__ == "__main__":
    main(sys.argv[1:])
