import numpy as np
import pytest

from boda.augment import CenterCrop, Pipeline, RandomCrop
from boda.errors import AugmentError

PHOTO = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)


def share_inside(box, window):
    """Of a box's area, the share inside a window, both x0, y0, x1, y1."""
    low, high = np.maximum(box[:2], window[:2]), np.minimum(box[2:], window[2:])
    return np.maximum(high - low, 0).prod() / np.subtract(box[2:], box[:2]).prod()


def window_of(pipeline, image, boxes, sample):
    """The window that was cut, x0, y0, x1, y1."""
    (move,) = pipeline.draw(image.shape, pipeline_labels(boxes), sample=sample)
    left, top = -move.matrix[0, 2], -move.matrix[1, 2]
    return np.array([left, top, left + move.size[1], top + move.size[0]])


def pipeline_labels(boxes):
    from boda.augment import Labels

    return Labels(boxes=boxes)


def test_a_random_crop_gives_each_window_and_no_other():
    pipeline = Pipeline([RandomCrop(7, 10)], seed=0)
    wanted = {PHOTO[i : i + 7, j : j + 10].astype(np.float32).tobytes() for i in range(3) for j in range(4)}

    drawn = {pipeline(PHOTO, sample=i).tobytes() for i in range(200)}

    assert drawn == wanted


def test_the_layer_of_keras_gives_the_same_windows():
    import keras

    layer = keras.layers.RandomCrop(7, 10, seed=1)
    wanted = {PHOTO[i : i + 7, j : j + 10].astype(np.float32).tobytes() for i in range(3) for j in range(4)}

    assert {np.asarray(layer(PHOTO, training=True), np.float32).tobytes() for _ in range(100)} == wanted


def test_a_side_that_just_fits_leaves_the_other_to_chance():
    pipeline = Pipeline([RandomCrop(9, 10)], seed=0)

    assert {pipeline.draw(PHOTO.shape, sample=i)[0].matrix[0, 2] for i in range(60)} == {0, -1, -2, -3}


def test_a_picture_that_is_too_small_is_cut_to_the_windows_shape_and_enlarged():
    image = np.zeros((10, 30, 1), np.uint8)
    image[:, 10:20] = 200  # the middle square

    cropped = Pipeline([RandomCrop(20, 20)], seed=0)(image, boxes=[[10, 0, 20, 10]])

    assert cropped.boxes.tolist() == [[0, 0, 20, 20]]
    assert (cropped.image[:, 1:-1] == 200).all()


@pytest.mark.parametrize("size", [(5, 7), (4, 6), (9, 13), (1, 1)])
def test_the_middle_is_that_of_the_layer_of_keras(size):
    import keras

    reference = np.asarray(keras.layers.CenterCrop(*size)(PHOTO))

    assert np.array_equal(Pipeline([CenterCrop(*size)])(PHOTO), reference)


@pytest.mark.parametrize("size", [(20, 20), (12, 6), (30, 9)])
def test_a_small_picture_becomes_that_of_the_layer_of_keras_but_for_the_windows_border(size):
    import keras

    image = np.random.default_rng(1).uniform(0, 255, (16, 24, 3)).astype(np.float32)
    reference = np.asarray(keras.layers.CenterCrop(*size)(image))
    margin = int(np.ceil(max(size[0] / 16, size[1] / 24)))

    ours = Pipeline([CenterCrop(*size)])(image)

    assert np.abs(ours - reference)[margin:-margin, margin:-margin].max() < 0.002


def test_no_object_is_cut_below_the_share_that_was_asked_for():
    boxes = np.array([[10.0, 10, 30, 30], [60, 40, 90, 70], [35, 5, 45, 15]])
    image, pipeline = np.zeros((80, 100, 1), np.uint8), Pipeline([RandomCrop(48, 64, min_object_share=0.7)], seed=0)

    windows = [window_of(pipeline, image, boxes, i) for i in range(200)]

    shares = np.array([[share_inside(box, window) for box in boxes] for window in windows])
    assert ((shares == 0) | (shares >= 0.7 - 1e-9)).all()
    assert len({tuple(window) for window in windows}) > 50  # it is still a crop by chance


def test_without_a_share_objects_are_cut_anywhere():
    boxes = np.array([[10.0, 10, 30, 30]])
    image, pipeline = np.zeros((80, 100, 1), np.uint8), Pipeline([RandomCrop(48, 64)], seed=0)

    shares = np.array([share_inside(boxes[0], window_of(pipeline, image, boxes, i)) for i in range(100)])

    assert ((shares > 0) & (shares < 0.7)).any()


def test_where_no_window_keeps_the_share_the_object_is_cut_least():
    boxes = np.array([[20.0, 0, 80, 10]])  # 60 wide, the window 30
    image, pipeline = np.zeros((10, 100, 1), np.uint8), Pipeline([RandomCrop(10, 30, min_object_share=0.9)], seed=0)

    shares = [share_inside(boxes[0], window_of(pipeline, image, boxes, i)) for i in range(20)]

    assert shares == [0.5] * 20


def test_the_guard_knows_where_earlier_steps_moved_the_objects():
    from boda.augment import RandomTranslation

    shifted = RandomTranslation((0, 0), (0.5, 0.5), fill_mode="constant")
    image, boxes = np.zeros((40, 100, 1), np.uint8), np.array([[10.0, 10, 30, 30]])
    pipeline = Pipeline([shifted, RandomCrop(40, 30, min_object_share=1.0)], seed=0, min_visible=0.0)

    kept = [pipeline(image, boxes=boxes, sample=i).boxes for i in range(40)]

    assert {(box[0, 2] - box[0, 0]).round(6) for box in kept if len(box)} == {20.0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CenterCrop(0, 5), "CenterCrop: height must be a whole number of pixels from 1. Received: height=0"),
        (lambda: RandomCrop(5, 2.5), "RandomCrop: width must be a whole number"),
        (lambda: RandomCrop(5, 5, 1.5), "min_object_share must be from 0 to 1"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
