"""Texts, in; answers of linear models on their n-grams, out: a class, a number, or the target of the nearest source.

An n-gram weighs (1 + log count) times the logarithm of how rare it is, and each text has length 1 (TF-IDF).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.folds import folds
from boda.metrics.classify import log_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Fit = Callable[[Any, np.ndarray, float], Callable[[Any], np.ndarray]]  # features, targets, penalty -> answers

BEGIN, END = "\x02", "\x03"  # so that a gram knows the edge of a text
INVERSE = (1.0, 3.0, 10.0, 30.0)  # C of the logistic regression
RIDGE = (0.03, 0.1, 0.3, 1.0, 3.0)
FOLDS, AT_ONCE = 3, 15_000  # inner folds, of which fewer are tried where they would hold more texts than that in all
CHARACTERS = 5_000_000  # of all texts that grams of characters look at; words look at all of each
GRAMS = 200_000  # most frequent ones


def class_of_ngrams(
    train: tuple[Sequence[str], np.ndarray], held_out: Sequence[str], seed: int, *, classes: int, words: bool = False
) -> np.ndarray:
    """The probabilities, (m, classes), of logistic regression; its penalty is the best in log loss on inner folds.

    A class that the training part lacks gets what one more text of it would have.

    Args:
        train: n texts and their (n,) class indices.
        held_out: m texts.
        seed: of the inner folds.
        classes: how many there are.
        words: look at one and two words as well as at one to four characters.
    """
    targets = np.asarray(train[1], np.int64)

    def fit(features: Any, targets: np.ndarray, inverse: float) -> Callable[[Any], np.ndarray]:
        return _logistic(features, targets, inverse, classes)

    features, new = _features(train[0], held_out, words=words)
    inverse = _best(features, targets, INVERSE, fit, log_loss, seed)
    return fit(features, targets, inverse)(new)


def number_of_ngrams(
    train: tuple[Sequence[str], np.ndarray], held_out: Sequence[str], seed: int, *, words: bool = False
) -> np.ndarray:
    """The numbers, (m,), of ridge regression; its penalty is the best in absolute error on inner folds.

    Args:
        train: n texts and their (n,) numbers.
        held_out: m texts.
        seed: of the inner folds.
        words: look at one and two words as well as at one to four characters.
    """
    targets = np.asarray(train[1], np.float64)
    features, new = _features(train[0], held_out, words=words)
    alpha = _best(features, targets, RIDGE, _ridge, lambda y, found: float(np.abs(y - found).mean()), seed)
    return _ridge(features, targets, alpha)(new)


def nearest_target(train: tuple[Sequence[str], Sequence[str]], held_out: Sequence[str]) -> list[str]:
    """The target of the training source whose n-grams have the largest cosine with each source's, the first of equals.

    Args:
        train: sources and their targets.
        held_out: sources.
    """
    features, new = _features(train[0], held_out, words=False)
    targets, found = train[1], []
    step = max(1, 20_000_000 // features.shape[0])
    for start in range(0, new.shape[0], step):
        found += [targets[i] for i in np.asarray((new[start : start + step] @ features.T).argmax(axis=1)).ravel()]
    return found


def _features(texts: Sequence[str], held_out: Sequence[str], *, words: bool) -> tuple[Any, Any]:
    """Sparse (n, grams) and (m, grams), weighed by how rare a gram is among `texts`."""
    from scipy.sparse import hstack

    most = max(200, CHARACTERS // len(texts))
    blocks = [_weighed(texts, held_out, "char", (1, 4), most)]
    if words:
        blocks.append(_weighed(texts, held_out, "word", (1, 2)))
    return hstack([mine for mine, _ in blocks]).tocsr(), hstack([new for _, new in blocks]).tocsr()


def _weighed(
    texts: Sequence[str], held_out: Sequence[str], analyzer: str, lengths: tuple[int, int], most: int | None = None
) -> tuple[Any, Any]:
    """The grams of one kind, of the first `most` characters."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    kind = TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=lengths,
        token_pattern=r"\w+|[^\w\s]",  # noqa: S106 - no password
        lowercase=analyzer == "word",
        sublinear_tf=True,
        max_features=GRAMS,
        min_df=2 if len(texts) > 1000 else 1,
    )
    mine, new = ([BEGIN + text[:most] + END for text in some] for some in (texts, held_out))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The parameter 'token_pattern' will not be used", UserWarning)
        return kind.fit_transform(mine), kind.transform(new)


def _best(
    features: Any,
    targets: np.ndarray,
    penalties: tuple[float, ...],
    fit: Fit,
    cost: Callable[[np.ndarray, np.ndarray], float],
    seed: int,
) -> float:
    """The penalty of least `cost` over inner folds; the middle one where there are too few texts for them."""
    n = len(targets)
    if n < 4 * FOLDS:
        return penalties[len(penalties) // 2]
    strata = targets if targets.dtype.kind == "i" else np.zeros(n, np.int64)
    inner = folds(strata, None, FOLDS, seed)[: max(1, min(FOLDS, AT_ONCE // n))]
    costs = [
        sum(cost(targets[test], fit(features[rest], targets[rest], penalty)(features[test])) for rest, test in inner)
        for penalty in penalties
    ]
    return penalties[int(np.argmin(costs))]


def _logistic(features: Any, targets: np.ndarray, inverse: float, classes: int) -> Callable[[Any], np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known = np.unique(targets)
    model = LogisticRegression(C=inverse, tol=1e-3, max_iter=300)
    if len(known) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, targets)

    def answer(new: Any) -> np.ndarray:
        found = np.full((new.shape[0], classes), 1 / (len(targets) + classes - len(known)))
        share = model.predict_proba(new) if len(known) > 1 else np.ones((new.shape[0], 1))
        found[:, known] = share * (1 - found[:, :1] * (classes - len(known)))
        return found

    return answer


def _ridge(features: Any, targets: np.ndarray, alpha: float) -> Callable[[Any], np.ndarray]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-4).fit(features, targets)
    return lambda new: np.asarray(model.predict(new))
