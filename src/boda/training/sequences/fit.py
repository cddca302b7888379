"""Training of a network of sequences: a recipe, an encoder and examples in, a plan with its weights out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.models.keras_import import import_keras
from boda.models.sequence_networks import Carry, answering, build, plan_of, weights_of
from boda.training.chance import deterministic
from boda.training.loop import train as train_loop
from boda.training.optimizers import optimizer_of
from boda.training.schedules import callbacks_of
from boda.training.sequences.batches import Batches
from boda.training.sequences.examples import Examples, check_learnable
from boda.training.sequences.measure import Judge
from boda.training.sequences.objectives import Objective
from boda.training.sequences.pieces import LongStreams, Queues, decoded, streams_of
from boda.training.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np

    from boda.data.sequences.encoder import Encoder
    from boda.recipe.sequence import SequenceRecipe
    from boda.training.checkpoint import Checkpoints


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network.

    Args:
        plan: what network.json holds.
        weights: float32 arrays by the plan's names.
        history: a line an epoch.
        best_epoch: the epoch (from 1) that the weights are from.
        model: the Keras model that was trained.
    """

    plan: dict[str, Any]
    weights: dict[str, np.ndarray]
    history: list[dict[str, Any]]
    best_epoch: int
    model: Any


def fit(
    recipe: SequenceRecipe,
    encoder: Encoder,
    train: Examples,
    inner: Examples | None,
    *,
    seed: int,
    checkpoints: Checkpoints | None = None,
    callbacks: Sequence[Any] = (),
    stop: Stop | None = None,
    history_file: Path | None = None,
    on_epoch: Callable[[int, dict[str, Any], dict[str, np.ndarray]], None] | None = None,
    what: str = "sequences",
) -> Fitted:
    """Train a fresh network, or go on from the newest of `checkpoints`, to the same bits.

    With patience and an inner part, training stops when it no longer does better there, and the best epoch counts.

    Args:
        recipe: what to train, and how.
        encoder: that made the examples.
        train: what is learned from.
        inner: what choices are made on; None for none.
        seed: of all chance.
        checkpoints: where to write them; None writes none.
        callbacks: the user's Keras callbacks.
        stop: the flag that signals set; by default one of its own.
        history_file: a file of JSON lines, whole after each epoch.
        on_epoch: is called after each epoch with its number (from 1), the plan and the weights as they are then.
        what: name of the training, for people.

    Raises:
        DataError: nothing can be learned from these examples.
        RecipeError: the recipe asks for what the task has not.
        Interrupted: a signal came; a checkpoint is written first.
    """
    recipe.check_task(encoder.task)
    check_learnable(train)
    flag, objective = stop or Stop(), Objective(encoder.task, recipe.label_smoothing)
    source = source_of(recipe, train, seed, long=encoder.long)
    plan = plan_for(recipe, encoder)
    with deterministic(seed):
        carry = None if isinstance(source, Batches) else Carry(source.rows, source.length, source.every)
        model = build(plan, recipe, carry)
    judge = None if inner is None else _judge(model, plan, carry, inner, flag)
    watched = judge is not None
    told = [] if on_epoch is None else [_teller(on_epoch, model, plan)]
    trained = train_loop(
        model,
        source,
        optimizer=optimizer_of(recipe.levers, source.steps, recipe.epochs, clip_norm=recipe.clip_norm or None),
        loss=objective.loss,
        epochs=recipe.epochs,
        seed=seed,
        evaluate=judge.figures if judge is not None else None,
        patience=(recipe.patience or None) if watched else None,
        monitor=monitored(encoder.task),
        ema=recipe.ema,
        metric=objective.metric,
        metric_name=objective.shown,
        parted=parts_of(encoder.task, carried=carry is not None),
        varying=carry is None,
        checkpoints=checkpoints,
        callbacks=[*callbacks, *_schedule_callbacks(recipe, source.steps, watched=watched), *told],
        stop=flag,
        what=what,
        history_file=history_file,
    )
    return Fitted(plan, weights_of(model, plan), trained.history, trained.best_epoch, model)


def monitored(task: str) -> str:
    """By which figure of the inner part an epoch is judged.

    Classes go on being told apart better long after the loss has begun to rise, since confidence grows faster than it
    is earned; the temperature that is fitted afterwards takes that back.
    """
    return "val_accuracy" if task == "classify" else "val_loss"


def plan_for(recipe: SequenceRecipe, encoder: Encoder) -> dict[str, Any]:
    """The plan of the network that `recipe` asks for on the data of `encoder`."""
    target = 0 if encoder.target_vocabulary is None else encoder.target_vocabulary.size
    return plan_of(recipe, encoder.task, encoder.kind, encoder.size, encoder.outputs, target)


def source_of(recipe: SequenceRecipe, examples: Examples, seed: int, *, long: bool) -> Batches | LongStreams | Queues:
    """Where batches come from: streams where the state is carried, whole sequences of like length elsewhere."""
    if long or (recipe.bptt and int(examples.lengths.max()) > recipe.bptt):
        return streams_of(examples, recipe, seed, long=long)
    return Batches(examples, recipe.batch_size, seed)


def parts_of(task: str, *, carried: bool) -> Callable[[Any], Any] | None:
    """What turns a batch into the network's inputs, where it has several."""
    if carried:
        return decoded
    return _sides if task == "pairs" else None


def _sides(x: Any) -> list[Any]:
    """Source and what was written, (n, t) and (n, s), of (n, steps, 2), without steps that none of them has."""
    ops = import_keras().ops
    sides = [x[..., 0], x[..., 1]]
    used = [ops.max(ops.sum(ops.cast(ops.not_equal(side, 0), "int32"), axis=1)) for side in sides]
    return [side[:, :steps] for side, steps in zip(sides, used, strict=True)]


def _judge(model: Any, plan: dict[str, Any], carry: Carry | None, inner: Examples, stop: Stop) -> Judge:
    if not len(inner):
        raise RecipeError("inner must hold one sequence or more, or be None. Received: 0 sequences")
    carried = None if carry is None else answering(model, plan)
    return Judge(model, carried, parts_of(plan["task"], carried=False) or (lambda x: x), inner, stop)


def _schedule_callbacks(recipe: SequenceRecipe, steps: int, *, watched: bool) -> list[Any]:
    return callbacks_of(recipe.levers, steps, recipe.epochs, monitor="val_loss" if watched else "loss")


def _teller(on_epoch: Callable[..., None], model: Any, plan: dict[str, Any]) -> Any:
    """A Keras callback that tells of each epoch."""
    return import_keras().callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: on_epoch(epoch + 1, plan, weights_of(model, plan))  # noqa: ARG005 - Keras's
    )
