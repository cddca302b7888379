"""How a ladder was measured, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.reports import ladder_score as scores
from boda.reports import ladder_words as words
from boda.reports.words import clean, plural

if TYPE_CHECKING:
    from boda.reports.ladder_words import Ladder

STOPPED = (
    "A rung that can hardly come to show a gain any more is stopped early, never one that looks good; it is compared "
    "with the base on the folds that both answered."
)
TEST = (
    "The test flips the signs of the pictures' differences at random and asks how often chance alone comes as far; "
    "the luck of single fits, which moves a whole fold, is counted as chance too."
)
MISTAKE = "so that a ladder of levers that all do nothing calls one of them by mistake about one time in twenty."
ALONE = "The intervals are those of each lever alone."
WITH_ACCURACY = (
    "The difference is taken picture by picture, in accuracy and in log loss; copies of a picture count as one. "
    f"{TEST} It is corrected for all levers and both scores together, {MISTAKE} Where accuracy shows a difference its "
    f"sign is the verdict, else that of the log loss. {ALONE}"
)
WITH_A_LOSS = (
    "The difference is taken picture by picture, in {}; copies of a picture count as one. "
    f"{TEST} It is corrected for all levers together, {MISTAKE} {ALONE}"
)
NOT_SHOWN = "“No difference shown” does not mean that there is none: it may be smaller than so many pictures can show."
FROM_OTHER_FOLDS = "Penalty and temperature for a fold come from the answers on the other folds."
WINNER_BY_ACCURACY = (
    "The winner is the lever, of those that help, that gains most accuracy over the base on the pictures that both "
    "answered, and loses none; or else it is the base."
)
WINNER_BY_A_LOSS = (
    "The winner is the lever, of those that help, that gains most over the base on the pictures that both answered; or "
    "else it is the base."
)
FLATTERS = (
    "Since it was picked for its figure, that figure flatters; what was held out, which no choice has seen, was asked "
    "once, by the winner alone."
)
OF_PICTURES = (
    "Since it was picked for its figure, that figure flatters; the held-out pictures, which no choice has seen, were "
    "asked once, by the winner alone."
)
OF_SEQUENCES = (
    "Every rung trains a network of its own on each fold, from a fresh start, with one core; what it stops by, and the "
    "temperature of its confidences, come from a part of what is learned that is held back for that."
)
EPOCHS = "The base trains {} at most. The fewer there are, the more a lever gains by learning quickly alone."
BLOCKS = {
    "piece": "Neighbouring steps of a text are alike, so that pieces of about 256 steps are told of as one.",
    "forecast": "Forecasts whose origins lie within one horizon tell of the same steps, so that they count as one.",
}


def method(ladder: Ladder) -> list[str]:
    """How it was measured, a point or two each; what is not known yet is left out."""
    found = [*_on_folds(ladder), STOPPED, *_compared(ladder)]
    if ladder.get("minutes"):
        left = sum(rung.get("status") == "left out" for rung in words.rungs_of(ladder))
        gone = f"; {plural(left, 'rung')} {'was' if left == 1 else 'were'} left out" if left else ""
        found.append(f"The time budget was {ladder['minutes']:g} minutes{gone}.")
    return [*found, f"The seed is {clean(ladder.get('seed', 0))}: it deals the folds and starts the networks."]


def _compared(ladder: Ladder) -> list[str]:
    """The comparison, in terms of what is told of and of the score."""
    score, noun = scores.score_of(words.base_of(ladder)), scores.thing(ladder)
    test = WITH_ACCURACY if score.second else WITH_A_LOSS.format(score.name)
    by = WINNER_BY_ACCURACY if score.second else WINNER_BY_A_LOSS
    if noun == "picture":
        return [test, NOT_SHOWN, FROM_OTHER_FOLDS, f"{by} {OF_PICTURES}"]
    blocks = [BLOCKS[noun]] if noun in BLOCKS else []
    epochs = [EPOCHS.format(plural(ladder["epochs"], "epoch"))] if ladder.get("epochs") else []
    some = (test, *blocks, NOT_SHOWN, OF_SEQUENCES, *epochs, f"{by} {FLATTERS}")
    return [text.replace("picture", noun) for text in some]


def _on_folds(ladder: Ladder) -> list[str]:
    if not ladder.get("folds"):
        return []
    if ladder.get("in_blocks"):
        return _on_blocks(ladder)
    times, costly = (plural(ladder.get(key) or 1, "time") for key in ("repeats", "costly_repeats"))
    fewer = f" ({costly} for rungs that thaw layers)" if ladder.get("costly_repeats") and times != costly else ""
    noun = scores.thing(ladder)
    dealt = (
        f"The training {noun}s were dealt into {ladder['folds']} folds, {times} over{fewer}, with equal shares of the "
        f"classes in each and copies of a {noun} kept together."
    )
    return [
        dealt,
        "Each rung learns from all folds but one and answers on that one, in turn; every rung has the same folds.",
    ]


def _on_blocks(ladder: Ladder) -> list[str]:
    what = "series" if scores.thing(ladder) == "forecast" else "text"
    times = f", {plural(ladder['repeats'], 'time')} over with other chance" if (ladder.get("repeats") or 1) > 1 else ""
    cut = f"The last part of what is trained on was cut into {ladder['folds']} consecutive blocks{times}."
    told = (
        f"Each rung learns from the {what} before a block, and is asked about the block: what comes later is never "
        "learned from to tell what came before. Every rung has the same blocks."
    )
    return [cut, told]
