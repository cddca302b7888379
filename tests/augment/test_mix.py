"""MixUp and CutMix: pictures, classes, boxes, masks and points are mixed alike."""

import numpy as np
import pytest

from boda.augment import CutMix, Labels, MixUp, Pipeline, RandomFlip
from boda.augment.mix import hide, show
from boda.errors import AugmentError

PATCH = (slice(10, 20), slice(30, 50))  # rows 10 to 20, columns 30 to 50


def flat_batch(n=6, height=20, width=30):
    """Picture i has the value i in each channel, and the one-hot label i."""
    values = np.arange(n, dtype=np.float32)[:, None, None, None]
    return values * np.ones((n, height, width, 3), np.float32), np.eye(n)


def boxes_after(change, box):
    return change(Labels(np.array([box], float)), PATCH).boxes.tolist()


# --- MixUp ---


def test_mixup_blends_pictures_and_labels_by_the_same_weight():
    images, labels = flat_batch()

    done = Pipeline([MixUp(1.0)], seed=0)(images, labels=labels, sample=range(6))

    assert np.ptp(done.image, axis=(1, 2, 3)).max() < 1e-5
    np.testing.assert_allclose(done.image[:, 0, 0, 0], done.labels @ np.arange(6), atol=1e-5)
    np.testing.assert_allclose(done.labels.sum(axis=1), 1, atol=1e-6)
    assert ((done.labels > 0.01).sum(axis=1) == 2).any()


def test_mixup_weights_are_of_a_beta_distribution():
    images, labels = flat_batch(200, 1, 1)

    done = Pipeline([MixUp(0.2)], seed=1)(images, labels=labels, sample=range(200))
    own = np.diag(done.labels)

    assert abs(own.mean() - 0.5) < 0.1
    assert abs(own.std() - np.sqrt(1 / (4 * (2 * 0.2 + 1)))) < 0.05  # variance of Beta(a, a): 1 / (4 (2 a + 1))


def test_the_blend_equals_keras_for_its_weight_and_partner():
    import keras

    images = np.random.default_rng(0).uniform(0, 255, (5, 8, 9, 3)).astype(np.float32)
    done = Pipeline([MixUp(0.5)], seed=3)(images, labels=np.eye(5), sample=range(5))
    weight = np.diag(done.labels)
    partner = np.where(weight < 0.9999999, (done.labels * (1 - np.eye(5))).argmax(axis=1), np.arange(5))
    drawn = {"mix_weight": weight.astype(np.float32), "permutation_order": partner}

    theirs = keras.layers.MixUp().transform_images(images, drawn)

    np.testing.assert_allclose(done.image, np.asarray(theirs), atol=1e-3)


def test_mixup_keeps_the_boxes_masks_points_and_labels_of_both():
    images = np.zeros((2, 20, 30, 3), np.uint8)
    boxes = [[[0, 0, 10, 10]], [[5, 5, 20, 15], [1, 1, 4, 4]]]
    masks = [np.full((1, 20, 30), 1), np.full((2, 20, 30), 2)]
    points = [np.full((1, 3, 2), 1.0), np.full((2, 3, 2), 2.0)]
    pipeline = Pipeline([MixUp()], seed=0)

    given = {"boxes": boxes, "labels": [["a"], ["b", "c"]], "masks": masks, "points": points}
    drawn = [pipeline(images, **given, sample=[i, i + 1]) for i in range(8)]

    mixed = next(done for done in drawn if len(done.boxes[0]) == 3)
    assert mixed.boxes[0].tolist() == [[0, 0, 10, 10], [5, 5, 20, 15], [1, 1, 4, 4]]
    assert mixed.labels[0] == ["a", "b", "c"]
    assert mixed.masks[0].max(axis=(1, 2)).tolist() == [1, 2, 2]
    assert mixed.points[0][:, 0, 0].tolist() == [1, 2, 2]


def test_a_picture_alone_in_its_batch_stays():
    image = np.random.default_rng(0).uniform(0, 255, (1, 8, 9, 3)).astype(np.float32)

    done = Pipeline([MixUp(1.0)], seed=0)(image, labels=np.eye(2)[[1]])

    np.testing.assert_allclose(done.image, image, atol=1e-3)
    np.testing.assert_allclose(done.labels, [[0, 1]], atol=1e-6)


def test_pictures_are_mixed_without_any_labels():
    images, _ = flat_batch()

    assert Pipeline([MixUp(1.0)], seed=0)(images).shape == images.shape


def test_probabilities_of_one_class_are_blended():
    done = Pipeline([MixUp(1.0)], seed=0)(flat_batch(4)[0], labels=np.array([0.0, 1, 0, 1]), sample=range(4))

    assert ((done.labels > 0) & (done.labels < 1)).any()


@pytest.mark.parametrize("labels", [np.arange(6), np.arange(6)[:, None], list("abcdef")])
def test_classes_by_number_are_refused_with_the_remedy(labels):
    with pytest.raises(AugmentError, match=r"MixUp: labels of pictures must be one-hot.*np\.eye\(classes\)\[labels\]"):
        Pipeline([MixUp()])(flat_batch()[0], labels=labels)


def test_masks_of_classes_cannot_be_blended():
    with pytest.raises(AugmentError, match=r"MixUp: masks of class ids \(h, w\) cannot be blended. Use CutMix"):
        Pipeline([MixUp()])(flat_batch()[0], masks=np.zeros((6, 20, 30), int))


def test_points_of_a_whole_picture_cannot_be_mixed():
    with pytest.raises(AugmentError, match=r"CutMix: points must belong to objects, \(n, k, 2\)"):
        Pipeline([CutMix()])(flat_batch()[0], points=np.ones((6, 4, 2)))


def test_a_batch_of_which_some_pictures_have_no_boxes_is_refused():
    with pytest.raises(AugmentError, match=r"all pictures of a batch or none need boxes; picture 1 differs"):
        Pipeline([MixUp()])(flat_batch(2)[0], boxes=[[[0, 0, 5, 5]], None])


def test_a_mask_without_its_box_is_refused():
    given = {"boxes": [[[0, 0, 5, 5]]] * 2, "masks": [np.zeros((2, 20, 30), int)] * 2}

    with pytest.raises(AugmentError, match=r"picture 0 needs one mask and one set of points a box"):
        Pipeline([MixUp()])(flat_batch(2)[0], **given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixUp(0.0), r"MixUp: alpha must be a number above 0"),
        (lambda: CutMix(1.5), r"CutMix: factor must be a number or a pair of numbers from 0 to 1"),
        (lambda: CutMix(min_visible=2), r"CutMix: min_visible must be from 0 to 1"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()


# --- CutMix ---


def test_cutmix_pastes_one_rectangle_and_labels_tell_its_share_of_the_pixels():
    images, labels = flat_batch()

    done = Pipeline([CutMix((1.0, 1.0))], seed=0)(images, labels=labels, sample=range(6))

    for i in range(6):
        pasted = done.image[i, ..., 0] != i
        rows, columns = pasted.any(axis=1).sum(), pasted.any(axis=0).sum()
        assert pasted.sum() == rows * columns
        np.testing.assert_allclose(done.labels[i, i], 1 - pasted.mean(), atol=1e-6)
        assert len(np.unique(done.image[i])) <= 2
    assert (done.image != images).any()


def test_cutmix_pastes_a_rectangle_to_its_own_place():
    ramp = np.arange(600, dtype=np.float32).reshape(1, 20, 30, 1)
    images = np.concatenate([ramp, ramp + 1000])

    done = Pipeline([CutMix((1.0, 1.0))], seed=0)(images, labels=np.eye(2), sample=range(2)).image

    assert np.array_equal(done % 1000, np.concatenate([ramp, ramp]))


def test_cutmix_pastes_masks_of_classes_like_pixels():
    images, _ = flat_batch()
    masks = images[..., 0].astype(np.int64)

    done = Pipeline([CutMix((1.0, 1.0))], seed=0)(images, masks=masks, sample=range(6))

    assert np.array_equal(done.masks, done.image[..., 0])
    assert np.array_equal(masks, images[..., 0])


def test_boxes_and_masks_of_objects_agree_after_cutmix():
    rng = np.random.default_rng(2)
    images, boxes, masks = np.zeros((8, 40, 60, 1), np.float32), [], []
    for image in images:
        (x0, y0), (w, h) = rng.integers(0, 25, 2), rng.integers(8, 15, 2)
        image[y0 : y0 + h, x0 : x0 + w] = 200
        boxes.append([[x0, y0, x0 + w, y0 + h]])
        masks.append(image[None, ..., 0] > 0)

    done = Pipeline([CutMix((1.0, 1.0), min_visible=0.0)], seed=1)(images, boxes=boxes, masks=masks, sample=range(8))

    for image, its_boxes, its_masks in zip(done.image, done.boxes, done.masks, strict=True):
        assert np.array_equal(its_masks.any(axis=0), image[..., 0] > 0)
        for (x0, y0, x1, y1), mask in zip(its_boxes, its_masks, strict=True):
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            assert [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] == [x0, y0, x1, y1]


def test_steps_behind_a_mix_move_the_boxes_of_both():
    images = np.zeros((2, 20, 30, 3), np.uint8)
    boxes = [[[0, 0, 10, 10]], [[5, 5, 20, 15]]]

    done = Pipeline([MixUp(), RandomFlip("horizontal")], seed=0)(images, boxes=boxes, sample=[0, 1])

    for its_boxes in done.boxes:
        for x0, _, x1, _ in its_boxes.tolist():
            assert (x0, x1) in {(0, 10), (20, 30), (5, 20), (10, 25)}


@pytest.mark.parametrize(
    ("box", "left"),
    [
        ([25, 12, 40, 18], [[25, 12, 30, 18]]),  # its right end is covered
        ([40, 10, 60, 20], [[50, 10, 60, 20]]),  # its left end
        ([32, 5, 48, 15], [[32, 5, 48, 10]]),  # its lower end
        ([32, 15, 48, 25], [[32, 20, 48, 25]]),  # its upper end
        ([20, 5, 60, 15], [[20, 5, 60, 15]]),  # a notch in its lower side
        ([20, 12, 60, 18], [[20, 12, 60, 18]]),  # its middle: both ends show
        ([25, 5, 40, 15], [[25, 5, 40, 15]]),  # a corner
        ([0, 0, 10, 10], [[0, 0, 10, 10]]),  # nothing
        ([32, 12, 45, 18], []),  # all of it
        ([30, 10, 50, 20], []),  # all of it, to the border
    ],
)
def test_a_box_is_that_of_what_a_patch_leaves(box, left):
    assert boxes_after(hide, box) == left


@pytest.mark.parametrize(
    ("box", "left"),
    [
        ([25, 12, 40, 18], [[30, 12, 40, 18]]),
        ([20, 5, 60, 25], [[30, 10, 50, 20]]),
        ([32, 12, 45, 18], [[32, 12, 45, 18]]),
        ([0, 0, 30, 10], []),
    ],
)
def test_a_box_is_clipped_to_the_patch_in_which_its_picture_shows(box, left):
    assert boxes_after(show, box) == left


def test_what_shows_too_little_is_dropped_with_all_that_belongs_to_it():
    objects = Labels(
        np.array([[31.0, 10, 51, 20], [0, 0, 10, 10]]),
        ["hidden", "seen"],
        np.ones((2, 30, 60), int),
        np.ones((2, 1, 2)),
    )

    left = hide(objects, PATCH, 0.1)

    assert left.boxes.tolist() == [[0, 0, 10, 10]]
    assert left.labels == ["seen"]
    assert left.masks.shape == (1, 30, 60)
    assert left.points.shape == (1, 1, 2)


def test_points_show_either_beside_the_patch_or_in_it():
    points = np.array([[[40.0, 15.0], [5.0, 15.0], [50.0, 15.0]]])

    hidden, shown = (change(Labels(points=points), PATCH).points for change in (hide, show))

    assert np.isnan(hidden[0, :, 0]).tolist() == [True, False, False]
    assert np.isnan(shown[0, :, 0]).tolist() == [False, True, True]
