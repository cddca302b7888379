"""Turns ladder.json into words: which levers help, which hurt, what cannot be told, and what it would take."""

from __future__ import annotations

import math
from statistics import NormalDist, median
from typing import TYPE_CHECKING, Any

from boda.reports import ladder_score as scores
from boda.reports.words import NOTHING, base_name, clean, is_interval, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rung = Mapping[str, Any]
    Ladder = Mapping[str, Any]

HELPS, HURTS, SAME = "helps", "hurts", "no difference shown"
SIGNS = {HELPS: "▲", HURTS: "▼", SAME: "○"}
LOOKS = {HELPS: "better", HURTS: "worse", SAME: "muted"}  # classes of report.css
STATES = {"left out": "left out", "failed": "failed", "running": "running now", "waiting": "not begun"}
ENDED = ("done", "stopped early")
NOT_COMPARED, ONE_FOLD = "not compared yet", "one fold only, not compared"
POINT = 0.01
MOST_NAMED = 6
_NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)


def rungs_of(ladder: Ladder) -> list[Rung]:
    """The rungs in the order of the ladder."""
    return [rung for rung in ladder.get("rungs") or [] if isinstance(rung, dict)]


def base_of(ladder: Ladder) -> Rung:
    """The rung with which the others are compared; empty where it is not there yet."""
    named = (rung for rung in rungs_of(ladder) if rung.get("name") == ladder.get("base", "head"))
    return next(named, {})


def compared(ladder: Ladder) -> list[Rung]:
    """The rungs that have a difference from the base with its interval, the greatest gain first."""
    known = [
        rung
        for rung in rungs_of(ladder)
        if rung is not base_of(ladder) and rung.get("difference") is not None and is_interval(rung.get("interval"))
    ]
    return sorted(known, key=lambda rung: -rung["difference"])


def untold(ladder: Ladder) -> list[Rung]:
    """The rungs that have no difference: left out, failed, still to come, or not compared yet."""
    told = [*compared(ladder), base_of(ladder)]
    return [rung for rung in rungs_of(ladder) if not any(rung is other for other in told)]


def measured(ladder: Ladder) -> list[Rung]:
    """The rungs that have a figure: the base, those compared with it, and those that wait for that."""
    known = [base_of(ladder), *compared(ladder), *untold(ladder)]
    return [rung for rung in known if scores.is_measured(rung)]


def with_verdict(ladder: Ladder, verdict: str) -> list[Rung]:
    """The compared rungs of one verdict."""
    return [rung for rung in compared(ladder) if rung.get("verdict") == verdict]


def title_of(rung: Rung, limit: int = 80) -> str:
    """Its title, or its name."""
    return clean(rung.get("title") or rung.get("name") or "?", limit)


def headline(ladder: Ladder) -> tuple[str, str, str]:
    """A class of report.css, two or three words, and the sentence that says what helps."""
    told = [rung for rung in compared(ladder) if rung.get("verdict") in SIGNS]
    if not told:
        return (
            "none",
            "No verdict yet",
            "Levers are compared with the base once all rungs are done, so that nobody stops at a lucky moment.",
        )
    good = with_verdict(ladder, HELPS)
    many = f"{scores.thing(ladder)}s"
    on = f"On these {ladder['n']:,} {many}" if ladder.get("n") else f"On these {many}"
    if not good:
        return "same", "No gain shown", f"{on} {_none(len(told))} is shown to help."
    verb = "helps" if len(good) == 1 else "help"
    of = f" of {in_words(len(told))} levers" if len(told) > 1 else " lever"
    text = f"{on} {in_words(len(good))}{of} {verb}: {_gains(good)}."
    return "better", f"{in_words(len(good)).capitalize()} {verb}", text


def sentences(ladder: Ladder) -> list[str]:
    """What else the ladder says, a sentence or two each: harm, no difference, better confidence, what is missing."""
    found = [
        _hurts(ladder),
        _no_difference(ladder),
        _near(ladder),
        _loss_alone(ladder),
        _missing(ladder),
        _progress(ladder),
    ]
    return [sentence for sentence in found if sentence]


def needed_pictures(ladder: Ladder, difference: float | None = None) -> int | None:
    """About how many pictures it takes to find `difference` four times in five; None where that is unknown.

    By default it is a hundredth: a point of accuracy, or 1 % of the base's loss.

    Intervals narrow with the root of the number of pictures: n ((z + 0.84) s / difference)^2, where s is a standard
    error, from the median half width (1.96 s) of the intervals of the levers that show no difference. The verdict is
    corrected for m tests, all levers in all scores, so z is the normal quantile at 1 - 0.025 / m (Bonferroni's, a
    little strict).
    """
    widths = sorted((r["interval"][1] - r["interval"][0]) / 2 for r in with_verdict(ladder, SAME))
    if not widths or not ladder.get("n") or not widths[len(widths) // 2]:
        return None
    score = scores.score_of(base_of(ladder))
    difference = (
        POINT * (1.0 if score.is_share else abs(base_of(ladder)[score.key])) if difference is None else difference
    )
    z = NormalDist().inv_cdf(1 - 0.025 / ((1 + score.second) * len(compared(ladder))))
    power = (z + 0.84) / 1.96  # interval's half width to a difference that is found four times in five
    wanted = ladder["n"] * (widths[len(widths) // 2] * power / difference) ** 2
    size = 10 ** max(math.floor(math.log10(wanted)) - 1, 0)
    return round(wanted / size) * size


def rolled_back(ladder: Ladder) -> str:
    """What the winner's final training did not keep of its stages, as half a sentence; empty where it kept all."""
    stages = [one for one in (ladder.get("winner") or {}).get("stages") or [] if isinstance(one, dict)]
    gone = [clean(one.get("stage")) for one in stages if not one.get("kept")]
    kept = [clean(one.get("stage")) for one in stages if one.get("kept")]
    if not gone:
        return ""
    were = "stage {} was" if len(gone) == 1 else "stages {} were"
    left = f"the head with {listed(kept)}" if kept else "the head alone"
    return f"its {were.format(listed(gone))} rolled back in the final training, so this figure is that of {left}"


def times_the_base(rung: Rung, base: Rung) -> float | None:
    """Its seconds a fold over those of the base."""
    mine, theirs = (_seconds_a_fold(each) for each in (rung, base))
    return mine / theirs if mine is not None and theirs else None


def p_value(p: float | None) -> str:
    """A p-value with three decimals, or that it is below.

    Example:
        >>> p_value(0.0004), p_value(0.0312)
        ('< 0.001', '0.031')
    """
    if p is None:
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def verdict_words(rung: Rung) -> str:
    """Sign and verdict, such as "▲ helps", or its state where there is none."""
    verdict = rung.get("verdict")
    if verdict in SIGNS:
        words = f"{SIGNS[verdict]}\u00a0{verdict}".replace("no difference", "no\u00a0difference")
        return f"{words} (log\u00a0loss)" if by_log_loss(rung) else words
    return STATES.get(str(rung.get("status")), _not_compared(rung) if scores.is_measured(rung) else NOTHING)


def reason(rung: Rung) -> str:
    """Why there is no figure, such as "left out: it would take about 6 min 50 s"."""
    state = STATES.get(str(rung.get("status")), clean(rung.get("status") or "unknown"))
    if scores.is_measured(rung):
        state = f"{state}, {scores.line(rung)}, {_not_compared(rung)}"
    parts = [clean(rung["reason"], 300)] if rung.get("reason") else []
    if rung.get("estimate_seconds"):
        parts.append(f"it would take about {seconds(rung['estimate_seconds'])}")
    return f"{state}: {'; '.join(parts)}" if parts else state


def by_log_loss(rung: Rung) -> bool:
    """Whether the verdict is the log loss's: it shows a difference, and accuracy alone does not."""
    return rung.get("shown_in") == ["log_loss"]


def deciding_p(rung: Rung) -> float | None:
    """The corrected p-value of the score that the verdict comes from."""
    p: float | None = rung.get("log_loss_p_adjusted" if by_log_loss(rung) else "p_adjusted")
    return p


def in_words(n: int) -> str:
    """A count as a word up to twenty.

    Example:
        >>> in_words(3), in_words(21)
        ('three', '21')
    """
    return _NUMBERS[n] if n < len(_NUMBERS) else f"{n:,}"


def listed(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Names as a sentence lists them.

    Example:
        >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=2)
        ('a, b and c', 'a, b and 1 more')
    """
    shown = [*names] if len(names) <= most else [*names[:most], f"{len(names) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def data_name(ladder: Ladder, otherwise: str) -> str:
    """The name of the pictures' folder."""
    return base_name(ladder.get("data") or otherwise)


def _none(many: int) -> str:
    return f"none of {in_words(many)} levers" if many > 1 else "no lever"


def _hurts(ladder: Ladder) -> str:
    bad = with_verdict(ladder, HURTS)
    verb = "hurts" if len(bad) == 1 else "hurt"
    return f"{in_words(len(bad)).capitalize()} {verb}: {_gains(bad[::-1])}." if bad else ""


def _no_difference(ladder: Ladder) -> str:
    same, wanted = with_verdict(ladder, SAME), needed_pictures(ladder)
    if not same:
        return ""
    matter = "matters" if len(same) == 1 else "matter"
    text = f"Nothing shows that {_names(same)} {matter} here, for better or worse."
    if wanted is None or not ladder.get("n"):
        return text
    if wanted <= ladder["n"]:
        return f"{text} A difference of {_hundredth(ladder)} would most likely have been seen."
    more = f"{wanted:,} {scores.thing(ladder)}s"
    return f"{text} To see a difference of {_hundredth(ladder)} among so many levers you would need about {more}."


def _hundredth(ladder: Ladder) -> str:
    return "1 point" if scores.score_of(base_of(ladder)).is_share else "1 %"


def _near(ladder: Ladder) -> str:
    """Levers whose own interval leaves 0 out, which is not enough where several are tried."""
    near = [rung for rung in with_verdict(ladder, SAME) if rung["interval"][0] > 0 or rung["interval"][1] < 0]
    if not near:
        return ""
    comes, their = ("comes", "its") if len(near) == 1 else ("come", "their")
    return (
        f"{_gains(near)} {comes} near: {their} own interval leaves 0 out, which one in twenty does by chance, so with "
        "several levers tried it is not enough."
    )


def _loss_alone(ladder: Ladder) -> str:
    """Levers with better confidences whose answers are not shown to be better."""
    better = [rung for rung in with_verdict(ladder, SAME) if _is_below_0(rung.get("log_loss_difference_interval"))]
    if not better:
        return ""
    return (
        f"In log loss alone {_names(better)} {'lies' if len(better) == 1 else 'lie'} below the base (interval without "
        "0, not corrected for the number of levers): perhaps more honest confidences, no more right answers shown."
    )


def _is_below_0(ends: Any) -> bool:
    return is_interval(ends) and ends[1] < 0


def _missing(ladder: Ladder) -> str:
    parts = []
    for state, verb in (("left out", "left out"), ("failed", "failed")):
        some = [rung for rung in untold(ladder) if rung.get("status") == state]
        if some:
            was = "" if state == "failed" else " was" if len(some) == 1 else " were"
            parts.append(f"{_names(some)}{was} {verb}")
    if single := [rung for rung in untold(ladder) if _has_one_fold(rung)]:
        parts.append(f"{_names(single)} {'has' if len(single) == 1 else 'have'} {ONE_FOLD}")
    return f"Not told: {'; '.join(parts)}." if parts else ""


def _progress(ladder: Ladder) -> str:
    coming = [rung for rung in untold(ladder) if rung.get("status") in {"running", "waiting"}]
    if not coming:
        return ""
    many = len(rungs_of(ladder))
    are = "is" if len(coming) == 1 else "are"
    return f"The ladder is not finished: {len(coming)} of {plural(many, 'rung')} {are} still to come."


def _gains(rungs: Sequence[Rung]) -> str:
    return listed([f"{_name(rung)} ({_gain(rung)})" for rung in rungs])


def _gain(rung: Rung) -> str:
    """The difference in points or in nats, or the log loss where only that shows it."""
    gain = scores.gain_words(rung)
    loss = rung.get("log_loss_difference")
    return f"log loss {loss:+.3f}, {gain}" if by_log_loss(rung) and loss is not None else gain


def _names(rungs: Sequence[Rung]) -> str:
    return listed([_name(rung) for rung in rungs])


def _name(rung: Rung) -> str:
    return clean(rung.get("name") or rung.get("title") or "?", 40)


def _has_one_fold(rung: Rung) -> bool:
    """Whether it has ended with one fold alone, which no other one calibrates."""
    return rung.get("status") in ENDED and rung.get("cells") == 1


def _not_compared(rung: Rung) -> str:
    return ONE_FOLD if _has_one_fold(rung) else NOT_COMPARED


def _seconds_a_fold(rung: Rung) -> float | None:
    """The median over its folds; the first, which also computes what all share, counts only where it is alone."""
    folds = [fold for fold in rung.get("folds") or [] if isinstance(fold, dict)]
    spent = [fold["seconds"] for fold in folds if fold.get("seconds") is not None]
    return median(spent[1:] or spent) if spent else None
