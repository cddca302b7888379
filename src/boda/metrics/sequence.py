"""Answers to sequences and the truth, in; the figures of a task with their 95 % intervals, ready for JSON, out.

The unit of chance is always the sequence, or, where one long text or piece is all there is, a block of 256 steps.
An interval tells the luck of which sequences are in this part; it does not tell the luck of one training.
Figures have six digits; what is undefined, such as the interval of a mean of one, is None.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics import classify
from boda.metrics.edits import edits
from boda.metrics.entities import are_entities, entity_tallies
from boda.metrics.intervals import bootstrap_mean, check_rows, percentiles, wilson
from boda.metrics.tallies import Tallies, drawn, drawn_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 256  # of a block of a long text
FEW = 20  # sequences; with fewer each is cut into blocks


def classify_figures(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], seed: int
) -> dict[str, Any]:
    """`metrics.classify.evaluate` of one class a sequence: accuracy, macro F1, log loss, calibration, every class.

    Args:
        labels: (n,) class indices, n of 1 or more.
        probabilities: (n, k), 0 to 1.
        classes: the k names.
        seed: of the bootstrap of log loss.

    Raises:
        ValueError: shapes that do not fit, or no sequence.
    """
    return rounded(classify.evaluate(labels, probabilities, classes, np.random.default_rng([seed, 1])))


def regress_figures(targets: np.ndarray, answers: np.ndarray, seed: int) -> dict[str, Any]:
    """`n, mae, mae_interval, rmse, r2` of one number a sequence.

    `r2` is 1 - sum of squared errors / sum of squares around the mean of `targets`: 0 is what their mean would reach,
    below 0 is worse; None where all targets are equal.

    Args:
        targets: (n,), n of 1 or more.
        answers: (n,).
        seed: of the bootstrap over sequences.

    Raises:
        ValueError: no sequence, or not as many of both.

    Example:
        >>> found = regress_figures(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]), seed=0)
        >>> found["mae"], found["rmse"], found["r2"]
        (0.666667, 1.1547, -1.0)
    """
    y, found = np.asarray(targets, dtype=np.float64), np.asarray(answers, dtype=np.float64)
    _some(targets=y, answers=found)
    errors, around = np.abs(found - y), float(((y - y.mean()) ** 2).sum())
    return rounded(
        {
            "n": len(y),
            "mae": errors.mean(),
            "mae_interval": bootstrap_mean(errors, rng=np.random.default_rng([seed, 1])) if len(y) > 1 else None,
            "rmse": np.sqrt((errors**2).mean()),
            "r2": 1 - (errors**2).sum() / around if around > 0 else None,
        }
    )


def tag_figures(
    tags: Sequence[Sequence[str]], answers: Sequence[Sequence[str]], classes: Sequence[str]
) -> dict[str, Any]:
    """Accuracy over tokens, macro F1 over tags, a row a tag, and the F1 of entities where the tags mark them.

    The intervals are the infinitesimal jackknife's over sentences.

    Args:
        tags: the true tags of each sentence, one sentence or more.
        answers: as many tags of each.
        classes: every name that may occur in either.

    Returns:
        `n` (sentences), `steps` (tokens), `accuracy`, `macro_f1`, each with its interval, `per_class`
        (`name, n, precision, recall, f1`, with intervals), and with B-, I- and O tags `entity_f1` with its interval,
        `entity_precision` and `entity_recall`.

    Raises:
        ValueError: no sentence, or another number of tags in a sentence and its answer.
    """
    place = {name: i for i, name in enumerate(classes)}
    true, found = ([np.array([place[tag] for tag in one], np.int64) for one in some] for some in (tags, answers))
    _same_lengths(true, found)
    tallies = Tallies.of(true, found, len(classes))
    return rounded(
        {
            "n": len(true),
            "steps": int(tallies.true.sum()),
            "accuracy": tallies.accuracy(),
            "accuracy_interval": tallies.accuracy_interval(),
            "macro_f1": tallies.macro_f1(),
            "macro_f1_interval": tallies.macro_f1_interval(),
            **(_entity_figures(tags, answers) if are_entities(classes) else {}),
            "per_class": tallies.rows(classes),
        }
    )


def nll_figures(nll: np.ndarray, steps: np.ndarray, seed: int) -> dict[str, Any]:
    """How many nats a step costs: `n, steps, nll, nll_interval, perplexity, bits`.

        nll = sum nll_i / sum steps_i,    perplexity = exp(nll),    bits = nll / log 2

    Args:
        nll: (n,) the negative log likelihood of each sequence, summed over its steps, in nats.
        steps: (n,) how many steps each has; of few long sequences see `pieces_of`.
        seed: of the bootstrap over sequences.

    Raises:
        ValueError: no step, or not as many of both.

    Example:
        >>> nll_figures(np.array([2 * np.log(8), np.log(8)]), np.array([2, 1]), seed=0)["bits"]
        3.0
    """
    cost, length = np.asarray(nll, dtype=np.float64), np.asarray(steps, dtype=np.float64)
    _some(nll=cost, steps=length)
    if length.sum() <= 0:
        raise ValueError("Expected 1 or more steps in all. Received: 0.")
    mean = float(cost.sum() / length.sum())
    return rounded(
        {
            "n": len(cost),
            "steps": int(length.sum()),
            "nll": mean,
            "nll_interval": percentiles(drawn_ratio(cost, length, drawn(len(cost), seed))) if len(cost) > 1 else None,
            "perplexity": exp(min(mean, 700.0)),
            "bits": mean / log(2),
        }
    )


def pieces_of(losses: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sums and numbers of steps, (n,) each, of sequences whose steps cost `losses`, (t,) nats each.

    Fewer than 20 sequences are cut into blocks of 256 steps (a remainder of less than half goes to the block before):
    neighbouring steps of a text are too much alike to be drawn one by one, and two texts are too few.

    Example:
        >>> sums, steps = pieces_of([np.ones(600)])
        >>> steps.tolist()
        [256, 344]
    """
    pieces = [one for one in losses if len(one)]
    if len(pieces) < FEW:
        pieces = [block for one in pieces for block in np.split(one, range(STEPS, len(one) - STEPS // 2 + 1, STEPS))]
    sums = np.array([np.sum(one, dtype=np.float64) for one in pieces], dtype=np.float64)
    return sums, np.array([len(one) for one in pieces], dtype=np.int64)


def exact_match_figures(targets: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> dict[str, Any]:
    """How many answers are wholly right, and how near the others come.

        token_accuracy = 1 - sum edits / sum max(length of target, of answer)
        character_error_rate = sum edits / sum length of target

    Args:
        targets: strings, or lists of tokens, 1 or more.
        answers: the same.

    Returns:
        `n, exact_match, exact_match_interval` (Wilson), `token_accuracy` (0 to 1) and `character_error_rate` (0 is
        right; above 1 where answers are much too long; None where all targets are empty). Tokens are characters in
        strings.

    Raises:
        ValueError: no target, or not as many answers.

    Example:
        >>> exact_match_figures(["579", "12"], ["579", "13"])["token_accuracy"]
        0.8
    """
    if not len(targets) == len(answers) > 0:
        raise ValueError(f"Expected 1 or more targets and as many answers. Received: {len(targets)}, {len(answers)}.")
    distance = edits(targets, answers)
    right, length = int((distance == 0).sum()), sum(map(len, targets))
    longer = sum(max(len(t), len(a)) for t, a in zip(targets, answers, strict=True))
    return rounded(
        {
            "n": len(distance),
            "exact_match": right / len(distance),
            "exact_match_interval": wilson(right, len(distance)),
            "token_accuracy": 1 - distance.sum() / max(longer, 1),
            "character_error_rate": distance.sum() / length if length else None,
        }
    )


def rounded(value: Any) -> Any:
    """`value` as JSON takes it: six significant digits, lists for tuples and arrays, None for what is not finite.

    >>> rounded({"mae": np.float64(1 / 3), "interval": (0.1, float("nan"))})
    {'mae': 0.333333, 'interval': [0.1, None]}
    """
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [rounded(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _entity_figures(tags: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> dict[str, Any]:
    tallies = entity_tallies(tags, answers)
    right, answered, true = (int(counts.sum()) for counts in (tallies.right, tallies.answered, tallies.true))
    return {
        "entity_f1": tallies.macro_f1(),
        "entity_f1_interval": tallies.macro_f1_interval(),
        "entity_precision": right / max(answered, 1),
        "entity_recall": right / max(true, 1),
    }


def _some(**arrays: np.ndarray) -> None:
    """Refuse what is empty or of unequal lengths."""
    check_rows(**arrays)
    if not all(one.ndim == 1 and len(one) for one in arrays.values()):
        shapes = " and ".join(f"{name} {one.shape}" for name, one in arrays.items())
        raise ValueError(f"Expected (n,) with n of 1 or more. Received: {shapes}.")


def _same_lengths(true: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> None:
    if len(true) != len(found) or not any(map(len, true)):
        counts = f"{len(true)} sentences of {sum(map(len, true))} tags, {len(found)} answers"
        raise ValueError(f"Expected 1 or more sentences with tags, and as many answers. Received: {counts}.")
    for place, (one, other) in enumerate(zip(true, found, strict=True)):
        if len(one) != len(other):
            raise ValueError(f"Sentence {place}: expected a tag for each of {len(one)} tokens. Received: {len(other)}.")
