import io

import numpy as np
import pytest
from PIL import Image

from boda.data.box_view import FILL, BoxView
from boda.errors import ImageError
from boda.sample import Sample

WIDE = np.full((30, 60, 3), (200, 100, 50), np.uint8)


def test_a_squashed_picture_fills_the_view():
    seen = BoxView(32, "squash").see(Sample("wide", WIDE))

    assert (seen.pixels == (200, 100, 50)).all()
    assert (seen.width, seen.height) == (60, 30)


def test_a_letterboxed_picture_has_grey_around_it():
    seen = BoxView(32, "letterbox").see(Sample("wide", WIDE))

    assert seen.pixels.shape == (32, 32, 3)
    assert (seen.pixels[8:24] == (200, 100, 50)).all()
    assert (seen.pixels[:8] == FILL).all()
    assert (seen.pixels[24:] == FILL).all()


@pytest.mark.parametrize("resize", ["squash", "letterbox"])
@pytest.mark.parametrize("size", [(61, 30), (30, 61), (5, 700), (640, 480), (1, 1)])
def test_boxes_go_there_and_back_unchanged(resize, size):
    place = BoxView(320, resize).place(*size)
    boxes = np.array([[0.0, 0.0, *size], [0.25 * size[0], 0.5 * size[1], 0.75 * size[0], size[1]]])

    np.testing.assert_allclose(place.to_picture(place.to_canvas(boxes)), boxes, atol=1e-9)


def test_a_painted_object_is_where_its_box_says():
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[20:80, 60:180] = 255
    seen = BoxView(150, "letterbox").see(Sample("painted", picture))
    x0, y0, x1, y1 = np.rint(seen.place.to_canvas(np.array([[60.0, 20, 180, 80]]))[0]).astype(int)
    lit = np.argwhere(seen.pixels[..., 0] > 200)

    assert [*lit.min(axis=0)[::-1], *(lit.max(axis=0)[::-1] + 1)] == [x0, y0, x1, y1]


def test_a_file_that_exif_turns_is_seen_as_displayed(tmp_path):
    image, exif = Image.fromarray(WIDE), Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    seen = BoxView(32, "letterbox").see(Sample("turned", tmp_path / "turned.jpg"))

    assert (seen.width, seen.height) == (30, 60)
    assert (seen.pixels[:, :8] == FILL).all()


def test_a_file_and_its_pixels_are_seen_alike(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(WIDE).save(buffer, "PNG")
    (tmp_path / "wide.png").write_bytes(buffer.getvalue())
    view = BoxView(40, "letterbox")

    np.testing.assert_array_equal(
        view.see(Sample("file", tmp_path / "wide.png")).pixels, view.see(Sample("array", WIDE)).pixels
    )


def test_a_damaged_file_is_an_error(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"")

    with pytest.raises(ImageError, match="empty file"):
        BoxView(32).see(Sample("bad", tmp_path / "bad.jpg"))


@pytest.mark.parametrize("arguments", [(0, "squash"), (32, "crop")])
def test_a_view_that_would_lose_boxes_is_refused(arguments):
    with pytest.raises(ValueError, match="a view of boxes has a size of 1 or more, and squash or letterbox"):
        BoxView(*arguments)
