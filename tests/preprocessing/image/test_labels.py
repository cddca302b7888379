import numpy as np
import pytest

from boda.errors import AugmentError
from boda.preprocessing.image import ImageDataGenerator
from boda.preprocessing.image.labels import check_boxes, fit_boxes

MOVES = {
    "rotation_range": 25,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 15,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "vertical_flip": True,
    "fill_mode": "constant",
}
H, W = 90, 120


def painted(n):
    """White rectangles on black, with their boxes and masks."""
    rng = np.random.default_rng(1)
    pictures, boxes = np.zeros((n, H, W, 1), np.uint8), []
    for picture in pictures:
        x, y = rng.integers(35, 60), rng.integers(25, 40)
        w, h = rng.integers(15, 30, 2)
        picture[y : y + h, x : x + w] = 255
        boxes.append(np.array([[x, y, x + w, y + h]], float))
    return pictures, boxes, (pictures[..., 0] > 0).astype(np.uint8)


def extent(picture):
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def test_boxes_lie_where_the_picture_shows_them():
    pictures, boxes, _ = painted(30)
    flow = ImageDataGenerator(**MOVES).flow(pictures, boxes=boxes, batch_size=30, seed=1)
    x, y = next(flow)

    for picture, moved in zip(x, y["boxes"], strict=True):
        if extent(picture[..., 0] > 0)[0] > 0 and len(moved):
            np.testing.assert_allclose(moved[0], extent(picture[..., 0] > 127), atol=1.3)


@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap", "mirror"])
def test_masks_agree_with_their_pictures(fill_mode):
    pictures, _, masks = painted(10)
    x, moved = next(ImageDataGenerator(**{**MOVES, "fill_mode": fill_mode}).flow(pictures, masks=masks, seed=1))

    assert moved.dtype == np.uint8
    sure = np.abs(x[..., 0] - 127.5) > 127  # where no border runs through the pixel
    np.testing.assert_array_equal(moved[sure] > 0, x[..., 0][sure] > 127)


def test_the_constant_of_pictures_is_none_of_masks():
    masks = np.ones((1, 4, 4, 2), np.int32)
    generator = ImageDataGenerator(width_shift_range=[2], fill_mode="constant", cval=200)
    _, moved = next(generator.flow(np.zeros((1, 4, 4, 1)), masks=masks, seed=1))

    assert moved.shape == (1, 4, 4, 2)
    assert set(np.unique(moved)) == {0, 1}


def test_targets_are_named_where_there_are_several():
    pictures, boxes, masks = painted(3)
    generator = ImageDataGenerator()

    _, y, weights = next(generator.flow(pictures, [5, 6, 7], sample_weight=[1, 2, 3], boxes=boxes, masks=masks))

    assert sorted(y) == ["boxes", "labels", "masks"]
    assert len(weights) == 3


def test_what_belongs_to_a_box_goes_and_stays_with_it():
    boxes = [[[0, 0, 2, 2, 7], [6, 0, 8, 2, 9]]]
    generator = ImageDataGenerator(horizontal_flip=True)
    seed = next(seed for seed in range(9) if generator.get_random_transform((8, 8, 1), seed)["flip_horizontal"])
    np.random.seed(seed)  # noqa: NPY002 - as a user of Keras does
    _, y = generator.flow(np.zeros((1, 8, 8, 1)), boxes=boxes, shuffle=False)[0]

    assert y["boxes"][0].tolist() == [[6, 0, 8, 2, 7], [0, 0, 2, 2, 9]]


@pytest.mark.parametrize(("min_visible", "kept"), [(0.2, 1), (0.3, 0)])
def test_boxes_that_hardly_show_are_dropped(min_visible, kept):
    generator = ImageDataGenerator(zoom_range=(0.5, 0.5))  # of the box, a quarter stays in sight
    flow = generator.flow(np.zeros((1, 40, 40, 1)), boxes=[[[5, 5, 15, 15]]], min_visible=min_visible)

    assert len(next(flow)[1]["boxes"][0]) == kept


def test_boxes_do_not_change_the_pictures(smooth):
    pictures = smooth(4, 20, 20, 3)
    generator = ImageDataGenerator(**MOVES)
    plain = next(generator.flow(pictures, seed=2))
    x, _ = next(generator.flow(pictures, seed=2, boxes=[[[1, 1, 9, 9]]] * 4))

    np.testing.assert_array_equal(x, plain)


def test_boxes_shrink_with_their_picture():
    assert fit_boxes(np.array([[10.0, 20, 30, 40]]), (100, 200), (50, 50), crop=False).tolist() == [[5, 5, 15, 10]]


def test_boxes_of_a_cut_picture_begin_at_the_cut():
    assert fit_boxes(np.array([[10.0, 60, 30, 80]]), (100, 200), (50, 50), crop=True).tolist() == [[5, 5, 15, 15]]


@pytest.mark.parametrize(
    ("boxes", "message"), [([[1, 2, 3]], r"boxes of a.jpg must be \(n, 4\)"), ([[5, 0, 1, 9]], "x0 <= x1 and y0 <= y1")]
)
def test_boxes_that_are_none_are_refused(boxes, message):
    with pytest.raises(AugmentError, match=message):
        check_boxes(boxes, "a.jpg")
