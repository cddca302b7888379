"""Sentences and their tags, in; tags by looking up each word, and by a linear model of it and its neighbours, out."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Sentences = Sequence[Sequence[str]]
    Tagged: TypeAlias = tuple[Sentences, Sentences]  # tokens and tags

MOST = 60_000  # tokens that the linear model learns from
INVERSE = 3.0  # C of the logistic regression


def frequent_tags(train: Tagged, held_out: Sentences) -> list[list[str]]:
    """The tag that each word most often has; an unknown word has the most frequent tag of all.

    Example:
        >>> frequent_tags(([["a", "dog"], ["a", "cat"]], [["DET", "NOUN"], ["DET", "NOUN"]]), [["a", "fox"]])
        [['DET', 'DET']]
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    for tokens, tags in zip(*train, strict=True):
        every.update(tags)
        for token, tag in zip(tokens, tags, strict=True):
            counts[token][tag] += 1
    usual = {token: _first(some) for token, some in counts.items()}
    unknown = _first(every)
    return [[usual.get(token, unknown) for token in tokens] for tokens in held_out]


def neighbour_tags(train: Tagged, held_out: Sentences, seed: int) -> list[list[str]]:
    """The tags of logistic regression on each word, its ends and its shape, and the words beside it.

    It learns from 60,000 tokens at most, of sentences drawn by `seed`; each tag is told for itself.

    Args:
        train: tokens and tags, as many of both in each sentence.
        held_out: tokens.
        seed: which sentences.

    Returns:
        A tag for each token.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    some = _drawn(train, seed)
    names = sorted({tag for tags in some[1] for tag in tags})
    if len(names) < 2:
        return frequent_tags(train, held_out)
    grams = CountVectorizer(analyzer=list, binary=True, dtype=np.float64)
    features = grams.fit_transform([told for tokens in some[0] for told in _told(tokens)])
    model = LogisticRegression(C=INVERSE, tol=1e-3, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, [tag for tags in some[1] for tag in tags])
    told = [one for tokens in held_out for one in _told(tokens)]
    answers = iter(model.predict(grams.transform(told)).tolist() if told else ())
    return [[next(answers) for _ in tokens] for tokens in held_out]


def _told(tokens: Sequence[str]) -> list[list[str]]:
    """What is known of each token."""
    padded = ["<", "<", *tokens, ">", ">"]
    return [_features(padded, place) for place in range(2, len(tokens) + 2)]


def _features(words: Sequence[str], at: int) -> list[str]:
    word = words[at]
    ends = [f"s{n}={word[-n:]}" for n in (1, 2, 3)] + [f"p{n}={word[:n]}" for n in (1, 2)]
    beside = [f"{place}={words[at + place]}" for place in (-2, -1, 1, 2)]
    shape = f"shape={word[:1].isupper():d}{word.isupper():d}{any(map(str.isdigit, word)):d}{word.isalnum():d}"
    return [f"w={word}", f"l={word.lower()}", *ends, *beside, f"next s2={words[at + 1][-2:]}", shape]


def _drawn(train: Tagged, seed: int) -> Tagged:
    """Sentences in a drawn order, until they have `MOST` tokens."""
    order = np.random.default_rng(seed).permutation(len(train[0]))
    ends = np.cumsum([len(train[0][i]) for i in order])
    kept = order[: max(1, int(np.searchsorted(ends, MOST, side="right")))]
    return [train[0][i] for i in kept], [train[1][i] for i in kept]


def _first(counts: Counter[str]) -> str:
    """The most frequent tag, of equal ones the first by name."""
    return min(counts, key=lambda tag: (-counts[tag], tag))
