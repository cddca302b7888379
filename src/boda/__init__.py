"""boda teaches a model to see from a few pictures, and proves how far it can be trusted.

>>> import boda
>>> run = boda.train("photos/")                  # doctest: +SKIP
>>> for answer in boda.predict(run, ["new.jpg"]):    # doctest: +SKIP
...     print(answer.label, answer.confidence)
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Answer": "boda.answers",
    "BodaError": "boda.errors",
    "BoxAnswer": "boda.box_answers",
    "BoxIoU": "boda.models.box_iou",
    "BoxModel": "boda.box_answers",
    "CIoULoss": "boda.models.box_losses",
    "Classifier": "boda.verbs.classifier",
    "DIoULoss": "boda.models.box_losses",
    "Dataset": "boda.sample",
    "Detections": "boda.boxes",
    "Forecast": "boda.sequence_answers",
    "GIoULoss": "boda.models.box_losses",
    "HeadRecipe": "boda.recipe",
    "IoULoss": "boda.models.box_losses",
    "Model": "boda.answers",
    "Recipe": "boda.recipe",
    "Run": "boda.run",
    "Sample": "boda.sample",
    "SequenceAnswer": "boda.sequence_answers",
    "SequenceModel": "boda.sequence_answers",
    "SequenceRecipe": "boda.recipe.sequence",
    "SmoothL1Loss": "boda.models.box_losses",
    "backbones": "boda.verbs.backbones",
    "cache": "boda.verbs.cache",
    "convert": "boda.verbs.convert",
    "demo": "boda.verbs.demo",
    "find_rate": "boda.verbs.find_rate",
    "ladder": "boda.verbs.ladder",
    "load": "boda.verbs.predict",
    "look": "boda.verbs.look",
    "predict": "boda.verbs.predict",
    "report": "boda.verbs.report",
    "runs": "boda.verbs.runs",
    "train": "boda.verbs.train",
    "why": "boda.verbs.why",
}

__all__ = sorted(_PUBLIC)  # noqa: PLE0605 - the one list of public names is the table above


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import boda` itself costs nothing."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'boda' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
