"""A source to the sequence that a decoder makes of it: the likeliest token each time, or several beginnings at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RecipeError
from boda.models.padded import padded_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.models.recurrent_stack import State
    from boda.models.step import Memory, Recurrent

BEGIN, END = 2, 3
BANNED = (0, 1, 2)  # padding, unknown, begin
LONGEST = 200


@dataclass(frozen=True, eq=False)
class Found:
    """A written sequence.

    Attributes:
        ids: (t,), without begin and end.
        log_probability: of the ids and the end, the sum of natural logarithms.
        attention: (t, s), how much each id looked at each step of the source; None without attention.
        ended: whether the end came before the longest length was reached.
    """

    ids: np.ndarray
    log_probability: float
    attention: np.ndarray | None = None
    ended: bool = True


def beam(
    network: Recurrent,
    source: np.ndarray,
    *,
    width: int = 4,
    longest: int = LONGEST,
    begin: int = BEGIN,
    end: int = END,
    length_penalty: float = 0.0,
    banned: Sequence[int] = BANNED,
) -> Found:
    """The best sequence that is found by following `width` beginnings at once (Sutskever et al., arXiv 1409.3215).

    Each step keeps the `width` likeliest continuations of all beginnings; one that ends leaves, and the beam gets
    narrower. The search stops when no beginning that is left can still beat the best that has ended.

    Args:
        network: with a decoder.
        source: (s,) ids, or (s, channels) numbers.
        width: 1 is greedy.
        longest: ids at most; a beginning as long as this counts as it is.
        begin: the id that the decoder reads first.
        end: the id after which nothing comes.
        length_penalty: a in log P / ((5 + length) / 6)^a, by which sequences are compared (Wu et al., arXiv
            1609.08144); 0 favours short ones.
        banned: ids that are never written.

    Raises:
        RecipeError: `width` or `longest` is below 1, or the penalty negative.
        RunError: the network has no decoder, or cannot read the source.
    """
    _check(width, longest, length_penalty)
    _, x, lengths = next(padded_batches([source], network.plan.input, 1))
    live, steps = _Live.of(network, network.encode(x, lengths), begin), len(source)
    ended: list[Found] = []
    for _ in range(longest):
        scores, state, looks = live.continued(network, banned, end)
        rows, ids = _best(scores, width - len(ended))
        ended += [live.found(row, scores[row, end], ended=True, steps=steps) for row in rows[ids == end]]
        rows, ids = rows[ids != end], ids[ids != end]
        live = live.longer(rows, ids, scores[rows, ids], state, looks)
        if _is_decided(ended, live.totals, longest, length_penalty):
            break
    candidates = [*ended, *(live.found(row, total, ended=False, steps=steps) for row, total in enumerate(live.totals))]
    return max(candidates, key=lambda one: _value(one.log_probability, len(one.ids), length_penalty))


def greedy(
    network: Recurrent,
    sources: Sequence[np.ndarray],
    longest: int = LONGEST,
    *,
    begin: int = BEGIN,
    end: int = END,
    banned: Sequence[int] = BANNED,
    batch: int = 64,
) -> list[Found]:
    """What the likeliest token each time makes of each source, in order: `beam` of width 1, but `batch` at a time."""
    _check(1, longest, 0.0)
    found: dict[int, Found] = {}
    for places, x, lengths in padded_batches(sources, network.plan.input, batch):
        going = np.array(places)
        live = _Live.of(network, network.encode(x, lengths), begin)
        for _ in range(longest):
            scores, state, looks = live.continued(network, banned, end)
            ids = scores.argmax(axis=1)
            for row in np.flatnonzero(ids == end).tolist():
                found[going[row]] = live.found(row, scores[row, end], ended=True, steps=len(sources[going[row]]))
            rows = np.flatnonzero(ids != end)
            going = going[rows]
            live = live.longer(rows, ids[rows], scores[rows, ids[rows]], state, looks)
            if not len(going):
                break
        for row, place in enumerate(going.tolist()):
            found[place] = live.found(row, live.totals[row], ended=False, steps=len(sources[place]))
    return [found[place] for place in range(len(sources))]


@dataclass(frozen=True, eq=False)
class _Live:
    """Beginnings that go on: the last id of each, what was written (n, t), its log-probability, and what was read."""

    last: np.ndarray
    written: np.ndarray
    totals: np.ndarray
    looked: np.ndarray | None
    state: State
    memory: Memory

    @classmethod
    def of(cls, network: Recurrent, memory: Memory, begin: int) -> _Live:
        """Nothing written yet."""
        n, decoder = len(memory.final), network.plan.decoder
        looked = np.zeros((n, 0, memory.mask.shape[1])) if decoder is not None and decoder.attention else None
        written = np.zeros((n, 0), np.int64)
        return cls(np.full(n, begin), written, np.zeros(n), looked, network.decoder_state(memory), memory)

    def continued(
        self, network: Recurrent, banned: Sequence[int], end: int
    ) -> tuple[np.ndarray, State, np.ndarray | None]:
        """The log-probability of each beginning with each id after it, (n, outputs), the state and the attention."""
        logits, state, looks = network.decode_step(self.last, self.state, self.memory)
        z = np.asarray(logits, np.float64)
        z[:, [i for i in banned if i != end and i < z.shape[1]]] = -np.inf
        z -= z.max(axis=1, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=1, keepdims=True)) + self.totals[:, None], state, looks

    def longer(
        self, rows: np.ndarray, ids: np.ndarray, totals: np.ndarray, state: State, looks: np.ndarray | None
    ) -> _Live:
        """The beginnings `rows`, one as often as it is listed, each with an id more."""
        same = len(rows) == len(self.last) and bool((rows == np.arange(len(rows))).all())
        written = np.concatenate([self.written[rows], ids[:, None]], axis=1)
        looked = self.looked
        if looked is not None and looks is not None:
            looked = np.concatenate([looked[rows], looks[rows, None]], axis=1)
        held = tuple(tuple(values[rows] for values in layer) for layer in state)
        return _Live(ids, written, totals, looked, held, self.memory if same else self.memory.take(rows))

    def found(self, row: int, total: float, *, ended: bool, steps: int) -> Found:
        """One of them as a result; `steps` is its source's length."""
        looked = None if self.looked is None else self.looked[row, :, :steps]
        return Found(self.written[row], float(total), looked, ended)


def _best(scores: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows and ids of the `n` highest scores, the highest first; none of those that are banned."""
    flat = scores.ravel()
    order = np.argsort(-flat, kind="stable")[:n]
    order = order[flat[order] > -np.inf]
    return order // scores.shape[1], order % scores.shape[1]


def _value(log_probability: float, length: int, penalty: float) -> float:
    """What sequences are compared by (Wu et al., arXiv 1609.08144)."""
    return log_probability / ((5 + length) / 6) ** penalty


def _is_decided(ended: list[Found], totals: np.ndarray, longest: int, penalty: float) -> bool:
    """Whether nothing is left that could still beat the best that has ended; log-probabilities only fall."""
    if not len(totals):
        return True
    hope = _value(float(totals.max()), longest, penalty)
    return any(_value(one.log_probability, len(one.ids), penalty) >= hope for one in ended)


def _check(width: int, longest: int, penalty: float) -> None:
    if width < 1 or longest < 1:
        raise RecipeError(f"width is {width} and longest {longest}; expected 1 at least of both.")
    if penalty < 0:
        raise RecipeError(f"length_penalty is {penalty}; expected a number from 0 on, such as 0.6.")
