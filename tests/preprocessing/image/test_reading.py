import numpy as np
import pytest
from PIL import Image

from boda.preprocessing.image.io import img_to_array, load_img
from boda.preprocessing.image.reading import Reading, _nearest, displayed_size, read_mask

SIZES = [(3, 5), (16, 16), (31, 47), (224, 224), (299, 300)]


@pytest.fixture
def save(tmp_path):
    def write(image, name="a.jpg", **options):
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return write


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("keep_aspect_ratio", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpegs_have_load_imgs_pixels(save, smooth, color_mode, interpolation, keep_aspect_ratio, mode):
    path = save(Image.fromarray(smooth(1, 61, 95, 3)[0]).convert(mode), quality=80)

    for size in SIZES:
        got = Reading(color_mode, size, interpolation, keep_aspect_ratio).read(path)
        wanted = load_img(path, color_mode, size, interpolation, keep_aspect_ratio)
        np.testing.assert_array_equal(got, img_to_array(wanted))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_all_kinds_of_jpeg_have_load_imgs_pixels(save, smooth, subsampling, progressive):
    path = save(Image.fromarray(smooth(1, 61, 95, 3)[0]), subsampling=subsampling, progressive=progressive)

    np.testing.assert_array_equal(Reading("rgb", (61, 95)).read(path), np.asarray(load_img(path)))


def test_the_nearest_pixels_are_pillows():
    rng = np.random.default_rng(0)
    for size, count in rng.integers(1, 400, (300, 2)).tolist():
        line = np.arange(size, dtype=np.int32)[None]
        wanted = np.asarray(Image.fromarray(line).resize((count, 1), Image.Resampling.NEAREST))[0]
        np.testing.assert_array_equal(_nearest(0, size, count, size), wanted)


def test_deep_grey_keeps_its_depth(save):
    path = save(Image.fromarray(np.array([[0, 1000, 65535]], np.uint16)), "a.png")

    assert Reading("grayscale", (1, 3)).read(path)[..., 0].tolist() == [[0, 1000, 65535]]


def test_a_truncated_jpeg_is_refused_as_by_keras(save, smooth):
    path = save(Image.fromarray(smooth(1, 64, 64, 3)[0]))
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(OSError, match="truncated"):
        Reading("rgb", (64, 64)).read(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_where_asked(save, smooth, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(Image.fromarray(smooth(1, 24, 40, 3)[0]), exif=exif)
    wanted = load_img(path, exif=True)

    assert displayed_size(path) == wanted.size
    np.testing.assert_array_equal(Reading("rgb", wanted.size[::-1], exif=True).read(path), np.asarray(wanted))
    np.testing.assert_array_equal(Reading("rgb", (24, 40)).read(path), np.asarray(load_img(path)))


def test_a_mask_of_a_palette_keeps_its_indices(save):
    image = Image.fromarray(np.array([[0, 1], [2, 7]], np.uint8)).convert("P")
    image.putdata([0, 1, 2, 7])

    assert read_mask(save(image, "a.png"), (2, 2)).tolist() == [[0, 1], [2, 7]]


def test_a_mask_is_resized_by_the_nearest_pixel(save):
    path = save(Image.fromarray(np.array([[3, 9]], np.uint8)), "a.png")

    assert read_mask(path, (2, 4)).tolist() == [[3, 3, 9, 9]] * 2
