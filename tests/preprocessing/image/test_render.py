import numpy as np
import pytest
from PIL import Image, ImageEnhance

from boda.preprocessing.image.render import Rendering, brighten, render


@pytest.mark.parametrize("brightness", [0.0, 0.1, 0.5, 0.77, 0.999, 1.0, 1.2, 1.255, 2.5, 300.0])
def test_brightness_is_pillows_for_every_value(brightness):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    wanted = np.asarray(ImageEnhance.Brightness(Image.fromarray(values[..., 0])).enhance(brightness))
    out = np.empty((16, 16, 1), np.float32)

    render(values, {"brightness": brightness}, Rendering(), out)

    np.testing.assert_array_equal(out[..., 0], wanted)


def test_brightness_below_0_is_black():
    out = np.empty((1, 1, 3), np.float32)

    render(np.full((1, 1, 3), 9, np.uint8), {"brightness": -1.0}, Rendering(), out)

    assert not out.any()


def test_a_picture_that_leaves_0_to_255_comes_back_to_its_range():
    picture = np.array([[[-100.0], [155.0], [410.0]]], np.float32)

    np.testing.assert_allclose(brighten(picture, 1.0)[..., 0], [[-100, 154, 410]], atol=1)


def test_the_source_is_not_written_into():
    picture = np.full((4, 4, 3), 100, np.float32)
    out = np.empty((4, 4, 3), np.float32)

    render(picture, {"channel_shift_intensity": 5.0, "theta": 5}, Rendering(scale=0.5), out)

    assert (picture == 100).all()
