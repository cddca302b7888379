"""What a network of sequences must beat, by task: the training part in, answers on a held-out part out, no Keras.

Each task has a baseline that knows nothing of the input, or nearly so, and one that learns from it without a network.

| task | `train` | `held_out` | answers |
| --- | --- | --- | --- |
| classify | texts, (n,) class indices | texts | (m, classes) probabilities |
| regress | texts, (n,) numbers | texts | (m,) numbers |
| tag | sentences of tokens, sentences of tags | sentences of tokens | sentences of tags |
| language | (t,) ids a sequence | the same | (t - 1,) nats a step, a sequence |
| music | (t, keys) rolls of 0 and 1 | the same | (t - 1,) nats a step, a sequence |
| pairs | sources, targets | sources | targets |
| forecast | (n, L, C) contexts, (n, H, C) futures | (m, L, C) contexts | (m, H, C) futures |

A sequence of ids is what the network sees: its first id (begin, a label, or the first token of a long text) is given,
every other one is told. Of a roll the first frame is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from boda.errors import DataError, RecipeError
from boda.training.sequences.baselines_music import marginal, markov
from boda.training.sequences.baselines_series import linear, seasonal_naive
from boda.training.sequences.baselines_tags import frequent_tags, neighbour_tags
from boda.training.sequences.baselines_text import class_of_ngrams, nearest_target, number_of_ngrams
from boda.training.sequences.ngram import NGrams, fit_ngrams

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 5_000_000  # ids that are counted; more take long and tell little more


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a baseline must know beside the sequences.

    Args:
        seed: of inner parts.
        unit: of texts, "characters" or "words".
        classes: how many there are (classify).
        size: how many ids there are (language).
        season: steps of a period (forecast).
    """

    seed: int
    unit: str = "characters"
    classes: int = 0
    size: int = 0
    season: int = 1


Baseline: TypeAlias = Callable[[Any, Any, Setting], Any]


def rivals(
    task: str,
    train: Any,
    held_out: Any,
    seed: int,
    *,
    unit: str = "characters",
    classes: int = 0,
    size: int = 0,
    season: int = 1,
) -> dict[str, Any]:
    """The answers of each baseline of `task` on `held_out`, {name: answers}, fitted on `train` alone.

    Args:
        task: one of `BASELINES`.
        train: see the table above.
        held_out: see the table above.
        seed: of the inner parts that choose a penalty or an order.
        unit: of texts, "characters" or "words".
        classes: how many there are; classify needs it.
        size: how many ids there are; language needs it.
        season: steps of a period of a forecast.

    Raises:
        RecipeError: `task` has no baselines.
        DataError: a part is empty.
    """
    if task not in BASELINES:
        near = get_close_matches(task, BASELINES, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RecipeError(f"task must be one of {', '.join(BASELINES)}. Received: {task!r}.{hint}")
    n, m = len(train[0] if isinstance(train, tuple) else train), len(held_out)
    if n == 0 or m == 0:
        raise DataError(f"The baselines of {task!r} need 1 or more sequences in each part. Received: {n} and {m}.")
    setting = Setting(seed=seed, unit=unit, classes=classes, size=size, season=season)
    return {name: baseline(train, held_out, setting) for name, baseline in BASELINES[task].items()}


def always_most_frequent(
    train: tuple[Sequence[str], np.ndarray], held_out: Sequence[str], setting: Setting
) -> np.ndarray:
    """How often each class occurs, whatever the text."""
    share = np.bincount(np.asarray(train[1], np.int64), minlength=setting.classes) / len(train[1])
    return np.tile(share, (len(held_out), 1))


def always_mean(train: tuple[Sequence[str], np.ndarray], held_out: Sequence[str], _: Setting) -> np.ndarray:
    """The mean of the training part's numbers."""
    return np.full(len(held_out), np.mean(np.asarray(train[1], np.float64)))


def always_most_frequent_target(
    train: tuple[Sequence[str], Sequence[str]], held_out: Sequence[str], _: Setting
) -> list[str]:
    """The target that occurs most often, the first of equal ones."""
    targets = list(train[1])
    counts = dict.fromkeys(targets, 0)
    for target in targets:
        counts[target] += 1
    return [max(counts, key=counts.__getitem__)] * len(held_out)


def unigram(train: Sequence[np.ndarray], held_out: Sequence[np.ndarray], setting: Setting) -> list[np.ndarray]:
    """How often each id occurs, whatever stands before it."""
    return NGrams.of(_at_most(train), setting.size, 1).losses(held_out)


def ngram(train: Sequence[np.ndarray], held_out: Sequence[np.ndarray], setting: Setting) -> list[np.ndarray]:
    """How often each id occurs after the up to five before it, interpolated; see `ngram.NGrams`."""
    return fit_ngrams(_at_most(train), setting.size, setting.seed).losses(held_out)


BASELINES: dict[str, dict[str, Baseline]] = {
    "classify": {
        "most_frequent": always_most_frequent,
        "ngrams": lambda train, held_out, s: class_of_ngrams(
            train, held_out, s.seed, classes=s.classes, words=s.unit == "words"
        ),
    },
    "regress": {
        "mean": always_mean,
        "ngrams": lambda train, held_out, s: number_of_ngrams(train, held_out, s.seed, words=s.unit == "words"),
    },
    "tag": {
        "frequent_tag": lambda train, held_out, _: frequent_tags(train, held_out),
        "neighbours": lambda train, held_out, s: neighbour_tags(train, held_out, s.seed),
    },
    "language": {"unigram": unigram, "ngram": ngram},
    "music": {
        "marginal": lambda train, held_out, _: marginal(train, held_out),
        "markov": lambda train, held_out, _: markov(train, held_out),
    },
    "pairs": {
        "most_frequent": always_most_frequent_target,
        "nearest": lambda train, held_out, _: nearest_target(train, held_out),
    },
    "forecast": {
        "seasonal_naive": lambda train, held_out, s: seasonal_naive(held_out, train[1].shape[1], s.season),
        "linear": lambda train, held_out, _: linear(train, held_out),
    },
}


def _at_most(sequences: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The first `MOST` ids; a memory-mapped sequence is read no further."""
    left, some = MOST, []
    for one in sequences:
        some.append(np.asarray(one[:left]))
        left -= len(some[-1])
        if left <= 0:
            break
    return some
