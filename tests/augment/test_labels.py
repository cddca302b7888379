import numpy as np
import pytest

from boda.augment import Labels, affine
from boda.augment.effects import Move
from boda.augment.labels import Following, check_labels, follow, move_boxes, move_masks, move_points
from boda.errors import AugmentError

STILL = Move(np.eye(3), (40, 60))
TURN = Move(affine.about(affine.rotation(0.125), 30, 20), (40, 60))


def bent(size=(40, 60), horizon=30.0):
    """A perspective whose horizon stands at x = `horizon`."""
    matrix = np.eye(3)
    matrix[2, 0] = -1 / horizon
    return Move(matrix, size)


def test_a_turned_box_is_that_of_its_corners():
    boxes, visible = move_boxes(np.array([[25.0, 15, 35, 25]]), [TURN])

    half = 5 * np.sqrt(2)
    np.testing.assert_allclose(boxes, [[30 - half, 20 - half, 30 + half, 20 + half]])
    np.testing.assert_allclose(visible, [1])


def test_a_turned_ellipse_is_tighter():
    boxes, _ = move_boxes(np.array([[25.0, 15, 35, 25]]), [TURN], ellipse=True)

    np.testing.assert_allclose(boxes, [[25, 15, 35, 25]], atol=0.01)  # a circle stays as it is


def test_the_box_of_what_shows_is_tighter_than_that_of_the_clipped_corners():
    diamond = Move(affine.about(affine.rotation(0.125), 0, 20), (40, 60))

    boxes, visible = move_boxes(np.array([[-10.0, 10, 10, 30]]), [diamond])

    half = 10 * np.sqrt(2)
    np.testing.assert_allclose(boxes, [[0, 20 - half, half, 20 + half]])
    np.testing.assert_allclose(visible, [0.5])


def test_a_box_is_clipped_by_each_frame_on_the_way():
    away, back = Move(affine.shift(50, 0), (40, 60)), Move(affine.shift(-50, 0), (40, 60))

    boxes, visible = move_boxes(np.array([[0.0, 0, 20, 10]]), [away, back])

    assert boxes.tolist() == [[0, 0, 10, 10]]
    assert visible.tolist() == [0.5]


def test_a_box_larger_than_the_picture_is_clipped_to_it_before_it_moves():
    boxes, visible = move_boxes(np.array([[-20.0, 0, 30, 40]]), [Move(affine.shift(20, 0), (40, 60))], (40, 60))

    assert boxes.tolist() == [[20, 0, 50, 40]]  # what lay beyond the picture was not in it
    assert visible.tolist() == [0.6]


def test_a_box_before_and_behind_the_horizon_shows_the_part_before_it():
    boxes, visible = move_boxes(np.array([[10.0, 5, 50, 10]]), [bent()])

    np.testing.assert_allclose(boxes, [[15, 7.5, 60, 30]], atol=1e-9)
    assert 0 < visible[0] < 0.1


def test_a_box_behind_the_horizon_does_not_show():
    _, visible = move_boxes(np.array([[40.0, 5, 50, 10]]), [bent()])

    assert visible.tolist() == [0]


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ([5, 5, 5, 5], True),  # no area, inside
        ([5, 5, 5, 15], True),
        ([70, 5, 70, 5], False),  # no area, outside
        ([70, 5, 80, 15], False),
        ([60, 5, 80, 15], False),  # touches the frame from outside
        ([-100, -100, 200, 200], True),  # larger than the picture
    ],
)
@pytest.mark.parametrize("moves", [[STILL], [STILL, STILL]])
def test_odd_boxes_are_kept_or_dropped(box, kept, moves):
    done = follow(Labels(boxes=np.array([box], float)), moves, Following(min_visible=0.0), (40, 60))

    assert len(done.boxes) == kept


def test_a_turned_box_without_area_is_kept():
    done = follow(Labels(boxes=np.array([[30.0, 10, 30, 30]])), [TURN], Following(min_visible=0.5), (40, 60))

    half = 10 / np.sqrt(2)
    np.testing.assert_allclose(done.boxes, [[30 - half, 20 - half, 30 + half, 20 + half]])


@pytest.mark.parametrize(("least", "kept"), [(0.0, [0, 1]), (0.24, [0, 1]), (0.26, [0])])
def test_a_box_that_shows_less_than_asked_for_is_dropped_with_all_that_is_its_own(least, kept):
    given = Labels(
        boxes=np.array([[0.0, 0, 10, 10], [45, 0, 65, 10]]),
        labels=["cat", "dog"],
        masks=np.arange(2, dtype=np.uint8)[:, None, None] * np.ones((2, 40, 60), np.uint8),
        points=np.arange(4.0).reshape(2, 1, 2),
    )

    done = follow(given, [Move(affine.shift(10, 0), (40, 60))], Following(min_visible=least), (40, 70))

    assert done.kept.tolist() == kept
    assert done.labels == ["cat", "dog"][: len(kept)]
    assert len(done.boxes) == len(done.masks) == len(done.points) == len(kept)


def test_a_pictures_own_label_is_not_taken_for_a_boxs():
    given = Labels(boxes=np.array([[70.0, 0, 80, 10]]), labels="street")

    assert follow(given, [STILL], Following(), (40, 60)).labels == "street"


def test_boxes_of_masks_hug_what_is_left_of_them():
    mask = np.zeros((2, 40, 60), bool)
    mask[0, 5:9, 10:20] = True
    given = Labels(boxes=np.array([[8.0, 4, 30, 12], [0, 0, 5, 5]]), masks=mask)

    done = follow(given, [STILL], Following(box_shape="mask"), (40, 60))

    assert done.boxes.tolist() == [[10, 5, 20, 9], [0, 0, 5, 5]]  # the second was given no mask to speak of


def test_an_object_whose_mask_left_the_picture_is_dropped_though_a_corner_of_its_box_is_there():
    mask = np.zeros((1, 40, 60), bool)
    mask[0, 5:9, 10:20] = True
    given = Labels(boxes=np.array([[8.0, 4, 40, 12]]), masks=mask)

    done = follow(given, [Move(affine.shift(-25, 0), (40, 60))], Following(box_shape="mask"), (40, 60))

    assert len(done.boxes) == 0


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.int64])
def test_masks_of_any_whole_dtype_move_by_whole_pixels(dtype):
    masks = np.random.default_rng(0).integers(0, 2, (3, 40, 60)).astype(dtype)

    moved = move_masks(masks, [Move(affine.shift(7, -3), (40, 60))])

    assert moved.dtype == dtype
    assert np.array_equal(moved[:, :-3, 7:], masks[:, 3:, :-7])
    assert not moved[:, -3:].any()
    assert not moved[:, :, :7].any()


def test_no_masks_stay_none_of_the_new_size():
    assert move_masks(np.zeros((0, 40, 60), np.uint8), [Move(np.eye(3), (5, 6))]).shape == (0, 5, 6)


def test_a_mask_is_cut_by_each_frame_on_the_way():
    away, back = Move(affine.shift(50, 0), (40, 60)), Move(affine.shift(-50, 0), (40, 60))

    moved = move_masks(np.ones((40, 60), np.uint8), [away, back])

    assert moved[:, :10].all()
    assert not moved[:, 10:].any()


def test_points_outside_are_nan_and_those_that_are_stay_so():
    points = np.array([[10.0, 10], [55, 10], [np.nan, np.nan], [-1, 5]])

    moved = move_points(points, [Move(affine.shift(10, 0), (40, 60))], frame=(40, 60))

    np.testing.assert_equal(moved, [[20, 10], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2])


def test_a_point_behind_the_horizon_is_nan():
    moved = move_points(np.array([[10.0, 5], [45, 5]]), [bent()])

    np.testing.assert_allclose(moved, [[15, 7.5], [np.nan, np.nan]])


def test_pairs_change_places_within_each_object():
    points = np.arange(12.0).reshape(2, 3, 2)

    moved = move_points(points, [Move(affine.flip_across(60), (40, 60))], ((0, 2),))

    np.testing.assert_allclose(moved[..., 0], 60 - points[:, ::-1, 0])


def test_nothing_is_written_into_what_was_given():
    given = Labels(np.array([[1.0, 2, 3, 4]]), masks=np.ones((40, 60), np.uint8), points=np.array([[99.0, 1]]))

    follow(given, [TURN], Following(), (40, 60))

    assert given.boxes.tolist() == [[1, 2, 3, 4]]
    assert given.masks.all()
    assert given.points.tolist() == [[99, 1]]


@pytest.mark.parametrize("empty", [[], np.zeros((0, 4)), np.zeros(0)])
def test_no_boxes_are_no_boxes(empty):
    given = check_labels(Labels(boxes=empty), 40, 60)

    done = follow(given, [TURN], Following(), (40, 60))

    assert done.boxes.shape == (0, 4)
    assert done.kept.shape == (0,)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (Labels(boxes=[[1, 2, 3]]), r"boxes must be \(n, 4\) of x0, y0, x1, y1 in pixels. Received: \(1, 3\)"),
        (Labels(boxes=[[0, 0, 1, 1], [5, 0, 3, 1]]), r"boxes\[1\] = \[5.0, 0.0, 3.0, 1.0\] is inverted or not finite"),
        (Labels(boxes=[[0, 0, np.nan, 1]]), r"boxes\[0\] = .* is inverted or not finite"),
        (Labels(masks=np.zeros((60, 40))), r"masks must be \(40, 60\) or \(n, 40, 60\), as the picture"),
        (Labels(points=[1, 2]), r"points must be \(k, 2\) or \(n, k, 2\)"),
    ],
)
def test_a_label_that_does_not_fit_is_named(labels, message):
    with pytest.raises(AugmentError, match=message):
        check_labels(labels, 40, 60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"box_shape": "circle"}, "box_shape must be 'corners', 'ellipse' or 'mask'"),
        ({"min_visible": 1.5}, "min_visible must be from 0 to 1"),
    ],
)
def test_a_way_of_following_that_does_not_exist_is_named(arguments, message):
    with pytest.raises(AugmentError, match=message):
        Following(**arguments)
