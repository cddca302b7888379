"""A Run of sequences answers: texts, tokens and series to labels, tags, texts and forecasts, by NumPy, not Keras."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.encoder import Encoder
from boda.data.sequences.vocabulary import END
from boda.errors import DataError, RunError
from boda.metrics.classify import softmax
from boda.models.heads import beam as search
from boda.models.heads.generate import generate, sample_keys
from boda.models.heads.likelihood import nll_of_each, nll_of_long
from boda.models.sequence_plan import load_network
from boda.models.step import Recurrent, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from boda.run import Run

FILES = ("calibration.json", "encoder.json", "model/network.json", "model/network.npz")
HISTORY = "model/history.npz"  # of forecasts: the end of each series
LONGEST = 4  # an answer has at most so many times the tokens of its source ...
LONGEST_MORE = 32  # ... and so many more


@dataclass(frozen=True, slots=True)
class SequenceAnswer:
    """What the model says of one sequence, or why it cannot.

    Of the task depends what is there: `label`, its calibrated `confidence` and `scores` by class, the highest first
    (classify); `value`, and `low` and `high`, between which the truth lies in 90 % of cases (regress); `tags`, one a
    token (tag); `output`, the text that it becomes, and `log_probability` (pairs); `nll`, nats a step (language and
    music).
    """

    text: str
    label: str | None = None
    confidence: float | None = None
    scores: dict[str, float] | None = None
    abstained: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None
    tokens: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    output: str | None = None
    log_probability: float | None = None
    nll: float | None = None
    error: str | None = None

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """What is known, as JSON."""
        if self.error is not None:
            return {"text": self.text, "error": self.error}
        names = ("label", "confidence", "value", "low", "high", "tokens", "tags", "output", "log_probability", "nll")
        known = {name: value for name in names if (value := getattr(self, name)) is not None}
        scores = {} if self.scores is None else {"scores": dict(list(self.scores.items())[:top])}
        return {"text": self.text, **known, **scores, **({"abstained": True} if self.abstained else {})}


@dataclass(frozen=True, slots=True)
class Forecast:
    """The steps ahead of one series.

    `values`, `low` and `high` are (horizon, channels) in the series' own units: the forecast, and between which bounds
    the truth lies in the share `level` of cases, as measured on held-back parts of the series; `times` are those of the
    steps, where the series' own are known.
    """

    name: str
    channels: tuple[str, ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    times: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The forecast as JSON."""
        bounds = ("values", "low", "high")
        arrays = {
            name: [[float(f"{x:.7g}") if np.isfinite(x) else None for x in row] for row in getattr(self, name)]
            for name in bounds
        }
        return {"name": self.name, "channels": list(self.channels), "times": list(self.times), **arrays}


@dataclass(frozen=True, eq=False)
class SequenceModel:
    """A trained network of sequences, loaded from a Run, with its memory in your hands.

    Example:
        >>> model = boda.load("runs/001")                                  # doctest: +SKIP
        >>> [answer.label for answer in model.predict(["Schneider"])]      # doctest: +SKIP
        ['German']
        >>> state = model.initial_state(1)                                 # doctest: +SKIP
        >>> for i in model.encoder.vocabulary.encode("ROMEO:"):            # doctest: +SKIP
        ...     output, state = model.step(np.array([i]), state)
    """

    network: Recurrent
    encoder: Encoder
    task: str
    classes: tuple[str, ...]
    calibration: dict[str, Any]
    history: dict[str, np.ndarray]
    ahead: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, run: Run) -> SequenceModel:
        """The model of a complete Run; RunError when a file of it was altered or is missing."""
        run.check_model((*FILES, *([HISTORY] if run.about.get("task") == "forecast" else [])))
        try:
            encoder = Encoder.from_json(run.read_json("encoder.json"))
            return cls(
                Recurrent(*load_network(run.path / "model")),
                encoder,
                encoder.task,
                run.classes,
                run.read_json("calibration.json"),
                *(read_history(run) if encoder.task == "forecast" else ({}, {})),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RunError(f"{run.path} was altered: its description does not fit ({error!r}). Train again.") from error

    # The memory: one step at a time ------------------------------------------------------------------------------

    def initial_state(self, batch: int = 1) -> State:
        """An empty memory for `batch` sequences: for each layer its arrays (batch, units)."""
        return self.network.initial_state(batch)

    def step(self, x: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """One step: x (batch,) ids or (batch, channels) numbers; gives logits (batch, outputs) and the new memory."""
        return self.network.step(x, state)

    # Whole sequences ---------------------------------------------------------------------------------------------

    def predict(
        self, samples: Iterable[Any], *, min_confidence: float = 0.0, beam: int = 1, batch: int = 64
    ) -> Iterator[SequenceAnswer]:
        """Answer on each of `samples`, in order; one that cannot serve gets an answer with `error`.

        Args:
            samples: texts; for tags also tuples of tokens; for music rolls (t, keys).
            min_confidence: labels below it are marked as `abstained`.
            beam: how many beginnings of an answer are followed at once (pairs); 1 is greedy, as the Run's figures are.
            batch: sequences that go through the network together.
        """
        waiting = iter(samples)
        while some := list(islice(waiting, batch)):
            yield from self._answers(some, min_confidence, beam)

    def _answers(self, samples: Sequence[Any], least: float, beam: int) -> Iterator[SequenceAnswer]:
        reasons = [self._refusal(sample) for sample in samples]
        good = [sample for sample, reason in zip(samples, reasons, strict=True) if reason is None]
        found = iter(self._found(good, least, beam))
        for sample, reason in zip(samples, reasons, strict=True):
            yield next(found) if reason is None else SequenceAnswer(_text(sample), error=reason)

    def _refusal(self, sample: Any) -> str | None:
        """Why there is no answer on `sample`, or None."""
        reason = self.encoder.refusal(sample)
        if reason is None and (self.encoder.long or self.task == "music") and len(self.encoder.encode([sample])[0]) < 2:
            return "it has one step, and what comes next is told from the second on"
        return reason

    def _found(self, samples: Sequence[Any], least: float, beam: int) -> list[SequenceAnswer]:
        if not samples:
            return []
        if self.task == "classify":
            rows = self.probabilities(samples)
            return [self._labelled(sample, row, least) for sample, row in zip(samples, rows, strict=True)]
        if self.task == "regress":
            values = self.encoder.values(np.stack(self._logits(samples)))
            return [self._measured(sample, float(value)) for sample, value in zip(samples, values, strict=True)]
        if self.task == "tag":
            return [self._tagged(s, logits) for s, logits in zip(samples, self._logits(samples), strict=True)]
        if self.task == "pairs":
            return [self.translated(str(sample), beam) for sample in samples]
        if self.task in {"language", "music"}:
            steps = self.nll(samples)
            return [SequenceAnswer(_text(s), nll=float(n.mean())) for s, n in zip(samples, steps, strict=True)]
        raise RunError(f"A Run of task {self.task} answers through `forecast`.")

    def _logits(self, samples: Sequence[Any]) -> list[np.ndarray]:
        return self.network.answers(self.encoder.encode(samples))

    def logits(self, samples: Sequence[Any]) -> np.ndarray:
        """(n, outputs), of a task with one answer a sequence; not calibrated."""
        return np.stack(self._logits(samples))

    def probabilities(self, samples: Sequence[Any]) -> np.ndarray:
        """(n, classes), calibrated."""
        return softmax(self.logits(samples) / self.calibration["temperature"])

    def _labelled(self, sample: Any, row: np.ndarray, least: float) -> SequenceAnswer:
        scores = {self.classes[i]: round(float(row[i]), 6) for i in np.argsort(-row, kind="stable")}
        label, confidence = next(iter(scores.items()))
        return SequenceAnswer(_text(sample), label, confidence, scores, confidence < least)

    def _measured(self, sample: Any, value: float) -> SequenceAnswer:
        margin = self.calibration.get("quantile")
        if margin is None:
            return SequenceAnswer(_text(sample), value=value)
        return SequenceAnswer(_text(sample), value=value, low=value - margin, high=value + margin)

    def _tagged(self, sample: Any, logits: np.ndarray) -> SequenceAnswer:
        tokens = self.encoder.tokens_of(sample)
        tags = tuple(self.classes[i] for i in logits.argmax(axis=1))
        return SequenceAnswer(_text(sample), tokens=tuple(tokens), tags=tags)

    def longest(self, steps: int) -> int:
        """How many tokens an answer to a source of so many steps may have."""
        return LONGEST * steps + LONGEST_MORE

    def abstain_below(self) -> float:
        """The confidence below which it is wrong too often; RunError where no such threshold was found."""
        threshold = self.calibration.get("abstain", {}).get("threshold")
        if threshold is None:
            raise RunError("This model has no abstain threshold: the wanted precision was not reached. Give a number.")
        return float(threshold)

    # Other shapes ------------------------------------------------------------------------------------------------

    def translated(self, text: str, beam: int = 1) -> SequenceAnswer:
        """What `text` becomes (pairs)."""
        self._needs("pairs")
        source = self.encoder.encode([text])[0]
        found = search.beam(self.network, source, width=beam, longest=self.longest(len(source)))
        assert self.encoder.target_vocabulary is not None  # noqa: S101 - pairs have one
        output = self.encoder.target_vocabulary.decode(found.ids)
        return SequenceAnswer(text, output=output, log_probability=round(float(found.log_probability), 6))

    def generate(
        self,
        steps: int,
        *,
        start: str = "",
        label: str | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Iterator[str]:
        """Write on, a token at a time, as it goes (language).

        Args:
            steps: how many tokens at most; a model of lines ends a line by itself.
            start: what has been written already.
            label: of a model that knows labels, the one whose texts it shall write.
            temperature: above 1 bolder, below 1 more careful; 0 takes the likeliest token.
            top_k: only from the so many likeliest tokens; 0 is all.
            top_p: only from the likeliest tokens that have this share of the probability (nucleus sampling).
            seed: the same gives the same text.
        """
        self._needs("language")
        vocabulary, before = self.encoder.vocabulary, start
        if vocabulary is None:
            raise RunError("This network knows events, not texts. Use `boda.models.heads.generate`, or `step`.")
        ids = generate(
            self.network,
            self.encoder.prefix(start, label),
            steps,
            np.random.default_rng(seed),
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            end=self.encoder.end,
            banned=(*vocabulary.specials, END),  # unless it ends a line
        )
        for i in ids:
            before = vocabulary.piece(i, before)
            yield before

    def play(
        self, steps: int, *, start: np.ndarray | None = None, temperature: float = 1.0, seed: int = 0
    ) -> np.ndarray:
        """A roll (steps, keys) of 0 and 1 that goes on from `start` (t, keys) (music)."""
        self._needs("music")
        keys, rng = int(self.network.plan.input.size), np.random.default_rng(seed)
        silent = start is None or not len(start)
        frames = np.zeros((1, keys), np.float32) if silent else np.asarray(start, np.float32)
        state, output = self.initial_state(1), np.zeros((1, keys), np.float32)
        for frame in frames:
            output, state = self.step(frame[None], state)
        played = []
        for _ in range(steps):
            frame = sample_keys(output, rng, temperature).astype(np.float32)
            played.append(frame[0])
            output, state = self.step(frame, state)
        return np.array(played, np.float32).reshape(len(played), keys)

    def nll(self, samples: Sequence[Any], labels: Sequence[str | None] | None = None) -> list[np.ndarray]:
        """The negative log-likelihood of each step, in nats, a sequence: (steps,) each (language and music).

        A long text is read in streams side by side; each but the first reads some steps before its own, so
        that its memory is full.

        Args:
            samples: texts, or rolls (t, keys).
            labels: of lines, the label of each; by default none.
        """
        inputs, targets = self.encoder.shifted(samples, labels)
        if self.encoder.long:
            return [nll_of_long(self.network, x, y) for x, y in zip(inputs, targets, strict=True)]
        return nll_of_each(self.network, inputs, targets)

    def forecast(
        self, series: dict[str, np.ndarray] | None = None, ahead: dict[str, tuple[str, ...]] | None = None
    ) -> list[Forecast]:
        """The steps ahead of each series.

        Args:
            series: by name, (t, channels) in their own units, at least as long as the context; by default those that
                the Run was trained on, from their end.
            ahead: by name, what the times of the steps ahead are called.
        """
        self._needs("forecast")
        times = (self.ahead if series is None else ahead) or {}
        known = self.history if series is None else {name: np.asarray(s, np.float32) for name, s in series.items()}
        return [self._from_end(name, values, times.get(name, ())) for name, values in known.items()]

    def _from_end(self, name: str, values: np.ndarray, times: tuple[str, ...]) -> Forecast:
        encoder = self.encoder
        if len(values) < encoder.context:
            raise DataError(
                f"{name}: expected at least the {encoder.context} steps that the network looks back on, came "
                f"{len(values)}. Give more of the series."
            )
        x, undo = encoder.window(values[-encoder.context :])
        answer = undo(self.network.answers([x])[0])
        wide = np.asarray(self.calibration["quantiles"], np.float64)
        margin = wide * encoder.scale_of(values[-encoder.context :])
        level = self.calibration["level"]
        return Forecast(name, encoder.channels, answer, answer - margin, answer + margin, level, times)

    def _needs(self, task: str) -> None:
        if self.task != task:
            raise RunError(f"This needs a Run of task {task}; this one's is {self.task}.")


def _text(sample: Any) -> str:
    """What was asked, in short."""
    if isinstance(sample, str):
        return sample
    if isinstance(sample, tuple):
        return " ".join(sample)
    if not isinstance(sample, np.ndarray) or not sample.ndim:
        return type(sample).__name__
    steps, *wide = sample.shape
    return f"{steps} steps of {' x '.join(map(str, wide))} numbers" if wide else f"{steps} numbers"


def history_bytes(series: dict[str, np.ndarray], ahead: dict[str, tuple[str, ...]]) -> bytes:
    """The ends of series by name, and what the times ahead of each are called, as the file that `load` reads."""
    ends = {f"series{i}": values for i, values in enumerate(series.values())}
    times = [json.dumps(ahead.get(name, ()), ensure_ascii=False) for name in series]
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, names=np.array([*series]), times=np.array(times), **ends)
    return file.getvalue()


def read_history(run: Run) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
    """The ends of the series that a Run was trained on, and the times ahead of each."""
    with np.load(run.path / HISTORY, allow_pickle=False) as file:
        names = file["names"].tolist()
        times = {name: tuple(map(str, json.loads(text))) for name, text in zip(names, file["times"], strict=True)}
        return {name: file[f"series{i}"] for i, name in enumerate(names)}, times
