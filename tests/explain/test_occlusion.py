"""Occlusion: what a class loses when a place is covered."""

import numpy as np

from boda.explain.occlusion import covered, occlude, windows


def test_windows_lie_around_the_cells_and_are_cut_off_at_the_edge():
    boxes = windows(70, grid=7, span=3)

    assert len(boxes) == 49
    assert boxes[0] == (0, 0, 20, 20)
    assert boxes[8] == (0, 0, 30, 30)
    assert boxes[24] == (20, 20, 50, 50)
    assert boxes[-1] == (50, 50, 70, 70)


def test_windows_go_row_by_row():
    assert windows(4, grid=2, span=1)[1] == (2, 0, 4, 2)


def test_together_the_windows_cover_every_pixel():
    seen = np.zeros((224, 224), bool)
    for x0, y0, x1, y1 in windows(224):
        seen[y0:y1, x0:x1] = True

    assert seen.all()


def test_a_window_has_the_mean_colour_of_the_picture_and_the_rest_stays():
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2] = (100, 50, 20)
    before = pixels.copy()

    (copy,) = covered(pixels, [(0, 0, 1, 1)])

    assert copy[0, 0].tolist() == [50, 25, 10]
    assert (copy[0, 1:] == pixels[0, 1:]).all()
    assert (pixels == before).all()


def brightest(pictures):
    """A network that counts white pixels for class 1, and always gives class 0 the same."""
    return np.array([[5.0, (p > 200).all(axis=2).sum()] for p in pictures])


def test_the_fall_is_greatest_where_the_class_stands():
    pixels = np.zeros((70, 70, 3), np.uint8)
    pixels[22:28, 42:48] = 255

    seen = occlude(brightest, pixels, 1, grid=7, span=1)

    assert seen.falls[2, 4] == 36
    assert np.count_nonzero(seen.falls) == 1


def test_a_class_that_does_not_look_falls_nowhere():
    seen = occlude(brightest, np.full((70, 70, 3), 255, np.uint8), 0)

    assert (seen.falls == 0).all()
    assert seen.logits.shape == (7, 7, 2)
