"""How a rung of sequences does on a fold: a network is trained on what is seen, and scored on each unit unseen.

classify   whether it is right, and the log loss at the temperature of what choices are made on
pairs      whether it is wholly right, and the nats a token of the true target
tag, language, music   the nats of a unit, over the mean number of steps of a unit: their mean is nats a step
regress, forecast      the absolute error, in the data's own units
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.encoder import Encoder
from boda.data.sequences.vocabulary import BEGIN, END
from boda.metrics.calibrate import fit_temperature
from boda.metrics.classify import log_losses, softmax
from boda.models.heads.beam import greedy
from boda.models.heads.likelihood import nll_of_each, nll_of_long, step_nll
from boda.models.padded import padded_batches
from boda.models.sequence_plan import Plan
from boda.models.step import Recurrent
from boda.training.sequences.examples import lessons
from boda.training.sequences.ladder_sequences import WARM, cut_at, held_share, pieces_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from boda.recipe.sequence import SequenceRecipe
    from boda.training.rung_answers import Answered
    from boda.training.sequences.examples import Examples
    from boda.training.sequences.ladder_sequences import LadderSequences

RIGHT, NATS, ERROR = ("accuracy", "log_loss"), ("nll",), ("mae",)
SCORES = {
    "classify": RIGHT,
    "pairs": RIGHT,
    "tag": NATS,
    "language": NATS,
    "music": NATS,
    "regress": ERROR,
    "forecast": ERROR,
}


def answerer(recipe: SequenceRecipe, sequences: LadderSequences, seed: int) -> Callable[[int, int], Answered]:
    """A function from (repeat, fold) to scores (1, m, s) of the fold's m units, and history lines.

    The s scores are those that `SCORES` names for the task.
    Chance is a function of the seed, the repeat and the fold, the same for all rungs.
    """

    def answer(repeat: int, fold: int) -> Answered:
        from boda.training.sequences.fit import fit

        own = seed + 1 + repeat * sequences.folds + fold
        data, learned, inner = sequences.learned(repeat, fold, seed)
        chosen = _of_fold(recipe, sequences, fold)
        encoder = Encoder.of(data, learned, chosen)
        train, held = lessons(data, learned, inner, encoder, chosen)
        fitted = fit(chosen, encoder, train, held, seed=own, what=f"repeat {repeat + 1}, fold {fold + 1}")
        network = Recurrent(Plan.from_json(fitted.plan), fitted.weights)
        if sequences.ends:
            return _in_block(network, encoder, sequences, fold)[None], fitted.history
        unseen = sequences.cell(repeat, fold)[1]
        return _of_units(network, encoder, sequences, unseen, held)[None], fitted.history

    return answer


def _of_fold(recipe: SequenceRecipe, sequences: LadderSequences, fold: int) -> SequenceRecipe:
    """Of series, the recipe that holds out the fold's block."""
    if sequences.dataset.task != "forecast":
        return recipe
    return recipe.replace(validation_split=held_share(sequences.ends[fold]))


def _of_units(
    network: Recurrent, encoder: Encoder, sequences: LadderSequences, unseen: np.ndarray, held: Examples | None
) -> np.ndarray:
    """(m, s) of whole sequences."""
    data, task = sequences.dataset, encoder.task
    inputs, targets = ([rows[i] for i in unseen] for rows in (data.inputs, data.targets))
    if task == "pairs":
        return _written(network, encoder, inputs, targets)
    if task in {"language", "music"}:
        x, y = encoder.shifted(inputs, targets if task == "language" else None)
    else:
        x, y = encoder.encode(inputs), encoder.encode_targets(targets)
    if task == "classify":
        return _classified(np.stack(network.answers(x)), np.array(y, np.int64), _temperature(network, held))
    if task == "regress":
        errors = np.abs(encoder.values(np.stack(network.answers(x))) - np.array(targets, np.float64))
        return np.asarray(errors[:, None])
    nats = [costs.sum() for costs in nll_of_each(network, x, y)]
    return np.array(nats)[:, None] / sequences.steps


def _in_block(network: Recurrent, encoder: Encoder, sequences: LadderSequences, fold: int) -> np.ndarray:
    """(m, 1) of a block of each long text, or of each series."""
    begin, end = sequences.ends[fold]
    if encoder.task == "forecast":
        return _forecast(network, encoder, sequences.until(end).inputs, sequences.stride)
    nats: list[float] = []
    for text in sequences.dataset.inputs:
        a, b = cut_at(text, begin), cut_at(text, end)
        x, y = encoder.shifted([text[max(0, a - WARM) : b]])
        own = len(encoder.encode([text[a:b]])[0])
        costs = nll_of_long(network, x[0], y[0])[-own:] if own else np.zeros(0)
        count = pieces_in(a, b, sequences.dataset.unit)
        nats += [piece.sum() for piece in np.array_split(costs, count)] if count else []
    return np.array(nats)[:, None] / sequences.steps


def _forecast(network: Recurrent, encoder: Encoder, series: Sequence[Any], stride: int) -> np.ndarray:
    rows = []
    for values in series:
        some = encoder.windows(values, "val", stride)
        if len(some.origins):
            found = some.undo(np.stack(network.answers(list(some.x))))
            rows.append(np.abs(found - some.targets).mean(axis=(1, 2)))
    return np.concatenate(rows)[:, None]


def _temperature(network: Recurrent, held: Examples | None) -> float:
    if held is None or not len(held):
        return 1.0
    return float(fit_temperature(np.stack(network.answers(held.x)), np.array(held.y, np.int64)))


def _classified(logits: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    right = logits.argmax(axis=1) == labels
    return np.column_stack([right, log_losses(labels, softmax(logits / temperature))])


def _written(network: Recurrent, encoder: Encoder, inputs: list[str], targets: list[str]) -> np.ndarray:
    """Whether each answer is wholly right, and the nats a token of the true one; longer answers are wrong anyway."""
    vocabulary = encoder.target_vocabulary
    assert vocabulary is not None  # noqa: S101 - pairs have one
    sources, truth = encoder.encode(inputs), encoder.encode_targets(targets)
    found = greedy(network, sources, longest=max(map(len, truth)) + 1)
    right = [vocabulary.decode(one.ids) == vocabulary.spelled(text) for one, text in zip(found, targets, strict=True)]
    return np.column_stack([right, target_nll(network, sources, truth)])


def target_nll(network: Recurrent, sources: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) nats a token of each target and its end, each token told with the true ones before it.

    Args:
        network: with a decoder.
        sources: ids (s,) each.
        targets: ids (t,) each, without begin and end.
    """
    nats = np.zeros(len(sources))
    for places, x, lengths in padded_batches(sources, network.plan.input, 64):
        memory = network.encode(x, lengths)
        state = network.decoder_state(memory)
        rows = [np.concatenate([[BEGIN], targets[place], [END]]) for place in places]
        told = np.zeros((len(rows), max(map(len, rows))), np.int64)
        for i, row in enumerate(rows):
            told[i, : len(row)] = row
        for step in range(told.shape[1] - 1):
            logits, state, _ = network.decode_step(told[:, step], state, memory)
            goes_on = np.array([step + 1 < len(row) for row in rows])
            nats[places] += np.where(goes_on, step_nll(logits, told[:, step + 1]), 0.0)
        nats[places] /= [len(row) - 1 for row in rows]
    return nats


def scores_of(cells: Sequence[Any], sequences: LadderSequences) -> dict[str, np.ndarray]:
    """Each score by name, (repeats, n) float64, NaN where no cell has answered.

    Args:
        cells: `boda.training.cells.Cell`, whose `logits` hold the scores (1, m, s) here.
        sequences: what was dealt.
    """
    names = SCORES[sequences.dataset.task]
    found = {name: np.full(sequences.fits.shape, np.nan) for name in names}
    for cell in cells:
        for place, name in enumerate(names):
            found[name][cell.repeat, cell.unseen] = cell.logits[0, :, place]
    return found


def gains_of(scores: dict[str, np.ndarray], base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By how much each score is better than the base's, (repeats, n)."""
    return {name: (scores[name] - base[name]) * sign_of(name) for name in scores}


def sign_of(score: str) -> int:
    """1 where higher is better, else -1."""
    return 1 if score == "accuracy" else -1


def fixed(base: SequenceRecipe, encoder: Encoder) -> SequenceRecipe:
    """The base with what decides on which values a forecast is measured, so that no rung's data decides anew."""
    if encoder.task != "forecast":
        return base
    return base.replace(context=encoder.context, horizon=encoder.horizon, season=encoder.season)
