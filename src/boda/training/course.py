"""A training under way: epoch after epoch, from any place in it to the end, or to a signal."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np

from boda.errors import Interrupted, RecipeError, RunError
from boda.progress import say
from boda.training.callbacks import go_on
from boda.training.chance import seed_draws
from boda.training.failures import TooLarge, not_finite, smaller

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from boda.training.callbacks import HistoryFile
    from boda.training.checkpoint import Snapshot, Writer
    from boda.training.display import Display
    from boda.training.signals import Stop
    from boda.training.state import State
    from boda.training.step import Step

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
Logs = dict[str, float]


class Source(Protocol):
    """Where batches come from. A source may also have `names(epoch, batch)`, which an error then quotes."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` (from 0) from `start` on: x (n, ...), soft targets (n, classes), weights (n,).

        Each must be a function of (epoch, batch) alone, or a training that goes on sees others than one that ran
        through.
        """
        ...


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of a training: its weights are in the model.

    Args:
        history: a line an epoch: epoch, loss, the metric by its name, learning_rate, seconds, and what `evaluate` gave.
        best_epoch: the epoch (from 1) that the weights are from.
        stopped: "early stopping", "callback" (a user's one set `model.stop_training`), or None at the last epoch.
    """

    history: list[dict[str, Any]]
    best_epoch: int
    stopped: str | None


@dataclass(frozen=True, eq=False)
class Settings:
    """How long, from which seed, and by what an epoch is judged."""

    epochs: int
    seed: int
    evaluate: Callable[[Any], Logs] | None
    patience: int | None
    monitor: str
    ema: float
    metric: str = "accuracy"

    def check(self) -> None:
        """Refuse what is out of range."""
        if self.epochs < 1:
            raise RecipeError(f"epochs must be 1 or more. Received: epochs={self.epochs}")
        if not 0 <= self.ema < 1:
            raise RecipeError(f"ema must be 0 to below 1. Received: ema={self.ema}")
        if self.patience is not None and self.patience < 1:
            raise RecipeError(f"patience must be 1 or more, or None. Received: patience={self.patience}")
        if self.patience is not None and self.evaluate is None and self.monitor not in {"loss", self.metric}:
            raise RecipeError(f"Early stopping by {self.monitor} needs `evaluate`, which gives it. Received: None")


@dataclass(eq=False)
class Course:
    """A training under way; `run` takes it to its end."""

    source: Source
    settings: Settings
    step: Step
    state: State
    callbacks: Any  # Keras's CallbackList
    writer: Writer
    history: HistoryFile | None
    stop: Stop
    display: Display

    @property
    def model(self) -> Any:
        """The model that learns."""
        return self.state.model

    def run(self) -> Trained:
        """Train to the end, or until a signal comes."""
        self._begin()
        try:
            while self.state.place.epoch < self.settings.epochs and self.state.place.stopped is None:
                self._epoch()
        except Interrupted as error:
            if self.stop.number is None:  # it is somebody else's, and may have come in the middle of a step
                raise
            raise Interrupted(self._leave(), self.stop.exit_code) from error
        return self._finish()

    def _begin(self) -> None:
        """The callbacks begin, which empties their memory; then all becomes what the checkpoint says."""
        self.model.stop_training = False
        seed_draws(self.model, self.settings.seed)
        kept = checkpoints.load() if (checkpoints := self.writer.checkpoints) else None
        if kept is None:
            self.callbacks.on_train_begin()
            return
        go_on(self.callbacks.callbacks)
        self.callbacks.on_train_begin()
        self.state.restore(kept)
        if self.state.place.begun:
            self.callbacks.on_epoch_begin(kept.epoch)
            self.state.restore(kept)
        self.display.resume(self.state.place.history)
        if kept.epoch < self.settings.epochs:
            say(f"Going on in epoch {kept.epoch + 1}, after {kept.batch} of {self.source.steps} batches.")

    def _epoch(self) -> None:
        began = time.monotonic()
        if not self.state.place.begun:
            self.callbacks.on_epoch_begin(self.state.place.epoch)
            self.state.place.begun = True
        start = self._train(self.state.snapshot())
        self.state.place.seconds += time.monotonic() - began
        with self.state.averaged():
            line = self._measure()
        self._check_line(line, start)
        with self.state.averaged():
            self.callbacks.on_epoch_end(self.state.place.epoch, line)
            self._judge(line)
        self._close_epoch(line)

    def _train(self, start: Snapshot) -> Snapshot:
        """Train the rest of the epoch, in smaller pieces where memory lacks; gives the snapshot that it began with."""
        while True:
            try:
                self._train_batches(start)
            except TooLarge as error:
                self.state.restore(start)
                self.state.place.micro = micro = smaller(min(error.n, self.state.place.micro or error.n))
                say(
                    f"Memory does not suffice: epoch {start.epoch + 1} begins again with {micro} samples at a time. "
                    "Their gradients are added up, so each step still learns from the whole batch."
                )
                start = self.state.snapshot()
            else:
                return start

    def _train_batches(self, start: Snapshot) -> None:
        place = self.state.place
        if place.batch >= self.source.steps or self.model.stop_training:
            return
        with closing(_closable(self.source.batches(place.epoch, place.batch))) as batches:
            for batch in batches:
                self.stop.check()
                self._train_batch(batch, start)
                if self.model.stop_training:
                    return
        self.stop.check()

    def _train_batch(self, batch: Batch, start: Snapshot) -> None:
        place = self.state.place
        self.callbacks.on_train_batch_begin(place.batch)
        momentum = min(self.settings.ema, (1 + place.steps) / (10 + place.steps))
        loss, metric = self.step(*batch, momentum=momentum, micro=place.micro)
        loss = loss if _is_finite(batch[0]) else math.nan  # some processors' ReLU hides it from the loss
        if not math.isfinite(loss):
            self._refuse(f"The loss became {loss}", start, batch)
        place.count(len(batch[0]), loss, metric)
        self.callbacks.on_train_batch_end(place.batch - 1, self._logs())
        self.display.batch(place.epoch, place.batch, {**self._logs(), **self._rate()}, len(batch[0]))
        if place.batch < self.source.steps and self.writer.is_due_within():
            self._save(start)

    def _measure(self) -> Logs:
        """The epoch's line, but for its number."""
        place = self.state.place
        self.display.validating(place.epoch, self._logs())
        measured = self.settings.evaluate(self.model) if self.settings.evaluate else {}
        return {**self._logs(), **self._rate(), **{name: float(value) for name, value in measured.items()}}

    def _check_line(self, line: Logs, start: Snapshot) -> None:
        """Refuse weights or a monitored figure that are no numbers any more."""
        if name := self.state.not_finite():
            self._refuse(f"The weights {name} are no longer finite", start)
        if self.settings.patience is None:
            return
        monitor = self.settings.monitor
        if monitor not in line:
            raise RecipeError(f"monitor must be one of {', '.join(line)}. Received: monitor={monitor!r}")
        if not math.isfinite(line[monitor]):
            self._refuse(f"{monitor} became {line[monitor]}", start)

    def _judge(self, line: Logs) -> None:
        """Remember the best epoch, and whether the training ends here."""
        place, patience = self.state.place, self.settings.patience
        if self.model.stop_training:
            place.stopped = "callback"
        if patience is not None:
            monitor = self.settings.monitor
            place.best = place.best.after(place.epoch + 1, line[monitor], monitor, self.state.weights)
            if place.best.waited >= patience:
                place.stopped = "early stopping"

    def _close_epoch(self, line: Logs) -> None:
        place = self.state.place
        place.history.append({"epoch": place.epoch + 1, **line, "seconds": round(place.seconds, 3)})
        self.display.epoch(place.history[-1])
        place.next_epoch()
        if self.history:
            self.history.write(place.history)
        if place.stopped or place.epoch == self.settings.epochs or self.writer.is_due():
            self.writer.write(self.state.snapshot())

    def _save(self, start: Snapshot) -> None:
        """Write a checkpoint within an epoch, unless the weights are no numbers any more."""
        if name := self.state.not_finite():
            self._refuse(f"The weights {name} are no longer finite", start)
        self.writer.write(self.state.snapshot())

    def _leave(self) -> str:
        """Write a checkpoint after a signal; gives the words for it."""
        place = self.state.place
        where = f"{self.stop.word} in epoch {place.epoch + 1}, after {place.batch} of {self.source.steps} batches"
        if self.writer.checkpoints is None:
            return f"{where}. No checkpoint was asked for."
        if self.state.not_finite():
            return f"{where}. Its weights are no longer finite; the checkpoint before it stands."
        try:
            self.writer.checkpoints.save(self.state.snapshot())
        except (OSError, RunError) as error:
            return f"{where}. No checkpoint could be written ({error}); the one before it stands, if there is one."
        return f"{where}. Training can go on from there."

    def _refuse(self, what: str, start: Snapshot, batch: Batch | None = None) -> NoReturn:
        """Raise the error for `what`, the model's weights brought back to the last good ones."""
        place = self.state.place
        names = getattr(self.source, "names", None)
        known = list(names(place.epoch, place.batch)) if names and batch else []
        where = f"in epoch {place.epoch + 1}, " + (
            f"batch {place.batch + 1} of {self.source.steps}" if batch else f"after {place.batch} batches"
        )
        error = not_finite(what, where, batch, known, self._rate().get("learning_rate", math.nan))
        self.state.restore(start)
        if place.best.weights is None:
            self.state.settle()
        else:
            self.state.set_weights(place.best.weights)
        raise error

    def _finish(self) -> Trained:
        """Give the model its final weights; the callbacks have the last word."""
        place = self.state.place
        self.state.settle()
        if place.best.weights is not None:
            self.state.set_weights(place.best.weights)
        last = {name: value for name, value in place.history[-1].items() if name not in {"epoch", "seconds"}}
        self.callbacks.on_train_end(last)
        return Trained(place.history, place.best.epoch or place.epoch, place.stopped)

    def _logs(self) -> dict[str, float]:
        """The running epoch's loss and metric so far."""
        return self.state.place.logs(self.settings.metric)

    def _rate(self) -> Logs:
        """The learning rate, or that of the fastest layers where there are several."""
        optimizer = self.model.optimizer
        every = getattr(optimizer, "optimizers", [optimizer])
        return {"learning_rate": max(float(np.asarray(each.learning_rate)) for each in every)}


def _is_finite(x: np.ndarray) -> bool:
    """Whether all values are numbers."""
    return x.dtype.kind != "f" or bool(np.isfinite(np.sum(x, dtype=np.float64)))


def _closable(batches: Iterator[Batch]) -> Generator[Batch]:
    """An iterator as a generator, which can be closed, and then closes what it draws from."""
    yield from batches
