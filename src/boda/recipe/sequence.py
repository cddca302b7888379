"""The recipe of sequences: a recurrent network, how far back it learns, and what suits each task."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from boda.errors import RecipeError
from boda.recipe import toml
from boda.recipe.checks import (
    above_0,
    between_0_and_1,
    from_0,
    one_of,
    plain_numbers,
    refuse_wrong,
    share,
    whole_from,
)
from boda.recipe.levers import OPTIMIZERS, SCHEDULES, Levers, Optimizer, Schedule
from boda.recipe.sequence_tasks import refuse_what_lacks, usual_values

TRUTH = ("true or false", lambda value: isinstance(value, bool))
CHECKS = {
    "cell": one_of("lstm", "gru", "rnn", "mingru"),
    "units": whole_from(1),
    "layers": whole_from(1),
    "bidirectional": TRUTH,
    "embedding": whole_from(0),
    "dropout": share(),
    "recurrent_dropout": share(),
    "layer_norm": TRUTH,
    "residual": TRUTH,
    "pooling": one_of("last", "mean", "max"),
    "attention": TRUTH,
    "tokens": one_of("auto", "characters", "words"),
    "vocabulary": whole_from(1),
    "lowercase": TRUTH,
    "length": whole_from(0),
    "bptt": whole_from(0),
    "bptt_every": whole_from(0),
    "epochs": whole_from(1),
    "batch_size": whole_from(1),
    "learning_rate": above_0(),
    "optimizer": one_of(*OPTIMIZERS),
    "momentum": share(),
    "schedule": one_of(*SCHEDULES),
    "warmup": share(),
    "weight_decay": from_0(),
    "clip_norm": from_0(),
    "label_smoothing": share(),
    "ema": share(),
    "patience": whole_from(0),
    "context": whole_from(0),
    "horizon": whole_from(0),
    "season": whole_from(0),
    "validation_split": ("none or between 0 and 1", lambda value: value is None or between_0_and_1()[1](value)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRecipe:
    """What to train on sequences.

    Args:
        cell: "lstm" (Hochreiter and Schmidhuber 1997), "gru" (Cho et al., arXiv 1406.1078), "rnn" (Elman 1990), or
            "mingru" (Feng et al., arXiv 2410.01201), whose gates do not look at the state.
        units: width of the state.
        layers: recurrent layers, one upon the other.
        bidirectional: reads from both ends; twice as wide.
        embedding: width of what a token becomes; 0 is one-hot. Numbers are taken as they are.
        dropout: share of the values that are dropped on the inputs, between layers and before the head.
        recurrent_dropout: share of the state that is dropped inside the cell, the same in all steps of a sequence
            (Gal and Ghahramani, arXiv 1512.05287).
        layer_norm: LayerNormalization after each recurrent layer.
        residual: adds a layer's input to its output where the widths agree.
        pooling: what a single answer is read from: the "last" step, or the "mean" or "max" over the steps.
        attention: whether what writes a pair's target looks back at the source (Luong et al., arXiv 1508.04025).
        tokens: "characters", "words", or "auto", which the data decides.
        vocabulary: the most frequent tokens that are kept; the others are unknown.
        lowercase: reads capitals as small letters.
        length: the longest sequence that is learned from in one piece, in steps; 0: as long as they are. A sequence
            with a single answer is cut to it, when it is answered on too.
        bptt: steps that gradients go back (k2 of truncated backpropagation through time, Williams and Peng 1990);
            the state is carried over. 0: the whole sequence.
        bptt_every: steps between two updates (k1), at most `bptt`; 0: as `bptt`.
        epochs: passes over the training part, at most.
        batch_size: sequences, or streams of a long one, a step.
        learning_rate: the highest one of the schedule.
        optimizer: as in `Levers`.
        momentum: of "sgd", "nesterov" and "rmsprop".
        schedule: as in `Levers`.
        warmup: share of the steps in which the rate rises from 0.
        weight_decay: strength of the pull towards 0.
        clip_norm: gradients that are longer than this are shortened to it; 0 leaves them.
        label_smoothing: weight given to the uniform answer.
        ema: momentum of a moving average of the weights, which then answers; 0 takes the weights themselves.
        patience: training stops after so many epochs that are no better on the inner part, in accuracy (classify) or
            loss, and the best epoch counts; 0 trains all epochs and takes the last.
        context: steps of history that a forecast sees; 0 lets the data decide.
        horizon: steps that are forecast at once; 0 lets the data decide.
        season: steps after which a series repeats itself, 1 for none; 0 lets the data decide.
        validation_split: share held out for the report where the data has no validation part; None is 0.2, but 0.1
            of one long text.
    """

    cell: Literal["lstm", "gru", "rnn", "mingru"] = "lstm"
    units: int = 128
    layers: int = 1
    bidirectional: bool = False
    embedding: int = 64
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    layer_norm: bool = False
    residual: bool = False
    pooling: Literal["last", "mean", "max"] = "last"
    attention: bool = True
    tokens: Literal["auto", "characters", "words"] = "auto"
    vocabulary: int = 20000
    lowercase: bool = False
    length: int = 0
    bptt: int = 0
    bptt_every: int = 0
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 3e-3
    optimizer: Optimizer = "adam"
    momentum: float = 0.9
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    ema: float = 0.0
    patience: int = 0
    context: int = 0
    horizon: int = 0
    season: int = 0
    validation_split: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        plain_numbers(self)
        refuse_wrong(self, CHECKS)
        _refuse_what_does_not_agree(self)

    @classmethod
    def usual(
        cls, task: str, *, n: int = 0, longest: int = 0, unit: str = "characters", cell: str | None = None
    ) -> SequenceRecipe:
        """What to begin with for `task`, such as "classify" or "language", so that it takes minutes on two cores.

        Args:
            task: one of the tasks of sequences.
            n: sequences to learn from, or steps of one long text or of series; 0 where it is not known.
            longest: steps of the longest one; 0 where it is not known.
            unit: "characters", "words", "numbers" or "events".
            cell: the one that is wanted, where it is another than the task's usual one.

        Raises:
            RecipeError: there is no such task or cell.
        """
        values = usual_values(task, n, longest, unit)
        if cell is not None:
            values["cell"] = cell
        if cell == "mingru":  # whose state goes through no product, so that there is nothing to drop
            values.pop("recurrent_dropout", None)
        return cls(**values)

    def replace(self, **changes: Any) -> SequenceRecipe:
        """A copy with `changes`; unknown names are refused with the nearest one."""
        return _build({**toml.entries(self), **changes})

    def check_task(self, task: str) -> None:
        """Refuse what `task` would not heed or must not have, such as reading from both ends to tell what comes next.

        Raises:
            RecipeError: names the field.
        """
        refuse_what_lacks(self, task)

    @property
    def levers(self) -> Levers:
        """How the layers are trained, as the optimizers and schedules take it."""
        shared = {f.name for f in dataclasses.fields(Levers)} & {f.name for f in dataclasses.fields(self)}
        return Levers(**{name: getattr(self, name) for name in shared})

    @property
    def every(self) -> int:
        """Steps between two updates where gradients are cut, k1."""
        return self.bptt_every or self.bptt

    def to_toml(self) -> str:
        """TOML that `from_toml` reads back to an equal recipe; None is written as an absent key."""
        return "\n".join([*toml.lines(toml.entries(self)), ""])

    @classmethod
    def from_toml(cls, text: str) -> SequenceRecipe:
        """Read what `to_toml` wrote, or what a person did; unknown keys are refused with the nearest name."""
        return _build(toml.parse(text))

    @classmethod
    def read(cls, path: Path) -> SequenceRecipe:
        """Read a recipe file."""
        try:
            return cls.from_toml(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecipeError) as error:
            raise RecipeError(f"{path}: {error}") from error


def _build(values: dict[str, Any]) -> SequenceRecipe:
    """A recipe of `values`, with unknown names refused."""
    known = [f.name for f in dataclasses.fields(SequenceRecipe)]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known)}."
            raise RecipeError(f"A recipe of sequences has no entry {name}.{hint}")
    return SequenceRecipe(**values)


def _refuse_what_does_not_agree(recipe: SequenceRecipe) -> None:
    """Refuse values that are fine alone, but not together."""
    if recipe.bptt_every > recipe.bptt:
        raise RecipeError(
            f"bptt_every must be at most bptt, or steps would be left out. "
            f"Received: bptt_every={recipe.bptt_every}, bptt={recipe.bptt}"
        )
    if recipe.bptt and recipe.bidirectional:
        raise RecipeError(
            "bidirectional reads from both ends, so that no state can be carried from piece to piece. "
            f"Received: bidirectional=True, bptt={recipe.bptt}. Take bptt=0, and length to cut long sequences."
        )
    if 0 < recipe.context < recipe.season:
        raise RecipeError(
            f"context must be a season or more, since forecasts begin from the last season. "
            f"Received: context={recipe.context}, season={recipe.season}"
        )
    if recipe.cell == "mingru" and recipe.recurrent_dropout:
        raise RecipeError(
            "recurrent_dropout drops what goes from step to step into the gates, of which mingru has nothing. "
            f"Received: recurrent_dropout={recipe.recurrent_dropout}. Take dropout."
        )
