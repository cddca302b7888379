"""What is in memory already, texts with labels or arrays, to sequences."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np

from boda.data.sequences.dataset import SequenceDataset, learnable_classes
from boda.data.sequences.rolls import Roll, build_rolls
from boda.data.sequences.text_file import fault_of
from boda.data.sequences.units import check_tokens, unit_of
from boda.errors import DataError, LabelError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_texts(source: Any, *, task: str | None = None, tokens: str = "auto") -> SequenceDataset:
    """Read a pair (texts, labels) of lists, or a list of texts to learn language from.

    Args:
        source: Texts, and as many class names, numbers or texts.
        task: "classify", "regress", "pairs" or "language"; unless given, "regress" where a label is no whole number.
        tokens: "characters" or "words"; "auto" takes words for sentences.

    Raises:
        DataError: The lists differ in length, or no text can serve.
        LabelError: A label is missing, or none for the task.

    Example:
        read_texts((["good", "bad"], ["+", "-"]))
    """
    check_tokens(tokens)
    texts, labels = source if isinstance(source, tuple) else (source, None)
    if labels is not None and len(texts) != len(labels):
        raise DataError(f"Expected as many labels as texts, came {len(texts)} texts and {len(labels)} labels.")
    task = task or ("language" if labels is None else _task(labels))
    faults = [_fault(text) for text in texts]
    rows = [i for i, fault in enumerate(faults) if fault is None]
    bad = tuple(BadFile(f"text {i}", fault) for i, fault in enumerate(faults) if fault is not None)
    if not rows:
        raise DataError(f"None of {len(texts)} texts can serve{f': {bad[0].name}: {bad[0].reason}' if bad else ''}.")
    inputs = tuple(normalize("NFC", texts[i]) for i in rows)
    targets: tuple[Any, ...] = tuple(None if labels is None else _target(labels[i], i, task) for i in rows)
    nothing = (None,) * len(rows)
    named = task == "classify" or (task == "language" and labels is not None)
    return SequenceDataset(
        task=task,
        unit="characters" if (task, tokens) == ("language", "auto") else unit_of(inputs, tokens),
        inputs=inputs,
        targets=targets,
        names=tuple(f"text {i}" for i in rows),
        parts=nothing,
        groups=nothing,
        classes=learnable_classes("labels", targets, nothing) if named else (),
        bad=bad,
    )


def read_arrays(source: Sequence[Any], *, task: str | None = None) -> SequenceDataset:
    """Read a list of arrays (t, keys) as music, or (t, channels) or (t,) as series.

    Args:
        source: The arrays; they may differ in length.
        task: "music" or "forecast"; "music" for zeros and ones alone unless given.

    Raises:
        DataError: No array can serve.
    """
    rolls = [Roll(f"array {i}", np.asarray(values), None) for i, values in enumerate(source)]
    return build_rolls("the list", rolls, task, None)


def _task(labels: Sequence[Any]) -> str:
    """Numbers are regressed where one is no whole number; all else is told apart."""
    numbers = [float(label) for label in labels if isinstance(label, Real)]
    return "regress" if len(numbers) == len(labels) and not all(map(float.is_integer, numbers)) else "classify"


def _fault(text: object) -> str | None:
    if not isinstance(text, str):
        return f"expected a text, came {type(text).__name__}"
    return fault_of(text) if text.strip() else "the text is empty"


def _target(label: Any, i: int, task: str) -> str | float:
    if task == "regress":
        if isinstance(label, Real) and math.isfinite(label):
            return float(label)
        raise LabelError(f"labels: expected a finite number at {i}, came {label!r}.")
    if label is None or not str(label).strip():
        raise LabelError(f"labels: expected a label at {i}, came {label!r}.")
    return normalize("NFC", str(label))
