"""Logits to the next token, by chance, and on and on: texts and music that a network goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RecipeError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.models.step import Recurrent


def sample(
    logits: np.ndarray,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
) -> np.ndarray:
    """Draw an id for each row of `logits`, (b, n): (b,).

    Args:
        logits: -inf is never drawn.
        rng: where chance comes from.
        temperature: the logits are divided by it; above 1 bolder, below 1 more careful, 0 the likeliest (the first of
            equals).
        top_k: only from the so many likeliest; 0 is all.
        top_p: only from the likeliest that together have at least this share of the probability, after temperature and
            `top_k` (nucleus sampling: Holtzman et al., arXiv 1904.09751).

    Raises:
        RecipeError: an argument is out of its range.
        RunError: a row has no finite logit, or one that is no number.

    Example:
        >>> sample(np.log([[0.1, 0.6, 0.3]]), np.random.default_rng(0), top_k=1).tolist()
        [1]
    """
    _check(temperature, top_k, top_p)
    z = np.asarray(logits, np.float64)
    greatest = z.max(axis=1, keepdims=True)
    if not np.isfinite(greatest).all():
        raise RunError("sample: a row of logits is NaN, or all of it is banned. Did the training diverge?")
    if temperature == 0 or top_k == 1:
        return np.asarray(z.argmax(axis=1))
    chances = np.exp((z - greatest) / temperature)
    if top_k or top_p < 1:
        chances = np.where(_kept(chances, top_k, top_p), chances, 0.0)
    below = chances.cumsum(axis=1)
    drawn = rng.random((len(z), 1)) * below[:, -1:]  # below its end, so that nothing without a chance is drawn
    return np.asarray((below <= drawn).sum(axis=1))


def generate(
    network: Recurrent,
    prefix: Sequence[int] | np.ndarray,
    steps: int,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    end: int | None = None,
    banned: Sequence[int] = (0, 1, 2),
) -> Iterator[int]:
    """Go on from `prefix`, an id at a time, as they are drawn.

    Args:
        network: with a head on each step whose outputs are the next id.
        prefix: one id at least, such as begin or a label's.
        steps: how many ids at most.
        rng: where chance comes from.
        temperature: as `sample` takes it.
        top_k: as `sample` takes it.
        top_p: as `sample` takes it.
        end: the id after which nothing comes; it is not given itself.
        banned: ids that are never drawn: padding, unknown and begin.

    Raises:
        RecipeError: an argument is out of its range.
        RunError: the network predicts no next id, or the prefix is empty or unknown to it.
    """
    _check(temperature, top_k, top_p)
    head = network.plan.head
    if (
        head is None
        or head.kind != "each"
        or network.plan.input.kind != "ids"
        or head.outputs > network.plan.input.size
    ):
        raise RunError("generate: this network predicts no next id at each step. Use a Run of task language.")
    never = [i for i in banned if i != end and i < head.outputs]
    logits, state = network.read(np.asarray(prefix, np.int64)[None])
    for _ in range(steps):
        logits[:, never] = -np.inf
        drawn = sample(logits, rng, temperature=temperature, top_k=top_k, top_p=top_p)
        if drawn[0] == end:
            return
        yield int(drawn[0])
        logits, state = network.step(drawn, state)


def sample_keys(logits: np.ndarray, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
    """Draw which keys sound, each by itself with the probability sigmoid(logit / temperature): uint8 of 0 and 1.

    Temperature 0 takes every key that is likelier to sound than not. RecipeError where it is negative.

    Example:
        >>> sample_keys(np.array([[9.0, -9.0]]), np.random.default_rng(0), temperature=0).tolist()
        [[1, 0]]
    """
    _check(temperature, 0, 1.0)
    z = np.asarray(logits, np.float64)
    if temperature == 0:
        return np.asarray(z > 0, np.uint8)
    return np.asarray(rng.random(z.shape) < 0.5 * (1 + np.tanh(z / (2 * temperature))), np.uint8)


def _kept(chances: np.ndarray, top_k: int, top_p: float) -> np.ndarray:
    """Which of (b, n) are among the likeliest; of equals at the border the first ones."""
    order = np.argsort(-chances, axis=1, kind="stable")
    ranked = np.take_along_axis(chances, order, axis=1)
    if top_k:
        ranked[:, top_k:] = 0.0
    before = ranked.cumsum(axis=1) - ranked
    good = (ranked > 0) & (before < top_p * ranked.sum(axis=1, keepdims=True))
    kept = np.zeros(chances.shape, bool)
    np.put_along_axis(kept, order, good, axis=1)
    return kept


def _check(temperature: float, top_k: int, top_p: float) -> None:
    if not 0 <= temperature < np.inf:
        raise RecipeError(f"temperature is {temperature}; expected a number from 0 on, such as 0.8.")
    if top_k < 0:
        raise RecipeError(f"top_k is {top_k}; expected how many ids to draw from, or 0 for all.")
    if not 0 < top_p <= 1:
        raise RecipeError(f"top_p is {top_p}; expected a share above 0 and up to 1, such as 0.9.")
