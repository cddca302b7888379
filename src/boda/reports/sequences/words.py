"""Turns the figures of a Run of sequences into words: what leads, baselines, verdicts, and what is counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from boda.reports.sequences.measures import LEADS, MEASURES, Measure, ends_of, short, value_of
from boda.reports.words import clean, is_interval, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TASKS = {
    "classify": "a class a sequence",
    "regress": "a number a sequence",
    "tag": "a tag a token",
    "language": "the next token",
    "music": "the next frame of keys",
    "pairs": "a text for a text",
    "forecast": "the steps ahead",
}
NOUNS = {"tag": "sentence", "language": "piece", "music": "piece", "pairs": "pair", "forecast": "forecast"}
STEPS = {"characters": "character", "words": "word", "events": "event"}
BASELINES = {
    "most_frequent": "always the most frequent answer",
    "mean": "always the mean",
    "ngrams": "linear model on n-grams",
    "unigram": "single tokens by frequency",
    "ngram": "n-grams, interpolated",
    "frequent_tag": "each word's most frequent tag",
    "neighbours": "linear model on a word and its neighbours",
    "marginal": "each key by its frequency",
    "markov": "each key by the step before",
    "nearest": "copy the most similar example",
    "seasonal_naive": "as one season ago",
    "linear": "linear model on the same history",
}


SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥", "": "∅", "<begin>": "⊢", "<end>": "⊣", "<unknown>": "\ufffd"}
_OPENINGS = {"better": "Better than", "same": "No difference shown from", "worse": "Worse than"}


def is_sequences(about: Mapping[str, Any]) -> bool:
    """Whether run.json says that these are sequences."""
    return about.get("kind") == "sequences"


def lead(metrics: Mapping[str, Any]) -> tuple[str, Measure]:
    """The figure that leads: the one of which the verdict is, where it is known; of language bits instead of nats."""
    task = str(metrics.get("task"))
    against = str((metrics.get("against_baseline") or {}).get("figure"))
    key = LEADS.get(task, "accuracy") if against not in MEASURES or task == "language" else against
    return key, MEASURES[key]


def baseline_words(name: object) -> str:
    """A baseline in words; one that is not known by its own name.

    >>> baseline_words("seasonal_naive"), baseline_words("two_layers")
    ('as one season ago', 'two layers')
    """
    return BASELINES.get(str(name), clean(str(name).replace("_", " ")))


def verdict(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """Whether the model beats the strongest baseline: "better", "same", "worse" or "none", and a sentence.

    The paired difference on the same sequences decides; it is told by its size, since of errors less is better.
    """
    against = metrics.get("against_baseline") or {}
    kind, ends, difference = against.get("verdict"), against.get("interval"), against.get("difference")
    if kind not in {"better", "same", "worse"}:
        return "none", "There is no baseline to compare with."
    rival = f"the strongest baseline ({baseline_words(against.get('baseline'))})"
    key, measure = lead(metrics)
    scale = 1 / math.log(2) if key == "bits" and against.get("figure") == "nll" else 1.0
    unit = "" if measure.share else f" {lead_words(metrics)}" if key in {"bits", "nll"} else f" in {measure.words}"
    if not is_interval(ends):
        return str(kind), f"{_OPENINGS[kind]} {rival}; too few sequences to say how sure that is."
    low, high = (scale * end for end in ends)
    if kind == "same":
        points = " points" if measure.share else unit
        around = f"{_signed(low, measure)} to {_signed(high, measure)}{points} on the same {nouns(metrics)}"
        return "same", f"No difference shown from {rival} ({around}, which includes 0)."
    near, far = sorted((abs(low), abs(high)))
    middle = abs(scale * difference) if difference is not None else (near + far) / 2
    spread = f"{_bare(near, measure)} to {measure.apart(far)} on the same {nouns(metrics)}"
    return str(kind), f"{_OPENINGS[kind]} {rival} by {measure.apart(middle)}{unit} ({spread})."


def lead_words(metrics: Mapping[str, Any]) -> str:
    """The leading figure with what it counts, such as "bits a character"."""
    key, measure = lead(metrics)
    if key == "bits":
        return f"bits a {step_noun(metrics)}"
    return "nats a step" if key == "nll" else measure.words


def certainty_sentence(metrics: Mapping[str, Any]) -> str:
    """What the interval means, for a person who has never met one."""
    key, measure = lead(metrics)
    measured = f"Measured on {part_words(metrics)} that it had not learnt from."
    ends = ends_of(metrics.get("val"), key)
    if ends is None:
        return measured
    low, high = (measure.write(end) for end in ends)
    return (
        f"{measured} We can be 95\u202f% sure that its {_subject(metrics)} on further {nouns(metrics)} of this kind "
        f"lies between {low} and {high}; more validation data would narrow this."
    )


def meaning_sentence(metrics: Mapping[str, Any]) -> str:
    """What the leading figure means, in plain words; empty where it speaks for itself."""
    task, val = str(metrics.get("task")), metrics.get("val") or {}
    if task == "language" and (perplexity := value_of(val, "perplexity")) is not None:
        step, bits = step_noun(metrics), short(value_of(val, "bits"))
        return (
            f"Before each {step} it is as unsure as among {short(perplexity)} equally likely ones (the perplexity): "
            f"that is {bits} bits a {step}, what a perfect packer would need to store the text."
        )
    if task == "music":
        return "The loss is that of all 88 keys of a frame together: how surprised the model is by the next chord."
    if task == "forecast" and (mase := value_of(val, "mase")) is not None:
        side = "smaller" if mase < 1 else "larger"
        return f"The error is {short(mase)} times that of a naive forecast on the training part (MASE): it is {side}."
    return ""


def part_words(metrics: Mapping[str, Any], part: str = "val") -> str:
    """How many sequences, and of which how many steps, in words.

    >>> part_words({"task": "tag", "val": {"n": 40, "steps": 1043}})
    '40 validation sentences with 1,043 words'
    """
    scores = metrics.get(part) or {}
    named = "test" if "test" in {part, metrics.get("reported")} else "validation"
    counted = plural(scores.get("n") or 0, f"{named} {noun(metrics)}")
    return counted if scores.get("steps") is None else f"{counted} with {plural(scores['steps'], step_noun(metrics))}"


def noun(metrics: Mapping[str, Any]) -> str:
    """What one sequence is called."""
    return NOUNS.get(str(metrics.get("task")), "text")


def nouns(metrics: Mapping[str, Any]) -> str:
    """What sequences are called."""
    return f"{noun(metrics)}s"


def step_noun(metrics: Mapping[str, Any]) -> str:
    """What one step is called."""
    task = metrics.get("task")
    return (
        "word" if task == "tag" else STEPS.get(str(metrics.get("unit")), "character" if task == "language" else "step")
    )


def leaks_sentence(count: int, metrics: Mapping[str, Any]) -> str:
    """Why the figures flatter where sequences are in more than one part."""
    are, them = ("is", "it") if count == 1 else ("are", "them")
    return f"{plural(count, noun(metrics))} {are} in more than one part; the figures on {them} flatter."


def token_words(token: str) -> str:
    r"""A token that can be seen: spaces, line ends, and where a sequence begins and ends have signs.

    >>> token_words(" "), token_words("\n"), token_words("a"), token_words("<end>")
    ('␣', '↵', 'a', '⊣')
    """
    return SIGNS.get(token) or clean(token, 40)


def are_words(tokens: Sequence[str]) -> bool:
    """Whether tokens are words and not letters; "<begin>" and its like are neither.

    >>> are_words(["<begin>", "a"]), are_words(["a", "bc"])
    (False, True)
    """
    from boda.explain.sequences.features import is_special  # here, since its package loads Pillow

    return any(len(token) > 1 and not is_special(token) for token in tokens)


def _subject(metrics: Mapping[str, Any]) -> str:
    """The leading figure as the subject of a sentence."""
    key, words = lead(metrics)[0], lead_words(metrics)
    if key in {"bits", "nll"}:
        return f"loss in {words}"
    return "share of exactly right answers" if key == "exact_match" else words


def _signed(value: float, measure: Measure) -> str:
    sign = "+" if value >= 0 else "\u2212"
    return f"{sign}{_bare(abs(value), measure)}"


def _bare(value: float, measure: Measure) -> str:
    return f"{100 * value:.1f}" if measure.share else short(value)
