"""Turns figures into words and short strings: shares, intervals, verdicts, names that are safe to show."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING = "–"  # noqa: RUF001 - an en dash stands where there is no figure
BASELINES = {
    "most_frequent": "always the most frequent class",
    "raw_pixels": "linear model on raw pixels",
}
_HIDDEN = {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: object, limit: int = 80) -> str:
    r"""`text` on one line, at most `limit` characters long, with what cannot be seen written as an escape.

    Example:
        >>> clean("a\nb")
        'a\\nb'
    """
    shown = "".join(_escape(c) if unicodedata.category(c) in _HIDDEN or c in _BIDI else c for c in str(text))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def base_name(path: object) -> str:
    r"""The last name of a path of any system, or the text itself where it is none.

    Example:
        >>> base_name("/home/me/photos/"), base_name("C:\\photos"), base_name("flowers")
        ('photos', 'photos', 'flowers')
    """
    return clean(re.split(r"[\\/]", str(path).rstrip("\\/"))[-1] or path)


def percent(share: float | None, digits: int = 1) -> str:
    """A share as percent with a thin space, such as "91.3 %"."""
    return NOTHING if not _is_number(share) else f"{100 * share:.{digits}f}\u202f%"


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many decimals, or a dash where there is none."""
    return NOTHING if not _is_number(value) else f"{value:.{digits}f}"


def interval(ends: Sequence[float] | None, digits: int = 1) -> str:
    """Both ends of an interval of shares, such as "86.2 to 94.8 %"."""
    if not is_interval(ends):
        return NOTHING
    return f"{100 * ends[0]:.{digits}f} to {100 * ends[1]:.{digits}f}\u202f%"


def is_interval(ends: object) -> TypeGuard[Sequence[float]]:
    """Whether `ends` is a pair of finite numbers."""
    return isinstance(ends, (list, tuple)) and len(ends) == 2 and all(map(_is_number, ends))


def seconds(value: float | None) -> str:
    """A duration, such as "8.2 s" or "3 min 20 s"."""
    if not _is_number(value):
        return NOTHING
    return f"{value:.1f}\u202fs" if value < 90 else f"{value // 60:.0f}\u202fmin {value % 60:.0f}\u202fs"


def plural(n: int, noun: str, many: str = "") -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "class", "classes"), plural(1200, "picture")
        ('1 class', '1,200 pictures')
    """
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"


def score_name(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """The key of the score that leads the report, and its name in words; accuracy where there is one."""
    val = metrics.get("val") or {}
    accuracy = "accuracy (all labels right)" if metrics.get("task") == "multilabel" else "accuracy"
    known = (("accuracy", accuracy), ("auc", "mean AUC"), ("macro_f1", "macro F1"))
    return next(((key, words) for key, words in known if val.get(key) is not None), known[0])


def verdict(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """Whether boda beats the raw-pixel baseline: "better", "same", "worse" or "none", and a sentence.

    The paired difference on the same pictures decides where the Run holds one,
    otherwise whether the two intervals overlap.
    """
    key, words = score_name(metrics)
    against = metrics.get("against_baseline") or {}
    ends = against.get("interval")
    if is_interval(ends):
        return _verdict_of_difference(against.get("difference"), ends)
    mine, theirs = (
        _ends(scores, key) for scores in (metrics.get("val"), (metrics.get("baselines") or {}).get("raw_pixels"))
    )
    if mine is None or theirs is None:
        return "none", "There is no baseline to compare with."
    if mine[0] > theirs[1]:
        return "better", f"Better than a linear model on raw pixels: the intervals of their {words} do not overlap."
    if mine[1] < theirs[0]:
        return "worse", f"Worse than a linear model on raw pixels: the intervals of their {words} do not overlap."
    return "same", f"No difference shown from a linear model on raw pixels: the intervals of their {words} overlap."


def abstain_sentence(calibration: Mapping[str, Any]) -> str:
    """What the abstain threshold does, in one sentence."""
    abstain = calibration.get("abstain") or {}
    wanted, threshold = abstain.get("wanted"), abstain.get("threshold")
    if threshold is None:
        return (
            f"No threshold was found above which {percent(wanted, 0)} of the answers are right; "
            "more pictures for training, or cleaner labels, would help."
        )
    seen = calibration.get("val_at_threshold") or {}
    coverage = seen.get("coverage", abstain.get("coverage"))
    right = seen.get("precision", abstain.get("precision_there"))
    ends = seen.get("precision_interval", abstain.get("precision_interval"))
    spread = f" (95\u202f% interval {interval(ends, 0)})" if is_interval(ends) else ""
    return (
        f"Answer only above {number(threshold, 2)}: {percent(coverage, 0)} of the pictures are answered, "
        f"{percent(right, 0)} of these right{spread}."
    )


def calibration_sentence(val: Mapping[str, Any]) -> str:
    """What the temperature did to the mean gap between confidence and truth; no difference within its interval."""
    before, after, ends = (val.get(key) for key in ("ece_uncalibrated", "ece", "ece_interval"))
    if not _is_number(after):
        return ""
    spread = f" (95\u202f% interval {interval(ends)})" if is_interval(ends) else ""
    text = f"The mean gap between confidence and truth (ECE) is {percent(after)}{spread}"
    if not _is_number(before):
        return f"{text}."
    if percent(before) == percent(after):
        return f"{text}, with the temperature as without it."
    if is_interval(ends) and (ends[0] <= before <= ends[1] or abs(before - after) < (ends[1] - ends[0]) / 2):
        return f"{text}; no difference shown from {percent(before)} before the temperature."
    return f"{text}; before the temperature it was {percent(before)}."


def leaks_sentence(count: int) -> str:
    """Why the accuracy flatters where pictures are in more than one part.

    Example:
        >>> leaks_sentence(4)
        '4 pictures are in more than one part; the accuracy on them flatters.'
    """
    are, them = ("is", "it") if count == 1 else ("are", "them")
    return f"{plural(count, 'picture')} {are} in more than one part; the accuracy on {them} flatters."


def worst_confusions(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], most: int
) -> list[tuple[str, str, int, int]]:
    """The commonest mistakes as (true class, answer, how often, pictures of the true class), the commonest first."""
    pairs = [
        (classes[i], classes[j], int(count), int(sum(row)))
        for i, row in enumerate(confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[2] / pair[3], pair[:2]))[:most]


def _verdict_of_difference(difference: float | None, ends: Sequence[float]) -> tuple[str, str]:
    lo, hi = ends
    points = f"{100 * lo:+.1f} to {100 * hi:+.1f} points on the same pictures"
    if lo > 0:
        return (
            "better",
            f"Better than a linear model on raw pixels by {100 * (difference or lo):.1f} points ({points}).",
        )
    if hi < 0:
        return "worse", f"Worse than a linear model on raw pixels by {100 * -(difference or hi):.1f} points ({points})."
    return "same", f"No difference shown from a linear model on raw pixels ({points}, which includes 0)."


def _ends(scores: Mapping[str, Any] | None, key: str) -> Sequence[float] | None:
    ends = (scores or {}).get(f"{key}_interval")
    return ends if is_interval(ends) else None


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and math.isfinite(value)
