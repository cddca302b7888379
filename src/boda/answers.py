"""A Run answers: files or arrays into labels with calibrated confidence, by OpenVINO, without Keras."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.batches import batched, in_order
from boda.data.view import View
from boda.errors import ImageError, RunError
from boda.metrics.classify import sigmoid, softmax
from boda.models.engine import Network, Precision
from boda.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.run import Run

BATCH = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of one picture, or why it cannot.

    `label` is the most probable class, or, with several labels a picture, a tuple of those above 0.5.
    `confidence` is the calibrated probability of that label; for several, that all of them are right.
    `scores` are the probabilities by class, the highest first.
    `abstained` says that the confidence lies below the threshold that was asked for.
    """

    path: str
    label: str | tuple[str, ...] | None = None
    confidence: float | None = None
    scores: dict[str, float] | None = None
    abstained: bool = False
    error: str | None = None

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """The answer as JSON: `path` and `error`, or `path`, `label`, `confidence`, `scores`."""
        if self.error is not None or self.scores is None:
            return {"path": self.path, "error": self.error}
        label = list(self.label) if isinstance(self.label, tuple) else self.label
        scores = dict(list(self.scores.items())[:top])
        known = {"path": self.path, "label": label, "confidence": self.confidence, "scores": scores}
        return {**known, "abstained": True} if self.abstained else known


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network, loaded from a Run: pictures in, Answers out.

    `network` is an OpenVINO file from uint8 pictures (n, size, size, 3) to "logits" (n, classes).

    Example:
        >>> model = boda.load("runs/001")                     # doctest: +SKIP
        >>> [a.label for a in model.predict(["rose.jpg"])]    # doctest: +SKIP
        ['roses']
    """

    network: Path
    view: View
    classes: tuple[str, ...]
    temperature: float = 1.0
    multilabel: bool = False
    abstain_below: float | None = None
    precision: Precision = "f32"

    @classmethod
    def load(cls, run: Run) -> Model:
        """The model of a complete Run; RunError when a file of it was altered or is missing."""
        run.check_model()
        try:
            return cls._of(run, run.about, run.read_json("calibration.json"))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RunError(f"{run.path} was altered: its description does not fit ({error!r}). Train again.") from error

    @classmethod
    def _of(cls, run: Run, about: dict[str, Any], calibration: dict[str, Any]) -> Model:
        temperature = float(calibration["temperature"])
        if not 0 < temperature < np.inf:
            raise ValueError(f"temperature {temperature}")
        return cls(
            network=run.path / "model" / "network.xml",
            view=View(**about["view"]),
            classes=run.classes,
            temperature=temperature,
            multilabel=about["task"] == "multilabel",
            abstain_below=calibration["abstain"]["threshold"],
            precision=about["precision"],
        )

    def predict(self, pictures: Iterable[str | Path | np.ndarray], *, min_confidence: float = 0.0) -> Iterator[Answer]:
        """Answer on each of `pictures`, in order, as they come; one that cannot be read gets an Answer with `error`.

        Args:
            pictures: files, or arrays (h, w, 3) uint8.
            min_confidence: answers below it are marked as `abstained`.
        """
        asked: deque[list[_Seen]] = deque()
        for logits in self._run(self._feed(pictures, asked)):
            rows = iter(self.probabilities(logits))
            for seen in asked.popleft():
                yield self._answer(seen, rows, min_confidence)
        for seen in asked.popleft() if asked else []:
            yield Answer(seen.name, error=seen.error)

    def logits(self, samples: Iterable[Sample]) -> np.ndarray:
        """Logits (n, classes) of samples that can be read; ImageError where one cannot."""
        return np.concatenate(list(self._run(batched(in_order(self.view.pixels, samples), BATCH))))

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (n, classes)."""
        return np.asarray((sigmoid if self.multilabel else softmax)(logits / self.temperature))

    def _run(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        network = Network(self.network, self.precision, outputs=("logits",))
        return (output["logits"] for output in network.run(batches))

    def _feed(self, pictures: Iterable[str | Path | np.ndarray], asked: deque[list[_Seen]]) -> Iterator[np.ndarray]:
        """Batches of what can be read; `asked` gets, for each batch, all that was asked up to it."""
        group: list[_Seen] = []
        pixels: list[np.ndarray] = []
        for seen in in_order(self._look, enumerate(pictures)):
            group.append(seen)
            if seen.pixels is not None:
                pixels.append(seen.pixels)
            if len(pixels) == BATCH:
                asked.append(group)
                yield np.stack(pixels)
                group, pixels = [], []
        asked.append(group)
        if pixels:
            yield np.stack(pixels)

    def _look(self, numbered: tuple[int, str | Path | np.ndarray]) -> _Seen:
        number, picture = numbered
        if isinstance(picture, np.ndarray):
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
                reason = f"an array must be uint8 (h, w, 3); this one is {picture.dtype} {picture.shape}"
                return _Seen(f"[{number}]", None, reason)
            return _Seen(f"[{number}]", self.view.pixels(Sample("", picture)))
        try:
            return _Seen(str(picture), self.view.pixels(Sample(str(picture), Path(picture))))
        except (ImageError, ValueError) as error:  # a NUL in a name is a ValueError
            return _Seen(str(picture), None, str(error))
        except MemoryError:
            return _Seen(str(picture), None, "too large for this machine's memory")
        except OSError as error:
            reason = "a folder without pictures" if Path(picture).is_dir() else error.strerror or str(error)
            return _Seen(str(picture), None, reason.lower())

    def _answer(self, seen: _Seen, rows: Iterator[np.ndarray], min_confidence: float) -> Answer:
        if seen.error is not None:
            return Answer(seen.name, error=seen.error)
        row = next(rows)
        scores = {self.classes[i]: round(float(row[i]), 6) for i in np.argsort(-row, kind="stable")}
        if self.multilabel:
            label: str | tuple[str, ...] = tuple(name for name, score in scores.items() if score > 0.5)
            confidence = float(np.maximum(row, 1 - row).prod())
        else:
            label, confidence = self.classes[int(row.argmax())], float(row.max())
        confidence = round(confidence, 6)
        return Answer(seen.name, label, confidence, scores, confidence < min_confidence)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A picture as the network will see it, or why it cannot."""

    name: str
    pixels: np.ndarray | None
    error: str | None = None
