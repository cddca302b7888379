"""`boda predict`: answers of a Run, or of a pretrained network as it is, on files, folders and globs.

A Run of boxes answers with `BoxAnswer`, any other with `Answer`; what only boxes need is imported for them alone.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boda.answers import Answer, Model
from boda.data.decode import SUFFIXES
from boda.data.view import View
from boda.errors import RunError
from boda.models import backbones
from boda.run import Run
from boda.sample import BOX_TASKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import TypeIs

    from boda.box_answers import BoxAnswer, BoxModel
    from boda.sequence_answers import SequenceAnswer, SequenceModel

Picture = str | Path | np.ndarray


def load(source: Run | Path | str) -> Model | BoxModel | SequenceModel:
    """The model of a Run, or a pretrained network as it is by its name, such as "efficientnet_lite0".

    Raises:
        RunError: there is neither a Run nor a network of that name.
    """
    if isinstance(source, Run):
        return _of_run(source)
    if Path(source).is_dir():
        return _of_run(Run.open(source, complete=True))
    if str(source) in backbones.BACKBONES:
        return _as_is(str(source))
    hint = backbones.nearest(str(source)) or "`boda runs` and `boda backbones` list them."
    raise RunError(f"{source} is neither a Run's folder nor a network. {hint}")


def predict(
    source: Model | BoxModel | SequenceModel | Run | Path | str,
    pictures: Picture | Iterable[Picture] | Iterable[Any],
    *,
    min_confidence: float | Literal["auto"] | None = None,
    grow: float | None = None,
) -> Iterator[Answer] | Iterator[BoxAnswer] | Iterator[SequenceAnswer]:
    """Answer on pictures, or on sequences, in order, as they come.

    Args:
        source: a Run, its folder, a loaded Model, or a network's name for its 1000 ImageNet classes.
        pictures: files, folders (searched through), globs, or arrays (h, w, 3) uint8; one or several. Of a Run of
            sequences: texts (not files), tuples of tokens, or rolls (t, keys); `model.forecast` is for series.
        min_confidence: labels below it are marked as abstained, boxes below it are left out; "auto" takes the
            threshold that the training found. Usually every label and every one box a picture is given, and of many
            boxes those above that threshold.
        grow: for one box a picture: grow it so that it contains the whole object in this share of the pictures, such
            as 0.9.

    Yields:
        An Answer or a BoxAnswer a picture; one that cannot be read, and a folder or a glob without pictures, carries
        `error` instead of a label or boxes.

    Raises:
        RunError: `source` is no Run and no network, "auto" was asked for and no threshold was found, or a margin that
            the Run does not hold.
    """
    model = load(source) if isinstance(source, (Run, Path, str)) else source
    if is_of_sequences(model):
        from boda.verbs.predict_sequences import answers

        if grow is not None:
            raise RunError("Only a box can grow, and this model answers on sequences. Leave grow out.")
        samples: Any = [pictures] if isinstance(pictures, (str, np.ndarray)) else pictures
        return answers(model, samples, min_confidence=min_confidence)
    if isinstance(model, Model):
        if grow is not None:
            raise RunError("Only a box can grow, and this model answers with labels. Leave grow out.")
        least = _threshold(model) if min_confidence == "auto" else min_confidence or 0.0
        return model.predict(expand(_several(pictures)), min_confidence=least)
    least_shown = model.trust.threshold if min_confidence == "auto" else min_confidence
    return model.predict(expand(_several(pictures)), min_confidence=least_shown, grow=grow)


def expand(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Files and arrays as they are, folders and globs as the pictures in them, sorted."""
    for picture in pictures:
        if isinstance(picture, np.ndarray):
            yield picture
        elif Path(picture).is_dir():
            yield from _within(Path(picture))
        elif glob.has_magic(str(picture)) and not Path(picture).exists():
            yield from _matching(str(picture))
        else:
            yield picture


def is_of_sequences(model: Any) -> TypeIs[SequenceModel]:
    """Whether a loaded model answers on sequences; what they need is imported for them alone."""
    return type(model).__module__ == "boda.sequence_answers"


def _of_run(run: Run) -> Model | BoxModel | SequenceModel:
    if run.about.get("kind") == "sequences":
        from boda.sequence_answers import SequenceModel

        return SequenceModel.load(run)
    if run.about.get("task") in BOX_TASKS:
        from boda.box_answers import BoxModel

        return BoxModel.load(run)
    return Model.load(run)


def _several(pictures: Picture | Iterable[Picture]) -> Iterable[Picture]:
    if isinstance(pictures, np.ndarray):
        return pictures if pictures.ndim == 4 else [pictures]
    return [pictures] if isinstance(pictures, (str, Path)) else pictures


def _within(folder: Path) -> Iterator[Path]:
    """The pictures below `folder`, or itself where it holds none: the answer to it says so."""
    found = False
    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                found = True
                yield Path(base) / name
    if not found:
        yield folder


def _matching(pattern: str) -> Iterator[str]:
    """The files that match, or the pattern itself where none does: the answer to it says so."""
    return iter(sorted(glob.glob(pattern, recursive=True)) or [pattern])  # noqa: PTH207 - absolute patterns, too


def _threshold(model: Model) -> float:
    if model.abstain_below is None:
        raise RunError("This model has no abstain threshold: the wanted precision was not reached. Give a number.")
    return model.abstain_below


def _as_is(name: str) -> Model:
    from boda.models.imagenet import class_names
    from boda.training.networks import as_is_network

    return Model(as_is_network(name), View(backbones.get(name).size, "crop"), class_names())
