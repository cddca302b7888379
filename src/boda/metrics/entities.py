"""Tags B-PER, I-PER, O of a sentence, in; the spans that they mark, out, and how many were found exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from boda.metrics.tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Span: TypeAlias = tuple[str, int, int]  # kind, first step, step after the last
OUTSIDE = "O"


def are_entities(tags: Iterable[str]) -> bool:
    """Whether `tags`, the names of all there are, mark spans: each O, B-... or I-..., and at least one B- or I-.

    >>> are_entities(["O", "B-PER", "I-PER"]), are_entities(["NOUN", "VERB"])
    (True, False)
    """
    names = set(tags) - {OUTSIDE}
    return bool(names) and all(tag.startswith(("B-", "I-")) for tag in names)


def spans(tags: Sequence[str]) -> list[Span]:
    """The entities of one sentence, in their order.

    One begins at B-, and at an I- that does not continue one of its kind, as conlleval counts.

    Example:
        >>> spans(["B-PER", "I-PER", "O", "I-LOC"])
        [('PER', 0, 2), ('LOC', 3, 4)]

    Reference:
        Tjong Kim Sang and De Meulder 2003, Introduction to the CoNLL-2003 shared task, cs/0306050.
    """
    found: list[Span] = []
    kind, first = "", 0
    for step, tag in enumerate([*tags, OUTSIDE]):
        mark, _, name = tag.partition("-")
        if kind and (mark != "I" or name != kind):
            found.append((kind, first, step))
            kind = ""
        if mark in {"B", "I"} and not kind:
            kind, first = name, step
    return found


def entity_tallies(truth: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> Tallies:
    """The entities of each sentence, all kinds as one class: true, answered, and right in kind, begin and end.

    Their `macro_f1` is what CoNLL calls F1, since there is one class.
    """
    pairs = [(set(spans(true)), set(spans(answered))) for true, answered in zip(truth, answers, strict=True)]
    counts = np.array([(len(t & a), len(a), len(t)) for t, a in pairs], dtype=np.int64).reshape(-1, 3)
    return Tallies(counts[:, :1], counts[:, 1:2], counts[:, 2:])
