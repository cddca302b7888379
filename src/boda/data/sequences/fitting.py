"""What an encoder learns from the training part: vocabularies, scales, and how far a forecast looks back and ahead."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.events import BLOCK, kinds_of
from boda.data.sequences.vocabulary import Vocabulary
from boda.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.sequences.dataset import SequenceDataset
    from boda.recipe.sequence import SequenceRecipe

RARE, MANY = 2, 10_000  # of so many words, those that occur less often are left out, so that the unknown is learned
LONG, FEW = 1000, 6  # texts of so many steps, or so few of them, are long ones
LEAST_CONTEXT = 12
HELD = 0.2
SERIES = 20  # that are asked for their season

Fields = dict[str, Any]


def fitted(dataset: SequenceDataset, indices: list[int], recipe: SequenceRecipe) -> Fields:
    """The fields of the encoder for the sequences at `indices`.

    Raises:
        DataError: there is no sequence, or none of the series is long enough.
    """
    if not indices:
        raise DataError("There is no sequence to learn from. Give more data, or a smaller validation part.")
    inputs = [dataset.inputs[i] for i in indices]
    shared: Fields = {"task": dataset.task, "unit": dataset.unit, "length": recipe.length}
    if dataset.task in {"classify", "tag"}:
        shared["classes"] = dataset.classes
    if dataset.task == "language":
        shared["long"] = _are_long(dataset)
    if dataset.task == "regress":
        shared |= _target_scale([dataset.targets[i] for i in indices])
    if dataset.task == "forecast":
        return shared | _series(dataset, inputs, recipe)
    return shared | _inputs(dataset, indices, inputs, recipe)


def _inputs(dataset: SequenceDataset, indices: list[int], inputs: list[Any], recipe: SequenceRecipe) -> Fields:
    first = inputs[0]
    if isinstance(first, np.ndarray) and first.ndim == 1:
        return {"unit": "events", "events": kinds_of(inputs)}
    if isinstance(first, np.ndarray):
        scale = {} if dataset.task == "music" else _scale([np.asarray(rows) for rows in inputs])
        return {"width": int(first.shape[1]), "channels": dataset.channels, **scale}
    unit = dataset.unit if recipe.tokens == "auto" else recipe.tokens
    unit = "words" if dataset.task == "tag" else unit
    labels = dataset.classes if dataset.task == "language" else ()
    found: Fields = {"unit": unit, "vocabulary": _vocabulary(inputs, unit, recipe, labels)}
    if dataset.task == "pairs":
        targets = [dataset.targets[i] for i in indices]
        found["target_vocabulary"] = _vocabulary(targets, unit, recipe.replace(lowercase=False))
    return found


def _vocabulary(texts: list[Any], unit: str, recipe: SequenceRecipe, labels: Sequence[str] = ()) -> Vocabulary:
    options: Fields = {"most": recipe.vocabulary, "lowercase": recipe.lowercase, "labels": labels}
    whole = Vocabulary.of(texts, unit, **options)
    if unit != "words" or sum(len(whole.tokens_of(text)) for text in texts) < MANY:
        return whole
    return Vocabulary.of(texts, unit, least=RARE, **options)


def _are_long(dataset: SequenceDataset) -> bool:
    """Whether texts go on and on: none has a label, and they are long, or few."""
    if any(label is not None for label in dataset.targets):
        return False
    return len(dataset.inputs) <= FEW or float(np.median([len(text) for text in dataset.inputs])) >= LONG


def _target_scale(targets: list[float]) -> Fields:
    values = np.asarray(targets, np.float64)
    return {"target_mean": float(values.mean()), "target_std": float(values.std()) or 1.0}


def _scale(rows: list[np.ndarray]) -> Fields:
    values = np.concatenate(rows).astype(np.float64)
    std = values.std(axis=0)
    return {"mean": tuple(values.mean(axis=0).tolist()), "std": tuple(np.where(std > 0, std, 1.0).tolist())}


# Series -----------------------------------------------------------------------------------------------------------


def _series(dataset: SequenceDataset, series: list[Any], recipe: SequenceRecipe) -> Fields:
    """How far to look back and ahead, so that most series have windows in each part."""
    held = HELD if recipe.validation_split is None else recipe.validation_split
    lengths = sorted(len(each) for each in series)
    usual = lengths[len(lengths) // 2]
    known = [each[: max(1, len(each) - round(len(each) * held))] for each in series]
    season = recipe.season or _season(known, dataset.step)
    horizon = recipe.horizon or max(1, min(season if season > 1 else 12, usual // 10))
    context = recipe.context or max(LEAST_CONTEXT, season, min(2 * season, usual // 4), min(3 * horizon, usual // 4))
    context = context if recipe.context else max(1, min(context, usual // 2))
    _check_long_enough(dataset, lengths[-1], context, horizon, held)
    return {
        "width": int(series[0].shape[1]),
        "channels": dataset.channels,
        "std": _spread(known),
        "context": context,
        "horizon": horizon,
        "season": season if season <= context else 1,
        "held": float(held),
    }


def _season(known: list[Any], step: str) -> int:
    """What most channels of the first series repeat themselves after, 1 where they do not."""
    from boda.data.sequences.season import guess_season

    found = [guess_season(np.asarray(each[:BLOCK, i]), step) for each in known[:SERIES] for i in range(each.shape[1])]
    return Counter(max(1, int(season)) for season in found).most_common(1)[0][0]


def _spread(known: list[Any]) -> tuple[float, ...]:
    """What each channel usually varies by: the median over the series of its standard deviation, never 0."""
    spread = np.median([np.asarray(each[:BLOCK], np.float64).std(axis=0) for each in known], axis=0)
    return tuple(float(value) for value in np.where(spread > 0, spread, 1.0))


def _check_long_enough(dataset: SequenceDataset, longest: int, context: int, horizon: int, held: float) -> None:
    needed = context + 3 * horizon
    if longest < needed or longest * (1 - held) < context + 2 * horizon:
        raise DataError(
            f"A forecast of {horizon} steps from {context} needs a series of {needed} steps or more, of which "
            f"{held:.0%} are held out. Received: {len(dataset.inputs)} series of at most {longest} steps. "
            "Give longer ones, or a smaller context or horizon."
        )
