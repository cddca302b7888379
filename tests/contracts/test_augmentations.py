"""What holds for every row of AUGMENTATIONS; a new row is tested here before anyone writes a test for it.

Labels are held against pictures: an object is painted, augmented with its labels, and found again.
"""

import dataclasses
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import painted
import pytest

from boda.augment import AUGMENTATIONS, Augmented, BatchAugmentation, Labels, Pipeline
from boda.augment.effects import Move
from boda.augment.render import arrange
from boda.errors import AugmentError

SIZES = [(32, 32), (33, 47), (64, 96), (127, 85), (224, 224), (301, 512), (768, 1024)]
FILL = {"fill_mode": "constant", "fill_value": float(painted.GROUND)}
MIN_VISIBLE = 0.1

# The arguments of the steps that move things, strong ones, for a picture of (h, w); some rows stand here twice.
GEOMETRY = {
    "CenterCrop": lambda h, w: ("CenterCrop", {"height": h * 3 // 4, "width": w * 3 // 4}),
    "CenterCrop, enlarged": lambda h, w: ("CenterCrop", {"height": h * 5 // 4, "width": w}),
    "RandomCrop": lambda h, w: ("RandomCrop", {"height": h * 3 // 4, "width": w * 2 // 3}),
    "RandomCrop, enlarged": lambda h, w: ("RandomCrop", {"height": h, "width": w * 5 // 4}),
    "RandomFlip": lambda _h, _w: ("RandomFlip", {}),
    "RandomPerspective": lambda _h, _w: ("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.4}),
    "RandomRotation": lambda _h, _w: ("RandomRotation", {"factor": 0.5}),
    "RandomShear": lambda _h, _w: ("RandomShear", {"x_factor": 0.3, "y_factor": 0.2}),
    "RandomTranslation": lambda _h, _w: ("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.3}),
    "RandomZoom": lambda _h, _w: ("RandomZoom", {"height_factor": 0.4, "width_factor": 0.4}),
    "Resizing": lambda h, w: ("Resizing", {"height": h * 2 // 3, "width": w * 5 // 4}),
    "Resizing, antialias": lambda h, w: ("Resizing", {"height": h * 2 // 3, "width": w // 2, "antialias": True}),
    "Resizing, cropped": lambda h, w: ("Resizing", {"height": h, "width": w // 2, "crop_to_aspect_ratio": True}),
    "Resizing, padded": lambda h, w: ("Resizing", {"height": h, "width": w // 2, "pad_to_aspect_ratio": True}),
}
GUESSES = (0.2, 4, 20.0, (0.5, 1.0))  # for a required argument of a row that is not named above


def make_step(name, height=64, width=64, fill=FILL):
    """The row `name`, or GEOMETRY's entry of that name, which takes the constant ground where it has such a field."""
    if name not in GEOMETRY:
        kind, arguments = AUGMENTATIONS[name], {}
    else:
        row, arguments = GEOMETRY[name](height, width)
        kind = AUGMENTATIONS[row]
        arguments = {**{key: value for key, value in fill.items() if key in kind.__dataclass_fields__}, **arguments}
    missing = [f.name for f in dataclasses.fields(kind) if _is_required(f) and f.name not in arguments]
    return _guess(kind, arguments, missing)


def _is_required(field):
    return field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _guess(kind, arguments, missing):
    for guess in GUESSES:
        try:
            step = kind(**arguments, **dict.fromkeys(missing, guess))
        except AugmentError:
            continue
        return step.adapt(some_batch()) if hasattr(step, "adapt") else step
    pytest.fail(f"{kind.__name__}: no guess fits its required arguments {missing}; give them in GEOMETRY.")
    return None


def some_batch(n=5, height=24, width=32, channels=3, dtype=np.uint8):
    return np.random.default_rng(7).integers(0, 256, (n, height, width, channels)).astype(dtype)


def some_labels(n=5, height=24, width=32):
    """Two boxes with a label, a mask and two points each, for each of `n` pictures."""
    rng = np.random.default_rng(8)
    boxes = [np.array([painted.draw_box(rng, width=width, height=height) for _ in range(2)]) for _ in range(n)]
    masks = rng.integers(0, 2, (n, 2, height, width)).astype(np.uint8)
    points = rng.uniform(0, min(height, width), (n, 2, 2, 2))
    return {"boxes": boxes, "labels": np.eye(3)[[0, 1, 2, 0, 1][:n]], "masks": list(masks), "points": list(points)}


def mixes(name):
    return issubclass(AUGMENTATIONS[name], BatchAugmentation)


ALONE = [name for name in AUGMENTATIONS if not mixes(name)]


def call(pipeline, batch, sample=None, threads=1):
    """The pictures, with labels where the steps can have them."""
    given = (
        {"labels": np.eye(3)[np.arange(len(batch)) % 3]} if any(mixes(type(s).__name__) for s in pipeline.steps) else {}
    )
    done = pipeline(batch, **given, sample=sample, threads=threads)
    return done.image if isinstance(done, Augmented) else done


def takes(pipeline, batch):
    """Whether the steps take pictures of so many channels; if not, the error must speak of channels."""
    try:
        call(pipeline, batch)
    except AugmentError as error:
        if "channel" not in str(error):
            raise
        return False
    return True


# --- chance ---


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_same_seed_epoch_and_sample_give_the_same_pictures_again(name):
    pipeline, batch = Pipeline([make_step(name, 24, 32)], seed=5), some_batch()

    assert np.array_equal(call(pipeline, batch, sample=range(5)), call(pipeline, batch, sample=range(5)))


@pytest.mark.parametrize("name", ALONE)
def test_the_order_of_the_samples_changes_no_draw(name):
    pipeline, batch, order = Pipeline([make_step(name, 24, 32)], seed=5), some_batch(), [3, 1, 4, 0, 2]

    one_by_one = [pipeline(batch[i], sample=i) for i in order]

    assert np.array_equal(call(pipeline, batch, sample=range(5))[order], one_by_one)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_another_epoch_gives_another_draw_where_there_is_chance_at_all(name):
    pipeline, batch = Pipeline([make_step(name, 24, 32)], seed=5), some_batch()[:1].repeat(8, axis=0)
    batch = np.clip(batch + np.arange(8)[:, None, None, None], 0, 255).astype(np.uint8) if mixes(name) else batch
    epochs = [pipeline(batch, labels=np.eye(8), sample=range(8), epoch=epoch).image for epoch in range(2)]

    by_chance = any(not np.array_equal(a, b) for a, b in pairwise(epochs[0]))

    assert np.array_equal(*epochs) != by_chance


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_threads_change_no_byte(name):
    pipeline, batch = Pipeline([make_step(name, 24, 32)], seed=5), some_batch(9)

    results = [call(pipeline, batch, sample=range(9), threads=threads).tobytes() for threads in (1, 2, 4)]

    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_step_is_read_back_from_toml_as_it_was_written(name):
    pipeline = Pipeline([make_step(name, 24, 32)], seed=5)

    again = Pipeline.from_toml(pipeline.to_toml())

    assert again.to_toml() == pipeline.to_toml()
    if not hasattr(pipeline.steps[0], "save"):  # what was learned then lies in a file of its own
        assert again == pipeline


# --- pictures ---


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_one_three_and_four_channels_of_both_dtypes_become_finite_float32(name, channels, dtype):
    pipeline, batch = Pipeline([make_step(name, 24, 32)], seed=5), some_batch(channels=channels, dtype=dtype)

    if channels != 3 and not takes(pipeline, batch):
        return  # a step of colours may want three channels, and says so

    done = call(pipeline, batch)

    assert done.dtype == np.float32
    assert done.shape[-1] == channels
    assert np.isfinite(done).all()


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_nothing_is_written_into_the_callers_arrays(name):
    batch, labels = some_batch(dtype=np.float32), some_labels()
    before = [part.copy() for part in (batch, *(np.array(part) for part in labels.values()))]

    Pipeline([make_step(name, 24, 32)], seed=5)(batch, **(labels if not mixes(name) else {"labels": labels["labels"]}))

    for was, is_now in zip(before, (batch, *(np.array(part) for part in labels.values())), strict=True):
        assert np.array_equal(was, is_now)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_grey_picture_without_its_last_axis_is_refused_with_the_remedy(name):
    with pytest.raises(AugmentError, match=r"A grey picture needs a last axis: image\[..., None\]"):
        Pipeline([make_step(name, 24, 32)], seed=5)(np.zeros((24, 32), np.uint8))


@pytest.mark.parametrize("name", [name for name in ALONE if name != "Whitening"])  # it is fitted to one size
def test_a_picture_of_one_pixel_is_taken(name):
    step = make_step(name, 24, 32)
    step = step.adapt(some_batch(height=1, width=1)) if hasattr(step, "adapt") else step

    done = Pipeline([step], seed=5)(np.full((1, 1, 3), 99, np.uint8))

    assert np.isfinite(done).all()


@pytest.mark.parametrize("name", ALONE)
def test_what_moves_nothing_leaves_the_shape_and_the_labels(name):
    pipeline, batch, labels = Pipeline([make_step(name, 24, 32)], seed=5), some_batch(), some_labels()

    for i, image in enumerate(batch):
        own = {key: value[i] for key, value in labels.items() if key != "labels"}
        if any(isinstance(effect, Move) for effect in pipeline.draw(image.shape, Labels(**own), sample=i)):
            continue
        done = pipeline(image, **own, sample=i)
        assert done.image.shape == image.shape
        assert np.array_equal(done.boxes, own["boxes"])
        assert np.array_equal(done.masks, own["masks"])
        np.testing.assert_allclose(done.points, own["points"])


# --- labels ---


@dataclass
class Found:
    """One painting, augmented: what its labels say, and what can be seen."""

    painting: painted.Painting
    done: Augmented
    shown: np.ndarray
    whole: np.ndarray

    @property
    def box(self):
        return self.done.boxes[0]

    @property
    def share(self):
        """The share of the moved object that shows."""
        return painted.area_of(self.shown) / painted.area_of(self.whole)

    @property
    def seen(self):
        return painted.find(self.done.image)

    @property
    def blur(self):
        """How wide something must be to colour a pixel: one output pixel, and one of the painting, enlarged."""
        sides = np.ptp(self.whole, axis=0) / (self.painting.box[2:] - self.painting.box[:2])
        return 1 + max(1, sides.max())

    @property
    def errors(self):
        """How far each side of the box is from the one seen; of a box that reaches further, less its needle's end."""
        further = (self.seen - self.box) * (1, 1, -1, -1)
        for side in np.flatnonzero(further > 1):
            further[side] = max(further[side] - painted.thin_end(self.shown, side, self.blur), 0)
        return np.abs(further)

    def check_outline(self, rng):
        """The picture shows the outline that the matrices promise, to a pixel (of the painting, where enlarged)."""
        height, width = self.done.image.shape[:2]
        rows, columns = rng.integers(0, height, 300), rng.integers(0, width, 300)
        depth = painted.depth_in(self.shown, np.stack([columns, rows], axis=1) + 0.5)
        coloured = self.done.image[rows, columns, 0] > painted.HALF
        assert depth[coloured].min(initial=0) >= -1
        assert depth[~coloured].max(initial=0) <= self.blur - 1


def augment(pipeline, painting, shape, sample):
    """Augment, and say where the object must be by the matrices alone."""
    given = Labels(boxes=painting.box[None], masks=painting.mask[None])
    plan = arrange(pipeline.draw(painting.image.shape, given, sample=sample))
    moves = [effect for effect in plan if isinstance(effect, Move)]
    moves = moves or [Move(np.eye(3), painting.image.shape[:2])]
    done = pipeline(painting.image, boxes=given.boxes, masks=given.masks, sample=sample)
    return Found(painting, done, *painted.move_outline(painted.outline_of(painting.box, shape), moves))


def paint(shape, i):
    """Painting `i`: the sizes of pictures in turn, its object anywhere."""
    height, width = SIZES[i % len(SIZES)]
    return painted.PAINTERS[shape](height, width, painted.draw_box(np.random.default_rng([i, 1]), height, width))


def one_step(name, shape, count):
    for i in range(count):
        painting = paint(shape, i)
        pipeline = Pipeline([make_step(name, *painting.mask.shape)], seed=1, box_shape=BOX_SHAPE[shape])
        yield augment(pipeline, painting, shape, i)


def five_steps(shape, count, *, apart=False, box_shape=None):
    """Random pipelines of five; `apart` gives each its own fill value, so that each resamples by itself."""
    for i in range(count):
        rng, painting = np.random.default_rng([i, 2]), paint(shape, i)
        height, width = painting.mask.shape
        steps = []
        for k, name in enumerate(rng.choice(list(GEOMETRY), 5)):
            fill = {**FILL, "fill_value": painted.GROUND + k * apart * 1e-3}
            steps.append(make_step(name, height, width, fill))
            height, width = getattr(steps[-1], "height", height), getattr(steps[-1], "width", width)
        yield augment(Pipeline(steps, seed=1, box_shape=box_shape or BOX_SHAPE[shape]), painting, shape, i)


BOX_SHAPE = {"rectangle": "corners", "ellipse": "ellipse"}


def check_boxes(cases, shape):
    """The claims for boxes; prints (see it by pytest -rP) overlap of larger objects, worst side, share dropped."""
    overlaps, worst, dropped, total = [], 0.0, 0, 0
    for case in cases:
        total += 1
        if not len(case.done.boxes):
            assert case.share < MIN_VISIBLE + 1e-6
            dropped += 1
            continue
        assert case.share >= MIN_VISIBLE - 0.002
        case.check_outline(np.random.default_rng(total))
        true = painted.box_of(case.shown)
        assert np.abs(case.box - true).max() < (1e-6 if shape == "rectangle" else 0.5)
        if case.seen is None:
            assert min(case.box[2:] - case.box[:2]) < case.blur
            continue
        # a painted ellipse is known to one of its own pixels, and boda's is a polygon of 128 corners
        allowed = 1 if shape == "rectangle" else case.blur - 1 + 3e-4 * max(np.ptp(case.whole, axis=0))
        worst = max(worst, case.errors.max() / allowed)
        if min(case.painting.box[2:] - case.painting.box[:2]) >= 48:
            overlaps.append(painted.iou(case.box, case.seen))
    assert worst <= 1
    assert np.mean(overlaps) >= 0.97
    print(f"IoU {np.mean(overlaps):.4f}, worst side {worst:.2f}, dropped {dropped} of {total}")  # noqa: T201


def check_masks(cases):
    """Mask and picture show the same, but within one pixel of the outline (of the painting, where it is enlarged)."""
    for case in cases:
        if not len(case.done.boxes):
            continue
        mask, seen = case.done.masks[0] > 0, case.done.image[..., 0] > painted.HALF
        other = np.argwhere(mask != seen)[:, ::-1] + 0.5
        if len(other):
            assert np.abs(painted.depth_in(case.shown, other)).max() <= case.blur - 1


def test_every_row_that_moves_a_picture_is_painted_and_found_below():
    rows = {entry(64, 64)[0] for entry in GEOMETRY.values()}

    for name in ALONE:
        pipeline = Pipeline([make_step(name)], seed=0)
        drawn = [effect for i in range(20) for effect in pipeline.draw((64, 64, 3), sample=i)]
        if drawn and all(isinstance(effect, Move) for effect in drawn):
            assert name in rows


@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
@pytest.mark.parametrize("name", GEOMETRY)
def test_the_box_is_found_where_it_is_said_to_be(name, shape):
    check_boxes(one_step(name, shape, 42), shape)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_the_box_is_found_after_five_steps(shape, apart):
    check_boxes(five_steps(shape, 105, apart=apart), shape)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_the_box_is_found_after_five_steps_in_a_larger_sweep(shape, apart):
    check_boxes(five_steps(shape, 2100, apart=apart), shape)


@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
@pytest.mark.parametrize("name", GEOMETRY)
def test_masks_agree_with_their_pictures(name, shape):
    check_masks(one_step(name, shape, 21))


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_masks_agree_with_their_pictures_after_five_steps(shape, apart):
    check_masks(five_steps(shape, 70, apart=apart))


def test_boxes_that_follow_their_masks_are_those_of_the_masks():
    for case in five_steps("ellipse", 70, box_shape="mask"):
        if len(case.done.boxes):
            assert np.array_equal(case.box, painted.extent_of(case.done.masks[0]))


@pytest.mark.parametrize("name", GEOMETRY)
def test_points_are_found_where_they_are_said_to_be(name):
    for i in range(14):
        rng, (height, width) = np.random.default_rng([i, 3]), SIZES[i % len(SIZES)]
        points = rng.uniform(0.2, 0.8, (3, 2)) * (width, height)
        image = painted.paint_discs(height, width, points, radius=4)
        done = Pipeline([make_step(name, height, width)], seed=1)(image, points=points, sample=i)

        for channel, (x, y) in enumerate(done.points):
            weight = done.image[..., channel] - painted.GROUND
            if not 8 < x < done.image.shape[1] - 8 or not 8 < y < done.image.shape[0] - 8:
                continue  # NaN, or near the border, where a part of the disc is cut off
            seen = (weight[..., None] * (np.mgrid[: weight.shape[0], : weight.shape[1]].T.swapaxes(0, 1) + 0.5)).sum(
                (0, 1)
            )
            assert np.abs(seen[::-1] / weight.sum() - (x, y)).max() < 1


@pytest.mark.parametrize("name", GEOMETRY)
def test_a_pair_of_points_changes_places_where_the_picture_is_mirrored_and_only_there(name):
    pipelines = [Pipeline([make_step(name, 64, 96)], seed=1, point_pairs=pairs) for pairs in ((), ((0, 1),))]
    corner = np.array([[40.0, 30], [44, 30], [40, 34]])

    for i in range(20):
        plain, paired = (p(np.zeros((64, 96, 1), np.uint8), points=corner, sample=i).points for p in pipelines)
        mirrored = np.linalg.det(np.diff(plain, axis=0)) * np.linalg.det(np.diff(corner, axis=0)) < 0
        assert np.array_equal(paired, plain[[1, 0, 2]] if mirrored else plain, equal_nan=True)
