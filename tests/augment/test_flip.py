import numpy as np
import pytest

from boda.augment import Pipeline, RandomFlip
from boda.errors import AugmentError

PHOTO = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
MIRRORED = {
    "horizontal": [PHOTO, PHOTO[:, ::-1]],
    "vertical": [PHOTO, PHOTO[::-1]],
    "horizontal_and_vertical": [PHOTO, PHOTO[:, ::-1], PHOTO[::-1], PHOTO[::-1, ::-1]],
}


@pytest.mark.parametrize("mode", MIRRORED)
def test_a_flip_gives_each_mirrored_picture_and_no_other(mode):
    pipeline = Pipeline([RandomFlip(mode)], seed=0)
    wanted = {picture.astype(np.float32).tobytes() for picture in MIRRORED[mode]}

    drawn = {pipeline(PHOTO, sample=i).tobytes() for i in range(40)}

    assert drawn == wanted


@pytest.mark.parametrize("mode", MIRRORED)
def test_a_flip_gives_the_pictures_that_the_layer_of_keras_gives(mode):
    import keras

    layer, pipeline = keras.layers.RandomFlip(mode, seed=1), Pipeline([RandomFlip(mode)], seed=0)
    reference = {np.asarray(layer(PHOTO, training=True), np.float32).tobytes() for _ in range(40)}

    ours = {pipeline(PHOTO, sample=i).tobytes() for i in range(40)}

    assert reference <= ours  # of both flips, Keras draws neither or both
    assert len(ours) == len(MIRRORED[mode])


def test_a_flip_is_drawn_half_of_the_time():
    pipeline = Pipeline([RandomFlip("horizontal")], seed=0)

    flipped = sum(bool(pipeline.draw((5, 7, 3), sample=i)) for i in range(1000))

    assert 440 < flipped < 560


def test_boxes_masks_and_points_are_mirrored_and_pairs_change_places():
    pipeline = Pipeline([RandomFlip("horizontal")], seed=0, point_pairs=((0, 1),))
    sample = next(i for i in range(20) if pipeline.draw((5, 7, 3), sample=i))
    mask = np.zeros((5, 7), np.uint8)
    mask[1, 0] = 4

    done = pipeline(PHOTO, boxes=[[0, 1, 2, 3]], masks=mask, points=[[0.5, 1.5], [2.5, 1.5], [3.5, 0]], sample=sample)

    assert done.boxes.tolist() == [[5, 1, 7, 3]]
    assert np.argwhere(done.masks == 4).tolist() == [[1, 6]]
    assert done.points.tolist() == [[4.5, 1.5], [6.5, 1.5], [3.5, 0]]


def test_two_flips_leave_pairs_where_they_are():
    pipeline = Pipeline([RandomFlip("horizontal_and_vertical")], seed=0, point_pairs=((0, 1),))
    sample = next(i for i in range(40) if pipeline(PHOTO, sample=i)[0, 0].tolist() == PHOTO[-1, -1].tolist())

    done = pipeline(PHOTO, points=[[0, 0], [1, 0]], sample=sample)

    assert done.points.tolist() == [[7, 5], [6, 5]]


def test_another_mode_is_refused():
    with pytest.raises(AugmentError, match=r"RandomFlip: mode must be one of horizontal, .* Received: mode='left'"):
        RandomFlip("left")
