"""The figures of sequences: how each is written, whether lower is better, and which of them lead a task's report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.reports.words import NOTHING, is_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure: its name in words, whether it is a share, whether lower is better, and a hint for who never met it."""

    words: str
    share: bool = False
    lower: bool = False
    hint: str = ""

    def write(self, value: float | None) -> str:
        """The value, such as "91.3 %" or "0.042"."""
        if value is None or not math.isfinite(value):
            return NOTHING
        return f"{100 * value:.1f}\u202f%" if self.share else short(value)

    def spread(self, ends: Sequence[float] | None) -> str:
        """Both ends of an interval, such as "86.2 to 94.8 %", or a dash."""
        if not is_interval(ends):
            return NOTHING
        if self.share:
            return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}\u202f%"
        return f"{short(ends[0])} to {short(ends[1])}"

    def apart(self, difference: float) -> str:
        """How far two values lie apart, such as "3.2 points" or "0.14"."""
        return f"{100 * abs(difference):.1f} points" if self.share else short(abs(difference))


MEASURES = {
    "accuracy": Measure("accuracy", share=True, hint="share of right answers"),
    "balanced_accuracy": Measure("balanced accuracy", share=True, hint="each class counts alike"),
    "macro_f1": Measure("macro F1", hint="recall and precision in one; each class counts alike"),
    "entity_f1": Measure("entity F1", hint="whole names with the right kind"),
    "log_loss": Measure("log loss", lower=True, hint="lower is better"),
    "ece": Measure("calibration error", share=True, lower=True, hint="0 is perfectly honest"),
    "mae": Measure("mean error", lower=True, hint="how far off an answer is on average"),
    "rmse": Measure("RMSE", lower=True, hint="large errors count more"),
    "r2": Measure("R²", hint="share of the variance explained; 0 is always the mean"),
    "bits": Measure("bits", lower=True, hint="lower is better"),
    "nll": Measure("loss a step", lower=True, hint="nats; lower is better"),
    "perplexity": Measure("perplexity", lower=True, hint="as unsure as among so many equal ones"),
    "exact_match": Measure("exactly right", share=True, hint="every token of the answer"),
    "token_accuracy": Measure("tokens right", share=True, hint="also in answers that are wrong as a whole"),
    "character_error_rate": Measure("character errors", share=True, lower=True, hint="edits a character of the truth"),
    "mase": Measure("MASE", lower=True, hint="below 1 beats the naive forecast"),
    "smape": Measure("sMAPE", share=True, lower=True, hint="error relative to the values"),
    "coverage": Measure("inside the interval", share=True, hint="how often the truth lies in the band"),
}
LEADS = {
    "classify": "accuracy",
    "regress": "mae",
    "tag": "accuracy",
    "language": "bits",
    "music": "nll",
    "pairs": "exact_match",
    "forecast": "mae",
}
TILES = {
    "classify": ("accuracy", "macro_f1", "balanced_accuracy", "log_loss", "ece"),
    "regress": ("rmse", "r2", "coverage"),
    "tag": ("macro_f1", "entity_f1"),
    "language": ("perplexity", "nll"),
    "music": (),
    "pairs": ("token_accuracy", "character_error_rate"),
    "forecast": ("mase", "smape", "coverage"),
}


def value_of(scores: Mapping[str, Any] | None, key: str) -> float | None:
    """A figure; bits and perplexity follow from the loss where they are not written."""
    known = scores or {}
    value, nll = known.get(key), known.get("nll")
    if value is None and nll is not None and key in {"bits", "perplexity"}:
        value = nll / math.log(2) if key == "bits" else math.exp(min(nll, 700))
    return None if value is None or not math.isfinite(value) else float(value)


def ends_of(scores: Mapping[str, Any] | None, key: str) -> Sequence[float] | None:
    """The interval of a figure; that of bits and of perplexity follows from the loss's."""
    known = scores or {}
    ends, nll = known.get(f"{key}_interval"), known.get("nll_interval")
    if ends is None and is_interval(nll) and key in {"bits", "perplexity"}:
        ends = [end / math.log(2) if key == "bits" else math.exp(min(end, 700)) for end in nll]
    return ends if is_interval(ends) else None


def short(value: float | None) -> str:
    """A number with three figures that count, such as "0.0421", "12.3" or "1,230".

    >>> short(0.04213), short(12.345), short(1234.5), short(0.0)
    ('0.0421', '12.3', '1,234', '0')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size > 8:
        return f"{value:.2e}"
    return f"{value:,.{max(2 - size, 0)}f}"
