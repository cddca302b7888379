"""boda.Classifier among scikit-learn's own: cross-validation over arrays, a plain Keras model at the end.

python examples/scikit_learn_habits.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.model_selection import cross_val_score

import boda
from boda.data.digits import compose_digits


def main() -> None:
    """Load pictures into arrays, cross-validate, fit, and predict."""
    with tempfile.TemporaryDirectory() as scratch:
        photos = compose_digits(Path(scratch) / "photos", count=120)
        files = [path for path in sorted(photos.rglob("*.jpg")) if path.parent.name in {"0", "1", "7"}]
        images = np.stack([np.asarray(Image.open(path)) for path in files])
        labels = np.array([path.parent.name for path in files])

        scores = cross_val_score(boda.Classifier(), images, labels, cv=3)
        print("accuracy in three folds:", scores.round(2))

        classifier = boda.Classifier().fit(images, labels)
        print("first answers:", classifier.predict(images[:3]))


if __name__ == "__main__":
    main()
