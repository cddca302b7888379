"""Mosaic: four pictures meet at a point, and what belongs to them goes with them."""

import numpy as np
import pytest

from boda.augment import Mosaic, Pipeline
from boda.errors import AugmentError

SIZE = 40


def painted(n=6):
    """Picture i is grey 10 i, with a bright square of its own somewhere; boxes, and their number as label."""
    images, boxes = np.zeros((n, SIZE, SIZE, 3), np.float32), []
    for i in range(n):
        rng = np.random.default_rng(i)
        images[i] = 10 * i
        x, y = (int(at) for at in rng.integers(0, SIZE - 12, 2))
        images[i, y : y + 12, x : x + 12] = 200 + i
        boxes.append(np.array([[x, y, x + 12, y + 12]], float))
    return images, boxes, [[i] for i in range(n)]


def test_each_box_lies_on_what_shows_of_its_square():
    images, boxes, labels = painted()
    done = Pipeline([Mosaic(min_visible=0.0)], seed=1)(images, boxes=boxes, labels=labels, sample=range(6))

    for image, found, names in zip(done.image, done.boxes, done.labels, strict=True):
        for (x0, y0, x1, y1), name in zip(found.astype(int).tolist(), names, strict=True):
            assert (image[y0:y1, x0:x1, 0] == 200 + name).all()
        squares = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in found.tolist())
        assert squares == (image[..., 0] >= 200).sum()


def test_four_pictures_meet_at_one_point_away_from_the_edges():
    images = np.arange(9, dtype=np.float32)[:, None, None, None] * np.ones((9, SIZE, SIZE, 1), np.float32)
    done = Pipeline([Mosaic(center=0.3)], seed=2)(images, sample=range(9))

    across = [int((image[0] == i).sum()) for i, image in enumerate(done[..., 0]) if image[0, -1] != i]
    assert [image[0, 0] for image in done[..., 0]] == list(range(9))
    assert len(across) > 4
    assert 0.3 * SIZE <= min(across) < max(across) <= 0.7 * SIZE


def test_the_picture_itself_shows_its_lower_right_part_above_and_left():
    image = np.arange(SIZE * SIZE, dtype=np.float32).reshape(1, SIZE, SIZE, 1)
    (done,) = Pipeline([Mosaic()], seed=3)(image, sample=[0])

    y, x = np.argwhere(done[..., 0] == image[0, -1, -1, 0])[0]
    np.testing.assert_array_equal(done[: y + 1, : x + 1], image[0, SIZE - y - 1 :, SIZE - x - 1 :])


def test_labels_of_pictures_are_blended_by_area():
    images = np.arange(5, dtype=np.float32)[:, None, None, None] * np.ones((5, SIZE, SIZE, 1), np.float32)
    done = Pipeline([Mosaic()], seed=4)(images, labels=np.eye(5), sample=range(5))

    np.testing.assert_allclose(done.image.mean(axis=(1, 2, 3)), done.labels @ np.arange(5), atol=1e-4)


def test_masks_of_classes_and_of_objects_go_with_their_pixels():
    images, boxes, labels = painted()
    single = [(image[None, ..., 0] >= 200).astype(np.uint8) for image in images]
    classes = np.stack([mask[0] * (i + 1) for i, mask in enumerate(single)])
    of_objects = Pipeline([Mosaic(min_visible=0.0)], seed=1)(
        images, boxes=boxes, labels=labels, masks=single, sample=range(6)
    )
    of_pixels = Pipeline([Mosaic()], seed=1)(images, masks=classes, sample=range(6))

    for image, masks, ids in zip(of_objects.image, of_objects.masks, of_pixels.masks, strict=True):
        np.testing.assert_array_equal(np.any(masks, axis=0), image[..., 0] >= 200)
        np.testing.assert_array_equal(ids, np.where(image[..., 0] >= 200, image[..., 0] - 199, 0))


def test_points_go_with_their_object_and_are_lost_where_it_is_hidden():
    images, boxes, labels = painted()
    corners = [box[:, None, :2].copy() for box in boxes]
    done = Pipeline([Mosaic(min_visible=1.0)], seed=1)(
        images, boxes=boxes, labels=labels, points=corners, sample=range(6)
    )

    for found, points in zip(done.boxes, done.points, strict=True):
        np.testing.assert_array_equal(points[:, 0], found[:, :2])


def test_a_share_of_the_pictures_stays_as_it_is():
    images, boxes, labels = painted()
    done = Pipeline([Mosaic(rate=0.0)], seed=1)(images, boxes=boxes, labels=labels, sample=range(6))

    np.testing.assert_array_equal(done.image, images)
    assert [found.tolist() for found in done.boxes] == [box.tolist() for box in boxes]


def test_boxes_of_which_little_shows_are_dropped():
    images, boxes, labels = painted()
    few, all_ = (
        Pipeline([Mosaic(min_visible=least)], seed=1)(images, boxes=boxes, labels=labels, sample=range(6))
        for least in (0.9, 0.0)
    )

    assert sum(map(len, few.boxes)) < sum(map(len, all_.boxes))


def test_a_center_beyond_the_middle_is_refused():
    with pytest.raises(AugmentError, match=r"center must be above 0 to 0.5"):
        Mosaic(center=0.7)
