"""A pipeline: augmentation steps in order, called on pictures alone or with their labels."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from boda.augment.batch import Augmented, BatchAugmentation, pack, split_at_batch_steps, unpack
from boda.augment.effects import Effect, Move, Scene
from boda.augment.labels import BoxShape, Following, Labels, check_labels, follow
from boda.augment.render import arrange, render
from boda.augment.share import share
from boda.augment.step import Augmentation, draw_in_turn
from boda.errors import AugmentError
from boda.sample import Sample

_WORD = 2**64
CHANNEL_AXES = {"channels_last": -1, "channels_first": -3}
_PART = 64  # pictures at a time that `adapt` hands over


@dataclass(frozen=True)
class Pipeline:
    """Steps that are applied in order; neighbouring moves become one resampling, so that order costs no sharpness.

    Chance is a function of (seed, epoch, sample) alone, whoever asks and in whatever order. Called without `sample`,
    a pipeline counts its samples itself, so that each call draws anew and a seed repeats the whole sequence.

    What a step moves beyond the frame is not lost to a later one, so far as both fill alike: a crop that is then
    turned shows what lay beyond the crop.

    Args:
        steps: augmentation steps, applied from the first to the last.
        seed: an integer from 0; None takes one by chance, which `pipeline.seed` then tells.
        box_shape: what a box is taken to hold when it turns, "corners", "ellipse" or "mask" (see `Following`).
        min_visible: boxes that show less than this share of their area are dropped, 0 to 1.
        point_pairs: pairs of point indices that change places in a mirrored picture.
        data_format: "channels_last", or "channels_first" for arrays (c, h, w) and (n, c, h, w), in and out.

    Example:
        >>> from boda.augment import Pipeline, Resizing, Rescaling
        >>> pipeline = Pipeline([Resizing(200, 200), Rescaling(1 / 255)])
        >>> small = pipeline(np.full((300, 400, 3), 255, np.uint8))
        >>> small.shape, str(small.dtype), float(small.max())
        ((200, 200, 3), 'float32', 1.0)
    """

    steps: Sequence[Augmentation]
    seed: int | None = None
    box_shape: BoxShape = "corners"
    min_visible: float = 0.1
    point_pairs: tuple[tuple[int, int], ...] = ()
    data_format: str = "channels_last"
    _count: Any = field(default_factory=itertools.count, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take any iterable of steps, and a seed where none is given."""
        steps = self.steps if isinstance(self.steps, Iterable) else (self.steps,)
        object.__setattr__(self, "steps", _as_steps(steps))
        object.__setattr__(self, "seed", secrets.randbits(63) if self.seed is None else self.seed)
        if not isinstance(self.seed, int) or not 0 <= self.seed < _WORD:
            raise AugmentError(f"seed must be an integer from 0 to below 2**64. Received: {self.seed!r}.")
        if self.data_format not in CHANNEL_AXES:
            raise AugmentError(f"data_format must be one of {', '.join(CHANNEL_AXES)}. Received: {self.data_format!r}.")
        self._following()

    def __call__(
        self,
        images: Any,
        *,
        boxes: Any = None,
        labels: Any = None,
        masks: Any = None,
        points: Any = None,
        epoch: int = 0,
        sample: int | Sequence[int] | None = None,
        threads: int = 1,
    ) -> Any:
        """Augment one picture, a batch, or a Sample.

        Args:
            images: one picture (h, w, c), a batch (n, h, w, c) or a sequence of pictures of any size, uint8 or
                float32 (channels first where `data_format` says so); or a `boda.Sample`, whose file is then decoded.
            boxes: (n, 4) xyxy pixels; as the following, for one picture as `Labels` says, for a batch one entry each.
            labels: the picture's, or one a box.
            masks: (h, w) or (n, h, w) integers.
            points: (k, 2) or (n, k, 2) of (x, y) pixels.
            epoch: what chance depends on beside the seed and
            sample: the picture's index in its data set; for a batch, one entry a picture.
            threads: how many threads share a batch; the result does not depend on it.

        Returns:
            The picture or the batch, float32, where no labels were given; else an `Augmented`, which
            for a batch holds stacked images and lists of what belongs to each. Of a Sample, a Sample.

        Raises:
            AugmentError: A shape or label that does not fit, or pictures of several sizes at the end of a batch.
        """
        if isinstance(images, Sample):
            return self._on_sample(images, epoch, sample)
        given = Labels(boxes, labels, masks, points)
        plain = all(part is None for part in (boxes, labels, masks, points))
        axis = CHANNEL_AXES[self.data_format]
        if isinstance(images, np.ndarray) and images.ndim == 3:
            one = None if sample is None else _one_index(sample)
            done = self._on_picture(np.moveaxis(images, axis, -1), given, epoch, one)
        else:
            pictures = [np.moveaxis(picture, axis, -1) for picture in _as_pictures(images)]
            done = self._on_batch(pictures, given, epoch, sample, threads)
        if axis != -1:
            done = replace(done, image=np.ascontiguousarray(np.moveaxis(done.image, -1, axis)))
        return done.image if plain else done

    def draw(
        self, shape: Sequence[int], given: Labels | None = None, *, epoch: int = 0, sample: int | None = None
    ) -> tuple[Effect, ...]:
        """What would be done to one picture of `shape` (h, w, c), without doing it."""
        rng = self.rng(epoch, next(self._count) if sample is None else sample)
        given = check_labels(given or Labels(), shape[0], shape[1])
        return draw_in_turn(self.steps, rng, Scene(shape[0], shape[1], shape[2], given))

    def labels_after(self, given: Labels, shape: Sequence[int], *, epoch: int = 0, sample: int | None = None) -> Labels:
        """Where the labels of one picture of `shape` (h, w, c) end up, without its pixels."""
        plan = arrange(self.draw(shape, given, epoch=epoch, sample=sample))
        return _followed(check_labels(given, shape[0], shape[1]), plan, (shape[0], shape[1]), self._following())

    def rng(self, epoch: int, sample: int) -> np.random.Generator:
        """The source of all chance of one sample in one epoch."""
        key = np.array([self.seed, sample % _WORD], np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, 0, epoch % _WORD], np.uint64)))

    def adapt(self, images: Any) -> Pipeline:
        """Fit the steps that learn from a data set, such as Whitening, to what the steps before them make of `images`.

        Args:
            images: (n, h, w, c), or a sequence of pictures (h, w, c), uint8 or float32; the training part alone.

        Returns:
            A new pipeline, with fitted steps; the chances are those of samples 0 to n - 1 in epoch 0.
        """
        steps, n = list(self.steps), len(images)
        for i, step in enumerate(steps):
            if (fit := getattr(step, "adapt", None)) is not None:
                before = replace(self, steps=steps[:i])
                parts = [slice(k, min(k + _PART, n)) for k in range(0, n, _PART)]
                steps[i] = fit(before(images[part], sample=range(part.start, part.stop)) for part in parts)
        return replace(self, steps=steps)

    def to_toml(self) -> str:
        """The pipeline as TOML, which `from_toml` reads back to an equal one."""
        from boda.augment.toml import write_pipeline

        return write_pipeline(self)

    @classmethod
    def from_toml(cls, text: str) -> Pipeline:
        """Read what `to_toml` wrote, or what a person wrote like it.

        Raises:
            AugmentError: It is no TOML, or names a step or an argument that does not exist.
        """
        from boda.augment.toml import read_pipeline

        return read_pipeline(text)

    def _on_picture(self, image: np.ndarray, given: Labels, epoch: int, sample: int | None) -> Augmented:
        if any(isinstance(step, BatchAugmentation) for step in self.steps):
            raise AugmentError(f"{_names_of_batch_steps(self.steps)} mixes pictures: call the pipeline on a batch.")
        rng = self.rng(epoch, next(self._count) if sample is None else sample)
        return _augment(self.steps, image, given, rng, self._following(), None)

    def _on_batch(
        self, pictures: Sequence[np.ndarray], given: Labels, epoch: int, sample: Any, threads: int
    ) -> Augmented:
        indices = [next(self._count) for _ in pictures] if sample is None else _indices(sample, len(pictures))
        rngs = [self.rng(epoch, index) for index in indices]
        batch = pack([Augmented(image, *_parts(given, i)) for i, image in enumerate(pictures)], stack=False)
        for steps in split_at_batch_steps(self.steps):
            if isinstance(steps, BatchAugmentation):
                batch = steps.mix(_stacked(batch), rngs)
            else:
                batch = self._on_each(steps, batch, rngs, threads)
        return _stacked(batch)

    def _on_each(
        self, steps: Sequence[Augmentation], batch: Augmented, rngs: list[np.random.Generator], threads: int
    ) -> Augmented:
        """One stage of steps on every picture of a batch, straight into one array where all become of one size."""
        following, given = self._following(), unpack(batch)
        first = _augment(steps, *given[0], rngs[0], following, None) if given else None
        if first is None:
            return batch
        whole = np.empty((len(given), *first.image.shape), np.float32)
        whole[0] = first.image
        done = [first] * len(given)

        def do(i: int) -> None:
            done[i + 1] = _augment(steps, *given[i + 1], rngs[i + 1], following, whole[i + 1])

        share(do, len(given) - 1, threads)
        return pack(done, whole)

    def _on_sample(self, sample: Sample, epoch: int, index: Any) -> Sample:
        from boda.data.decode import decode

        pixels = sample.image if isinstance(sample.image, np.ndarray) else decode(sample.read_bytes())
        given = Labels(sample.boxes, sample.box_labels, sample.masks, sample.points)
        done = self._on_picture(pixels, given, epoch, None if index is None else _one_index(index))
        return replace(
            sample, image=done.image, boxes=done.boxes, box_labels=done.labels, masks=done.masks, points=done.points
        )

    def _following(self) -> Following:
        return Following(self.box_shape, self.min_visible, self.point_pairs)


def _augment(
    steps: Sequence[Augmentation],
    image: np.ndarray,
    given: Labels,
    rng: np.random.Generator,
    following: Following,
    out: np.ndarray | None,
) -> Augmented:
    """Draw for one picture, render it (into `out`, where its size is that), and let its labels follow."""
    height, width, channels = image.shape
    given = check_labels(given, height, width)
    plan = arrange(draw_in_turn(steps, rng, Scene(height, width, channels, given)))
    moves = [effect for effect in plan if isinstance(effect, Move)]
    size = moves[-1].size if moves else (height, width)
    if out is not None and out.shape != (*size, image.shape[2]):
        raise AugmentError(
            f"The pictures of a batch must end in one size, but one has {size[0]} x {size[1]} and the first "
            f"{out.shape[0]} x {out.shape[1]}. Add a Resizing, or call the pipeline on one picture at a time."
        )
    pixels = render(image, plan, out)
    moved = _followed(given, plan, (height, width), following)
    return Augmented(pixels, moved.boxes, moved.labels, moved.masks, moved.points, moved.kept)


def _followed(given: Labels, plan: Sequence[Effect], frame: tuple[int, int], following: Following) -> Labels:
    """Labels of a picture of size `frame` (h, w) after the moves among `plan`."""
    moves = [effect for effect in plan if isinstance(effect, Move)]
    return follow(given, moves or [Move(np.eye(3), frame)], following, frame)


def _as_steps(steps: Iterable[Augmentation]) -> tuple[Augmentation, ...]:
    steps = tuple(steps)
    for i, step in enumerate(steps):
        if not isinstance(step, Augmentation):
            raise AugmentError(f"steps[{i}] must be an augmentation such as RandomFlip(). Received: {step!r}.")
    return steps


def _as_pictures(images: Any) -> list[np.ndarray]:
    pictures = list(images) if isinstance(images, np.ndarray) and images.ndim == 4 else []
    if isinstance(images, (list, tuple)):
        pictures = [np.asarray(image) for image in images]
    if not pictures or any(picture.ndim != 3 for picture in pictures):
        shape = getattr(images, "shape", type(images).__name__)
        raise AugmentError(
            f"One picture (h, w, c), a batch (n, h, w, c) or a list of pictures is wanted. Received: {shape}. "
            "A grey picture needs a last axis: image[..., None]."
        )
    return pictures


def _one_index(sample: Any) -> int:
    if not isinstance(sample, (int, np.integer)):
        raise AugmentError(f"sample must be one integer for one picture. Received: {sample!r}.")
    return int(sample)


def _indices(sample: Any, n: int) -> list[int]:
    indices = [int(index) for index in sample] if np.ndim(sample) == 1 else []
    if len(indices) != n:
        raise AugmentError(f"sample must have one integer for each of the {n} pictures. Received: {sample!r}.")
    return indices


def _parts(given: Labels, i: int) -> tuple[Any, ...]:
    """What of the labels of a batch belongs to its picture `i`."""
    parts = (given.boxes, given.labels, given.masks, given.points)
    return tuple(None if part is None else part[i] for part in parts)


def _stacked(batch: Augmented) -> Augmented:
    return batch if isinstance(batch.image, np.ndarray) else replace(batch, image=np.stack(batch.image))


def _names_of_batch_steps(steps: Iterable[Augmentation]) -> str:
    return " and ".join(type(step).__name__ for step in steps if isinstance(step, BatchAugmentation))
