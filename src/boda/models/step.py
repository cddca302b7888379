"""A trained recurrent network in NumPy, with its memory in the caller's hands: steps, passes, answers and gradients.

state = network.initial_state(1)
for i in ids:
    logits, state = network.step(np.array([i]), state)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import RunError
from boda.models import input_gradients
from boda.models.heads.pool import nothing_pooled, pool
from boda.models.input_gradients import Gradients
from boda.models.padded import check_batch, mask_of, padded_batches, reads
from boda.models.recurrent_decoder import Memory, Writer
from boda.models.recurrent_stack import LayerPass, Stack, State
from boda.models.sequence_plan import Plan, load_network
from boda.models.sequence_weights import check_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Gradients", "Memory", "Passed", "Recurrent", "State"]


@dataclass(frozen=True, eq=False)
class Passed:
    """What a pass gives.

    Attributes:
        outputs: logits (b, outputs), of a head on each step (b, t, outputs); of a network with a decoder the top
            layer's own outputs (b, t, width).
        state: after the last valid step, to go on with.
        layers: where it was recorded, for each layer by name (b, t, units): "h", of an LSTM "c", its gates "i", "f",
            "o", of a GRU "z" and "r", "candidate", and the layer's "outputs".
    """

    outputs: np.ndarray
    state: State
    layers: tuple[dict[str, np.ndarray], ...] = ()


@dataclass(frozen=True, eq=False)
class Recurrent:
    """A plan and its weights, ready to run. What it is given it leaves as it is.

    Ids are whole numbers below the input's size, of which 0 is padding; numbers come as (b, t, channels). Everything
    is computed in the weights' own precision.

    Raises:
        RunError: weights that do not fit the plan, or a question that such a network cannot answer.
    """

    plan: Plan
    weights: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        check_weights(self.plan, self.weights)

    @classmethod
    def load(cls, folder: Path) -> Recurrent:
        """The network that `save_network` wrote."""
        return cls(*load_network(folder))

    # One step at a time ------------------------------------------------------------------------------------------

    def initial_state(self, batch: int = 1) -> State:
        """An empty memory: for each layer its arrays (batch, units), and what a head over all steps carries on."""
        return (*self.stack.initial_state(batch), *self._pooled_before(batch))

    def step(self, x: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """Read one step of each sequence.

        Args:
            x: (b,) ids, or (b, channels) numbers.
            state: of `initial_state` or of the step before; it stays as it is.

        Returns:
            Logits (b, outputs), the answer if the sequence ended here, and the state after the step.
        """
        kernel, bias, kind = self._steppable
        depth = len(self.stack.layers)
        try:
            y, after = self.stack.step(np.asarray(x), state[:depth])
        except (IndexError, ValueError) as error:
            raise RunError(
                f"step: x {np.shape(x)} does not fit the network, which reads {reads(self.plan.input)}: {error}."
            ) from error
        if len(state) > depth:
            y, carried = pool(kind, y[:, None], None, state[depth])
            after = (*after, carried)
        return y @ kernel + bias, after

    # Whole sequences ---------------------------------------------------------------------------------------------

    def run(
        self,
        x: np.ndarray,
        lengths: Sequence[int] | np.ndarray | None = None,
        state: State | None = None,
        *,
        record: bool = False,
    ) -> Passed:
        """Read whole sequences.

        Args:
            x: (b, t) ids or (b, t, channels) numbers, padded at the right.
            lengths: (b,) valid steps; by default all, of ids those before the zeros at the end.
            state: to go on from; zeros by default. Not for bidirectional networks.
            record: keep what the layers did.
        """
        x, mask = self._checked(x, lengths)
        if state is not None and self.stack.bidirectional:
            raise RunError("A bidirectional network reads from both ends, so it cannot go on from a state.")
        depth = len(self.stack.layers)
        passes = self.stack.run(x, mask, None if state is None else state[:depth], record=record)
        y, after = passes[-1].outputs, tuple(passed.state for passed in passes)
        if self.plan.head is not None:
            pooled = self._pooled_before(len(x)) if state is None else state[depth:]
            y, carried = pool(self.plan.head.kind, y, mask, pooled[0] if pooled else (), bidirectional=self._both_ends)
            y = y @ self.weights["head/kernel"] + self.weights["head/bias"]
            after = (*after, carried) if pooled else after
        return Passed(y, after, tuple(passed.recorded for passed in passes) if record else ())

    def read(self, x: np.ndarray, state: State | None = None) -> tuple[np.ndarray, State]:
        """Read (b, t) ids or (b, t, channels) numbers without padding: what as many calls of `step` give, but faster.

        Logits (b, outputs) after the last step, and the state.
        """
        kernel, bias, kind = self._steppable
        if kind in {"mean", "max"}:
            passed = self.run(x, [x.shape[1]] * len(x), state)
            return passed.outputs, passed.state
        x, _ = self._checked(x, [x.shape[1]] * len(x))
        passes = self.stack.run(x, None, state)
        return passes[-1].outputs[:, -1] @ kernel + bias, tuple(passed.state for passed in passes)

    def answers(self, sequences: Sequence[np.ndarray], batch: int = 64) -> list[np.ndarray]:
        """The logits of each sequence, in order: (outputs,), of a head on each step (t, outputs).

        Sequences of like length go together, `batch` at a time, so that little is padding. An empty one gets the answer
        of a state of zeros.
        """
        if self.plan.head is None:
            raise RunError("This network writes its answers; use greedy or beam of boda.models.heads.beam.")
        found: dict[int, np.ndarray] = {}
        for rows, x, lengths in padded_batches(sequences, self.plan.input, batch):
            outputs = self.run(x, lengths).outputs
            for row, output, length in zip(rows, outputs, lengths, strict=True):
                found[row] = output[:length] if output.ndim == 2 else output
        return [found[row] for row in range(len(sequences))]

    # The half that writes ----------------------------------------------------------------------------------------

    def encode(self, x: np.ndarray, lengths: Sequence[int] | np.ndarray | None = None) -> Memory:
        """Read sources as `run` does, for a decoder to write from."""
        x, mask = self._checked(x, lengths)
        top = self.stack.run(x, mask)[-1]
        valid = np.ones(x.shape[:2], bool) if mask is None else mask
        return Memory(top.outputs, valid, np.concatenate([each.state[0] for each in top.passes], axis=1))

    def decoder_state(self, memory: Memory) -> State:
        """The decoder's state before the first token of each of the memory's sources."""
        return self._writer.first_state(memory)

    def decode_step(self, ids: np.ndarray, state: State, memory: Memory) -> tuple[np.ndarray, State, np.ndarray | None]:
        """From the token before, (b,), to logits (b, outputs) of the next, the state, and attention (b, s) or None."""
        return self._writer.step(ids, state, memory)

    # The way back ------------------------------------------------------------------------------------------------

    def gradients(self, sequence: np.ndarray, target: np.ndarray) -> Gradients:
        """The gradient of sum(outputs * target) on one sequence.

        Args:
            sequence: (t,) ids or (t, channels) numbers, without padding.
            target: the gradient of the outputs, (outputs,), of a head on each step (t, outputs).
        """
        return input_gradients.gradients(self, sequence, target)

    def saliency(self, sequence: np.ndarray, class_index: int, *, signed: bool = False) -> np.ndarray:
        """How strongly each step moves the logit of a class, (t,); of a head on each step, its logit at the last.

        The norm of the gradient with respect to the embedded step (Simonyan et al., arXiv 1312.6034), or, `signed`,
        gradient times input: above 0 where the step speaks for the class.
        """
        return input_gradients.saliency(self, sequence, class_index, signed=signed)

    def gradient_reach(self, sequence: np.ndarray) -> np.ndarray:
        """How much of the last step's gradient reaches each step before, (t,): the norms of dL/dh_t of the top layer.

        L is the largest logit that the head gives the last step's output, whatever the head pools, of a network with
        a decoder the sum of that output. Of a bidirectional layer the states that read forward are looked at. Where
        the norms fall by a constant factor a step, the gradient vanishes (Hochreiter 1991; Bengio et al. 1994).
        """
        return input_gradients.gradient_reach(self, sequence)

    def passes(self, sequence: np.ndarray) -> list[LayerPass]:
        """The recorded pass of each layer over one sequence, (t,) ids or (t, channels) numbers without padding."""
        x, _ = self._checked(np.asarray(sequence)[None], [len(sequence)])
        return self.stack.run(x, record=True)

    # What is prepared once ---------------------------------------------------------------------------------------

    @cached_property
    def stack(self) -> Stack:
        """The layers below the head, or of the encoder."""
        return Stack.of(self.plan.input, self.plan.layers, self.weights)

    @cached_property
    def _writer(self) -> Writer:
        writer = Writer.of(self.plan, self.weights)
        if writer is None:
            raise RunError("This network has no decoder; use run or answers.")
        return writer

    @cached_property
    def _steppable(self) -> tuple[np.ndarray, np.ndarray, str]:
        if self.plan.head is None:
            raise RunError("This network has a decoder; its steps are encode, decoder_state and decode_step.")
        if self.stack.bidirectional:
            raise RunError("A bidirectional network has no step: it reads from both ends; use run.")
        return self.weights["head/kernel"], self.weights["head/bias"], self.plan.head.kind

    @property
    def _both_ends(self) -> bool:
        return self.plan.layers[-1].bidirectional

    def _pooled_before(self, batch: int) -> tuple[Any, ...]:
        if self.plan.head is None:
            return ()
        carried = nothing_pooled(self.plan.head.kind, batch, self.plan.width, self.stack.dtype)
        return (carried,) if carried else ()

    def _checked(
        self, x: np.ndarray, lengths: Sequence[int] | np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        x = np.asarray(x)
        check_batch(x, self.plan.input)
        return x, mask_of(x, lengths, self.plan.input)
