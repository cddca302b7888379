"""Every kind of picture file, made here, decoded by its stated policy."""

import io
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from boda.data.decode import FORMATS, decode, decode_resized, read_header, resize
from boda.errors import ImageError, RecipeError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encode(image, fmt="PNG", **options):
    file = io.BytesIO()
    image.save(file, fmt, **options)
    return file.getvalue()


def smooth(width, height):
    """A picture that JPEG and resizing keep nearly as it is."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray(np.rint(np.stack([x, y, x * y], axis=2) * 255).astype(np.uint8))


def painted():
    """Two by three: red top left, green top right, blue bottom left, the rest white."""
    pixels = np.full((3, 2, 3), 255, np.uint8)
    pixels[0, 0], pixels[0, 1], pixels[2, 0] = RED, GREEN, BLUE
    return pixels


def stored(displayed, orientation):
    """What a camera stores so that a viewer, obeying `orientation`, shows `displayed` (EXIF 2.3, 4.6.4)."""
    turned = {
        1: displayed,
        2: displayed[:, ::-1],
        3: displayed[::-1, ::-1],
        4: displayed[::-1],
        5: displayed.swapaxes(0, 1),
        6: displayed.swapaxes(0, 1)[::-1],
        7: displayed.swapaxes(0, 1)[::-1, ::-1],
        8: displayed.swapaxes(0, 1)[:, ::-1],
    }
    return np.ascontiguousarray(turned[orientation])


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_decodes_to_the_same_colour(fmt):
    pixels = decode(encode(Image.new("RGB", (20, 10), (200, 100, 50)), fmt))

    assert (pixels.shape, pixels.dtype) == ((10, 20, 3), np.uint8)
    assert np.abs(pixels.astype(int) - (200, 100, 50)).max() <= 3


def test_decoded_pixels_are_the_callers_to_write_on():
    decode(encode(Image.new("L", (2, 2))))[0, 0] = 7


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_are_shown_upright(orientation, fmt):
    lossless = {"lossless": True, "exact": True} if fmt == "WEBP" else {}
    data = encode(Image.fromarray(stored(painted(), orientation)), fmt, exif=exif(orientation), **lossless)

    header = read_header(data)

    assert (header.width, header.height) == (2, 3)
    assert ("exif-turned" in header.notes) == (orientation != 1)
    np.testing.assert_array_equal(decode(data), painted())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_on_the_fast_path_is_shown_upright_too(orientation):
    upright = np.asarray(smooth(400, 300))
    data = encode(Image.fromarray(stored(upright, orientation)), "JPEG", quality=95, exif=exif(orientation))

    small = decode_resized(data, (30, 40))

    assert np.abs(small.astype(int) - resize(upright, (30, 40))).mean() < 2


def test_a_png_header_is_read_without_decoding():
    data = png_of(width=4, height=9, depth=8, colour=0, row=b"no pixels")[:45]

    assert (read_header(data).width, read_header(data).height) == (4, 9)


def test_exif_behind_the_pixels_of_a_png_counts():
    data = encode(Image.fromarray(stored(painted(), 6)), exif=exif(6))
    at = data.index(b"eXIf") - 4
    size = 12 + struct.unpack(">I", data[at : at + 4])[0]
    moved = data[:at] + data[at + size : -12] + data[at : at + size] + data[-12:]

    assert read_header(moved).notes == ("exif-turned",)
    np.testing.assert_array_equal(decode(moved), painted())


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_leaves_the_picture_as_stored():
    data = encode(smooth(8, 8), "JPEG", exif=b"Exif\0\0MM\0\x2a\0\0\xff\xff garbage")

    assert read_header(data).notes == ()


def test_a_16_bit_ramp_stays_a_ramp():
    ramp = np.arange(0, 65536, 257, dtype=np.uint16)[np.newaxis]

    for fmt in ("PNG", "TIFF"):
        data = encode(Image.fromarray(ramp), fmt)

        assert read_header(data).notes == ("16-bit",)
        np.testing.assert_array_equal(decode(data)[0], np.repeat(np.arange(256)[:, np.newaxis], 3, axis=1))


def test_a_32_bit_integer_picture_is_taken_as_16_bit_where_it_fits():
    fits = Image.fromarray(np.array([[0, 257, 65535]], np.int32))
    larger = Image.fromarray(np.array([[-1000, 0, 1_000_000]], np.int32))

    assert decode(encode(fits, "TIFF"))[0, :, 0].tolist() == [0, 1, 255]
    assert decode(encode(larger, "TIFF"))[0, :, 0].tolist() == [0, 0, 255]


def test_16_bit_colour_keeps_the_high_byte():
    data = png_of(width=1, height=1, depth=16, colour=2, row=struct.pack(">3H", 0x1234, 0xFF00, 0x00FF))

    assert read_header(data).notes == ("16-bit",)
    assert decode(data)[0, 0].tolist() == [0x12, 0xFF, 0x00]


def png_of(*, width, height, depth, colour, row):
    """A PNG by hand, since Pillow writes no 16-bit colour."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    body = zlib.compress((b"\0" + row) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("fmt", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_and_is_not_inverted(fmt):
    data = encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), fmt)  # no cyan, all magenta and yellow: red

    assert read_header(data).notes == ("cmyk",)
    assert np.abs(decode(data)[4, 4].astype(int) - RED).max() <= 3


def test_a_palette_is_looked_up():
    image = Image.new("P", (1, 2))
    image.putpalette([*BLUE, *GREEN])
    image.putpixel((0, 1), 1)

    assert read_header(encode(image)).notes == ("palette",)
    assert decode(encode(image))[:, 0].tolist() == [list(BLUE), list(GREEN)]


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_transparent_palette_entries_lie_over_white(transparency):
    image = Image.new("P", (1, 2))
    image.putpalette([*BLUE, *GREEN])
    image.putpixel((0, 1), 1)
    data = encode(image, transparency=transparency)

    assert read_header(data).notes == ("palette", "alpha")
    assert decode(data)[:, 0].tolist() == [list(BLUE), list(WHITE)]


def test_a_transparent_gif_lies_over_white():
    image = Image.new("P", (1, 2))
    image.putpalette([*BLUE, *GREEN])
    image.putpixel((0, 1), 1)

    assert decode(encode(image, "GIF", transparency=1))[:, 0].tolist() == [list(BLUE), list(WHITE)]


@pytest.mark.parametrize(("mode", "colour", "over_white"), [
    ("RGBA", (255, 0, 0, 0), [255, 255, 255]),
    ("RGBA", (255, 0, 0, 51), [255, 204, 204]),  # a fifth of red over white
    ("LA", (0, 51), [204, 204, 204]),
])  # fmt: skip
def test_alpha_is_composited_over_white(mode, colour, over_white):
    data = encode(Image.new(mode, (1, 1), colour))

    assert read_header(data).notes == ("alpha",)
    assert decode(data)[0, 0].tolist() == over_white


def test_a_transparent_colour_of_a_png_without_alpha_lies_over_white():
    image = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))

    assert decode(encode(image, transparency=(1, 2, 3)))[0].tolist() == [[255, 255, 255], [4, 5, 6]]


@pytest.mark.parametrize(("values", "grey"), [
    ([0, 0.5, 1], [0, 128, 255]),
    ([0, 0.2, 0.4], [0, 51, 102]),
    ([-1, 0, 1], [0, 128, 255]),
    ([1000, 2000, 5000], [0, 64, 255]),
    ([7, 7, 7], [0, 0, 0]),
])  # fmt: skip
def test_floats_are_scaled(values, grey):
    data = encode(Image.fromarray(np.array([values], np.float32)), "TIFF")

    assert read_header(data).notes == ("float",)
    assert decode(data)[0, :, 0].tolist() == grey


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_floats_that_are_no_numbers_are_refused(value):
    data = encode(Image.fromarray(np.array([[0, value]], np.float32)), "TIFF")

    with pytest.raises(ImageError, match="a float picture with NaN or infinity in it"):
        decode(data)


@pytest.mark.parametrize("fmt", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(fmt):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    lossless = {"lossless": True} if fmt == "WEBP" else {}
    data = encode(frames[0], fmt, save_all=True, append_images=frames[1:], **lossless)

    header = read_header(data)

    assert header.frames == 3
    assert "animated" in header.notes
    assert decode(data)[0, 0].tolist() == list(RED)


def test_a_jpeg_with_further_views_is_a_plain_jpeg():
    data = encode(smooth(300, 200), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])

    assert read_header(data).format == "JPEG"
    assert read_header(data).notes == ()
    assert decode_resized(data, (20, 30)).shape == (20, 30, 3)


@pytest.mark.parametrize(("mode", "fmt"), [("1", "PNG"), ("L", "JPEG"), ("LAB", "TIFF"), ("YCbCr", "TIFF")])
def test_other_modes_come_out_as_rgb(mode, fmt):
    white = Image.new("RGB", (8, 8), "white")
    image = Image.new("LAB", (8, 8), (255, 128, 128)) if mode == "LAB" else white.convert(mode)

    assert np.abs(decode(encode(image, fmt)).astype(int) - WHITE).max() <= 2


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(fmt, share):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encode(noise, fmt)

    with pytest.raises(ImageError, match=r"cannot be decoded|not a picture"):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("size", [(64, 64), (8, 8)])
def test_a_truncated_jpeg_is_refused_on_the_fast_path_too(size):
    data = encode(smooth(128, 128), "JPEG")

    with pytest.raises(ImageError, match="cannot be decoded: image file is truncated"):
        decode_resized(data[: len(data) // 2], size)


@pytest.mark.parametrize("read", [read_header, decode, lambda data: decode_resized(data, (4, 4))])
@pytest.mark.parametrize(("data", "reason"), [
    (b"", "^empty file$"),
    (b"these are notes, \xc3\xa9crites\n", r"not a picture that boda reads \(JPEG, PNG, .*\); it seems to be text"),
    (b"<!DOCTYPE html><html>404</html>", "a web page"),
    (b"<?xml version='1.0'?>\n<svg/>", "an SVG drawing"),
    (b"8BPS\0\x01" + bytes(100), "a Photoshop file"),
    (b"%PDF-1.7\n", "a PDF"),
    (b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC picture"),
    (b"\0\0\0\x18ftypavif" + bytes(100), "an AVIF picture"),
    (b"\0\0\0\x18ftypisom" + bytes(100), "a film"),
    (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
    (b"\xff\xd8\xff\xe0\x00", "a JPEG whose header is damaged"),
    (b"\x89PNG\r\n\x1a\n", "a PNG whose header is damaged"),
    (bytes(range(256)), r"not a picture that boda reads \([^;]*\)$"),
])  # fmt: skip
def test_what_is_no_picture_is_refused_with_what_it_seems_to_be(data, reason, read):
    with pytest.raises(ImageError, match=reason):
        read(data)


def test_pillows_other_decoders_are_never_tried():
    eps = encode(Image.new("RGB", (4, 4)), "EPS")
    ppm = encode(Image.new("RGB", (4, 4)), "PPM")

    for data in (eps, ppm):
        with pytest.raises(ImageError, match="not a picture that boda reads"):
            decode(data)


def test_a_huge_picture_is_refused_by_its_header():
    data = png_of(width=20_000, height=10_000, depth=8, colour=0, row=b"")

    for read in (read_header, decode):
        with pytest.raises(ImageError, match="20000 x 10000 is more than 100,000,000 pixels"):
            read(data)


def test_only_our_own_cap_counts():
    data = png_of(width=20_000, height=10_000, depth=8, colour=0, row=b"")
    before = Image.MAX_IMAGE_PIXELS

    assert read_header(data, max_pixels=200_000_000).width == 20_000
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageError, match="10 x 10 is more than 50 pixels"):
        decode(encode(smooth(10, 10)), max_pixels=50)


@pytest.mark.parametrize("fmt", FORMATS)
def test_garbage_raises_image_errors_of_one_line_only(fmt):
    rng = np.random.default_rng(1)
    image = smooth(24, 24)
    good = np.frombuffer(encode(image, fmt), np.uint8)
    for _ in range(150):
        bad = good.copy()
        spots = rng.integers(0, min(len(bad), 200), 4)
        bad[spots] = rng.integers(0, 256, 4)
        for read in (read_header, decode, lambda data: decode_resized(data, (4, 4))):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TIFF's, of tags it skips
                try:
                    read(bad.tobytes())
                except ImageError as error:
                    assert "\n" not in str(error)  # noqa: PT017 - whether it raises is chance


def test_a_float_tiff_with_an_orientation_is_turned_once():
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[0x0112] = 6  # the first row is shown as the last column
    data = encode(Image.fromarray(np.array([[0, 1]], np.float32)), "TIFF", tiffinfo=info)

    assert (read_header(data).width, read_header(data).height) == (1, 2)
    assert decode(data)[:, 0, 0].tolist() == [0, 255]


def test_squash_takes_the_whole_picture():
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 4:] = 200

    assert resize(pixels, (1, 2))[0, :, 0].tolist() == pytest.approx([0, 200], abs=20)
    assert resize(pixels, (4, 8)).tolist() == pixels.tolist()


def test_crop_takes_the_centre_square():
    ramp = np.broadcast_to(np.arange(160, dtype=np.uint8)[:, np.newaxis], (80, 160, 3))

    seventh = resize(ramp, (7, 7), how="crop")  # 7/8 of 80 is 70: the columns 45 to 114, ten to each pixel

    assert seventh[0, :, 0].tolist() == pytest.approx([49.5 + 10 * i for i in range(7)], abs=0.51)
    np.testing.assert_array_equal(resize(ramp, (80, 80), how="crop", crop_share=1.0), ramp[:, 40:120])


@pytest.mark.parametrize(
    "options", [{"how": "stretch"}, {"how": "crop", "crop_share": 0}, {"how": "crop", "crop_share": 2}]
)
def test_another_way_to_resize_is_refused(options):
    with pytest.raises(RecipeError, match="a share above 0 and at most 1, not"):
        resize(np.zeros((4, 4, 3), np.uint8), (2, 2), **options)


@pytest.mark.parametrize("how", ["squash", "crop"])
@pytest.mark.parametrize(("fmt", "size"), [("PNG", (10, 10)), ("JPEG", (90, 90)), ("JPEG", (60, 101))])
def test_where_the_fast_path_is_not_allowed_nothing_changes(fmt, size, how):
    data = encode(smooth(400, 300), fmt, exif=exif(6))

    np.testing.assert_array_equal(decode_resized(data, size, how), resize(decode(data), size, how))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("how", ["squash", "crop"])
def test_the_fast_path_is_close_to_the_slow_one(how, mode):
    data = encode(smooth(401, 303).convert(mode), "JPEG", quality=90)

    apart = np.abs(decode_resized(data, (30, 30), how).astype(int) - resize(decode(data), (30, 30), how))

    assert apart.mean() < 1
    assert apart.max() <= 6


@pytest.mark.parametrize(("how", "side"), [("squash", 32), ("squash", 64), ("crop", 32), ("crop", 64)])
def test_on_photographs_the_fast_path_stays_under_its_stated_bound(how, side, data_dir):
    apart = []
    for file in sorted((data_dir / "flowers").rglob("*.jpg"))[::10]:
        data = file.read_bytes()
        apart.append(
            np.abs(decode_resized(data, (side, side), how).astype(int) - resize(decode(data), (side, side), how))
        )

    taken = [one for one in apart if one.any()]
    assert len(taken) >= 15
    assert np.mean([one.mean() for one in taken]) < 1
    assert max(one.mean() for one in taken) < 2
    assert max(one.max() for one in taken) <= 26


def test_threads_decode_the_same_pixels():
    data = [encode(smooth(64 + i, 64), "JPEG") for i in range(16)]
    alone = [decode(one) for one in data]
    together = [None] * len(data)

    def work(i):
        together[i] = decode(data[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(data))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
    assert Image.MAX_IMAGE_PIXELS is not None
