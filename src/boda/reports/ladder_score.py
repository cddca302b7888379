"""The score of a ladder, in words: accuracy in percent and points, or a loss of sequences in its own units.

A difference is always by how much a rung is better than the base, so that above 0 is better whatever the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.reports.words import NOTHING, is_interval, percent, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    Found = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """A score.

    Args:
        key: its name in ladder.json.
        name: in words.
        gained: what a difference is counted in.
        axis: what the forest plot's axis says.
        factor: what a difference is multiplied by to be read.
        second: whether log loss is tested beside it.
    """

    key: str
    name: str
    gained: str
    axis: str
    factor: float = 1.0
    second: bool = False

    @property
    def is_share(self) -> bool:
        """Whether it is told in percent."""
        return self.factor != 1


ACCURACY = Score("accuracy", "accuracy", "points", "points of accuracy; right is better", 100.0, second=True)
LOSSES = (
    Score("nll", "nats a step", "nats a step", "nats a step less than the base; right is better"),
    Score("mae", "mean absolute error", "of error", "mean absolute error less than the base; right is better"),
)


def score_of(found: Found) -> Score:
    """The score in which a rung, or the winner, is told; accuracy unless there is another.

    >>> score_of({"nll": 1.5}).name
    'nats a step'
    """
    return next((score for score in LOSSES if found.get(score.key) is not None), ACCURACY)


def is_measured(found: Found) -> bool:
    """Whether there is a figure."""
    return found.get(score_of(found).key) is not None


def value_words(found: Found) -> str:
    """The figure alone, such as "92.0 %" or "1.913"."""
    score, value = score_of(found), found.get(score_of(found).key)
    if score.is_share:
        return percent(value)
    return NOTHING if value is None else f"{value:.4g}"


def ends_words(found: Found) -> str:
    """Its interval, such as "87.4 to 95.0"; empty where there is none."""
    score = score_of(found)
    ends = found.get(f"{score.key}_interval")
    if not is_interval(ends):
        return ""
    return " to ".join(f"{100 * end:.1f}" if score.is_share else f"{end:.4g}" for end in ends)


def line(found: Found) -> str:
    """Figure and interval, such as "92.0 % (87.4 to 95.0)" or "1.913 (1.88 to 1.95) nats a step"."""
    score, ends = score_of(found), ends_words(found)
    unit = "" if score.is_share else f" {score.name}"
    return f"{value_words(found)}{f' ({ends})' if ends else ''}{unit}"


def gain(rung: Found) -> str:
    """By how much a rung is better, with its sign: in points, or in the loss's units."""
    return _signed(rung.get("difference"), score_of(rung))


def gain_interval(rung: Found) -> str:
    """Both ends of its interval."""
    ends = rung.get("interval")
    return " to ".join(_signed(end, score_of(rung)) for end in ends) if is_interval(ends) else NOTHING


def gain_words(rung: Found) -> str:
    """The same in words.

    >>> gain_words({"accuracy": 0.9, "difference": 0.034}), gain_words({"nll": 1.9, "difference": 0.031})
    ('+3.4 points', '0.031 nats a step less')
    """
    score, value = score_of(rung), rung["difference"]
    if score.is_share:
        return f"{_signed(value, score)} points"
    return f"{abs(value):.3g} {score.gained} {'less' if value >= 0 else 'more'}"


def thing(ladder: Found) -> str:
    """What is told of, one at a time: a picture, a sequence, a piece of a text, or a forecast."""
    return str(ladder.get("unit") or "picture")


def held_many(held: Found, ladder: Found) -> str:
    """Of how many the winner was asked in the end, such as "200 pictures"."""
    return plural(held.get("n") or 0, str(held.get("unit") or thing(ladder)))


def _signed(value: float | None, score: Score) -> str:
    if value is None:
        return NOTHING
    return f"{100 * value:+.1f}" if score.is_share else f"{value:+.3g}"
