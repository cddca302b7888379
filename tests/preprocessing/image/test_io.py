import io

import numpy as np
import pytest
from PIL import Image

from boda.preprocessing.image import array_to_img, img_to_array, load_img, save_img, smart_resize


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_array_goes_to_a_picture_and_back(smooth, channels):
    pixels = smooth(1, 5, 7, channels)[0]

    image = array_to_img(pixels, scale=False)

    assert image.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    np.testing.assert_array_equal(img_to_array(image), pixels.astype(np.float32))


def test_channels_first_is_turned_both_ways(smooth):
    pixels = np.moveaxis(smooth(1, 5, 7, 3)[0], 2, 0)

    image = array_to_img(pixels, "channels_first", scale=False)

    np.testing.assert_array_equal(img_to_array(image, "channels_first"), pixels)


def test_scaling_stretches_to_0_to_255():
    assert np.asarray(array_to_img(np.array([[[-1.0], [0.0], [1.0]]]))).tolist() == [[0, 127, 255]]


def test_deep_grey_stays_deep():
    assert array_to_img(np.array([[[70000.0]]]), scale=False).mode == "I"


@pytest.mark.parametrize(
    ("shape", "message"),
    [((2, 2), "Expected image array to have rank 3"), ((2, 2, 2), "Unsupported channel number: 2")],
)
def test_arrays_that_are_no_pictures_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        array_to_img(np.zeros(shape))


def test_another_data_format_is_refused():
    with pytest.raises(ValueError, match="data_format=middle"):
        img_to_array(np.zeros((2, 2, 3)), "middle")


def test_an_array_of_one_axis_is_no_picture():
    with pytest.raises(ValueError, match="Unsupported image shape"):
        img_to_array(np.zeros(3))


def test_a_saved_picture_is_read_back(tmp_path, smooth):
    pixels = smooth(1, 6, 5, 3)[0]

    save_img(tmp_path / "a.png", pixels, scale=False)

    np.testing.assert_array_equal(np.asarray(load_img(tmp_path / "a.png")), pixels)


def test_alpha_is_dropped_with_a_word_where_jpeg_has_none(tmp_path):
    with pytest.warns(UserWarning, match="does not support RGBA"):
        save_img(tmp_path / "a.jpg", np.zeros((4, 4, 4)))

    assert load_img(tmp_path / "a.jpg").mode == "RGB"


def test_a_file_object_takes_the_format_that_is_named(smooth):
    file = io.BytesIO()

    save_img(file, smooth(1, 4, 4, 3)[0], file_format="jpg")

    assert Image.open(file).format == "JPEG"


def test_the_old_argument_for_grey_still_works(tmp_path, smooth):
    save_img(tmp_path / "a.png", smooth(1, 4, 4, 3)[0])

    with pytest.warns(UserWarning, match="grayscale is deprecated"):
        assert load_img(str(tmp_path / "a.png"), grayscale=True).mode == "L"


def test_exif_turns_only_where_asked(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", exif=exif)

    assert load_img(tmp_path / "a.jpg").size == (6, 4)
    assert load_img(tmp_path / "a.jpg", exif=True).size == (4, 6)


def test_what_is_no_path_is_refused():
    with pytest.raises(TypeError, match="path should be path-like"):
        load_img(5)


def test_unknown_modes_are_refused(tmp_path, smooth):
    save_img(tmp_path / "a.png", smooth(1, 4, 4, 3)[0])

    with pytest.raises(ValueError, match="color_mode must be"):
        load_img(tmp_path / "a.png", "cmyk")
    with pytest.raises(ValueError, match="Invalid interpolation method sharp"):
        load_img(tmp_path / "a.png", target_size=(2, 2), interpolation="sharp")


def test_smart_resize_cuts_the_centre(smooth):
    assert smart_resize(smooth(1, 10, 20, 3)[0].astype(np.float32), (4, 4)).shape == (4, 4, 3)
