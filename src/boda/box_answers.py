"""A Run of boxes answers: files or arrays into boxes with calibrated confidence, by OpenVINO, without Keras."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boda.batches import batched, in_order
from boda.box_trust import Trust
from boda.boxes import clip
from boda.data.box_view import BoxView, Seen
from boda.errors import ImageError, RunError
from boda.models.engine import Network, Precision
from boda.models.heads.box_decode import decode_detect, decode_locate
from boda.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.boxes import Detections
    from boda.run import Run

Task = Literal["locate", "detect"]
BATCH = 4
MODEL_FILES = ("calibration.json", "model/network.bin", "model/network.xml")


@dataclass(frozen=True, slots=True, eq=False)
class BoxAnswer:
    """The boxes of one picture, the surest first, or why there is no answer.

    `boxes` (n, 4) are xyxy pixels of the picture as displayed, `width` by `height`.
    `labels` are class names, and `confidences` calibrated probabilities that the box is right, one a box.
    """

    path: str
    width: int = 0
    height: int = 0
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    labels: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()
    error: str | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def to_json(self) -> dict[str, Any]:
        """`path` and `error`, or `path`, `width`, `height`, `boxes`, `labels`, `confidences`."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        return {
            "path": self.path,
            "width": self.width,
            "height": self.height,
            "boxes": [[round(float(side), 2) for side in box] for box in self.boxes],
            "labels": list(self.labels),
            "confidences": list(self.confidences),
        }


@dataclass(frozen=True, eq=False)
class BoxModel:
    """A trained network of boxes, loaded from a Run: pictures in, BoxAnswers out.

    `network` is an OpenVINO file from uint8 pictures (n, size, size, 3) to, where `task` is "locate", "box" (n, 4)
    xyxy in 0 to 1 of the view, "score" (n,) and, with two classes or more, "logits" (n, classes); where it is
    "detect", "boxes" (n, p, 4) xyxy in pixels of the view and "logits" (n, p, classes).

    Example:
        >>> model = boda.load("runs/001")                    # doctest: +SKIP
        >>> [a.boxes for a in model.predict(["yard.jpg"])]   # doctest: +SKIP
        [array([[ 81.2,  88.7, 522.4, 408.1]], dtype=float32)]
    """

    network: Path
    view: BoxView
    classes: tuple[str, ...]
    task: Task
    trust: Trust = field(default_factory=Trust)
    precision: Precision = "f32"

    @classmethod
    def load(cls, run: Run) -> BoxModel:
        """The model of a complete Run; RunError when a file of it was altered or is missing."""
        run.check_model(MODEL_FILES)
        try:
            about = run.about
            return cls(
                network=run.path / "model" / "network.xml",
                view=BoxView(size=about["view"]["size"], resize=about["view"].get("resize", "squash")),
                classes=run.classes,
                task=about["task"],
                trust=Trust.of(run.read_json("calibration.json")),
                precision=about.get("precision", "f32"),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RunError(f"{run.path} was altered: its description does not fit ({error!r}). Train again.") from error

    def predict(
        self,
        pictures: Iterable[str | Path | np.ndarray],
        *,
        min_confidence: float | None = None,
        grow: float | None = None,
    ) -> Iterator[BoxAnswer]:
        """Answer on each of `pictures`, in order, as they come; one that cannot be read gets an answer with `error`.

        Args:
            pictures: files, or arrays (h, w, 3) uint8, of any size.
            min_confidence: boxes below it are left out; None takes the Run's threshold where many boxes are found,
                and every box where there is one a picture.
            grow: make each box so much larger that it contains the whole object in this share of the pictures, such
                as 0.9; for models of one box a picture.

        Raises:
            RunError: the Run holds no margin for that share.
        """
        margin = None if grow is None else self.trust.margin_for(grow)
        if min_confidence is None:
            min_confidence = self.trust.threshold if self.task == "detect" else 0.0
        return self._answers(pictures, min_confidence, margin)

    def detections(self, samples: Iterable[Sample]) -> Iterator[Detections]:
        """Every box of each sample with its raw score (logit), in pixels of the displayed picture.

        Raises:
            ImageError: one cannot be read.
        """
        asked: deque[Seen] = deque()

        def pixels() -> Iterator[np.ndarray]:
            for seen in in_order(self.view.see, samples):
                asked.append(seen)
                yield seen.pixels

        for batch in self._run(batched(pixels(), BATCH)):
            for found in batch:
                yield _in_picture(found, asked.popleft())

    def _run(self, batches: Iterable[np.ndarray], least: float = -np.inf) -> Iterator[list[Detections]]:
        """The network's answers on batches of pixels; boxes are in pixels of the view, scores are logits."""
        network = Network(self.network, self.precision, outputs=self._outputs)
        for out in network.run(batches):
            if self.task == "detect":
                pairs = zip(out["boxes"], out["logits"], strict=True)
                yield [decode_detect(boxes, logits, least=least) for boxes, logits in pairs]
            else:
                logits = out.get("logits", [None] * len(out["box"]))
                rows = zip(out["box"], out["score"].reshape(-1), logits, strict=True)
                yield [decode_locate(box, score, some, size=self.view.size) for box, score, some in rows]

    @property
    def _outputs(self) -> tuple[str, ...]:
        if self.task == "detect":
            return "boxes", "logits"
        return ("box", "score", "logits") if len(self.classes) > 1 else ("box", "score")

    def _answers(
        self, pictures: Iterable[str | Path | np.ndarray], min_confidence: float, margin: float | None
    ) -> Iterator[BoxAnswer]:
        asked: deque[list[_Asked]] = deque()
        for batch in self._run(self._feed(pictures, asked), self.trust.score_of(min_confidence)):
            found = iter(batch)
            for one in asked.popleft():
                yield self._failed(one) if one.seen is None else self._answer(one, next(found), min_confidence, margin)
        for one in asked.popleft() if asked else []:
            yield self._failed(one)

    def _feed(self, pictures: Iterable[str | Path | np.ndarray], asked: deque[list[_Asked]]) -> Iterator[np.ndarray]:
        """Batches of what can be read; `asked` gets, for each batch, all that was asked up to it."""
        group: list[_Asked] = []
        for one in in_order(self._look, enumerate(pictures)):
            group.append(one)
            pixels = [some.seen.pixels for some in group if some.seen is not None]
            if len(pixels) == BATCH:
                asked.append(group)
                yield np.stack(pixels)
                group = []
        asked.append(group)
        if pixels := [some.seen.pixels for some in group if some.seen is not None]:
            yield np.stack(pixels)

    def _look(self, numbered: tuple[int, str | Path | np.ndarray]) -> _Asked:
        number, picture = numbered
        name = f"[{number}]" if isinstance(picture, np.ndarray) else str(picture)
        try:
            image = _checked(picture) if isinstance(picture, np.ndarray) else Path(picture)
            return _Asked(name, self.view.see(Sample(name, image)))
        except (ImageError, ValueError) as error:  # a NUL in a name is a ValueError
            return _Asked(name, None, str(error))
        except MemoryError:
            return _Asked(name, None, "too large for this machine's memory")
        except OSError as error:
            reason = "a folder without pictures" if Path(name).is_dir() else error.strerror or str(error)
            return _Asked(name, None, reason.lower())

    def _answer(self, one: _Asked, found: Detections, min_confidence: float, margin: float | None) -> BoxAnswer:
        seen = one.seen
        assert seen is not None  # noqa: S101 - those that cannot be read do not come here
        found = _in_picture(found, seen)
        if margin is not None:
            found = replace(found, boxes=self.trust.grow(found.boxes, margin, (seen.width, seen.height)))
        found = replace(found, scores=self.trust.confidence(found.scores)).above(min_confidence)
        labels = tuple(self.classes[label] for label in found.labels)
        confidences = tuple(round(float(score), 6) for score in found.scores)
        return BoxAnswer(one.name, seen.width, seen.height, found.boxes, labels, confidences)

    @staticmethod
    def _failed(one: _Asked) -> BoxAnswer:
        return BoxAnswer(one.name, error=one.error)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A picture that was asked for, as the network will see it, or why it cannot."""

    name: str
    seen: Seen | None
    error: str | None = None


def _in_picture(found: Detections, seen: Seen) -> Detections:
    """`found` from the view's pixels to the picture's, and cut to it."""
    return replace(found, boxes=clip(seen.place.to_picture(found.boxes), (seen.width, seen.height)).astype(np.float32))


def _checked(picture: np.ndarray) -> np.ndarray:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ImageError(f"an array must be uint8 (h, w, 3); this one is {picture.dtype} {picture.shape}")
    return picture
