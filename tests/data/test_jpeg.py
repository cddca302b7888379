"""JPEGs by libjpeg-turbo are Pillow's pixels exactly, and whatever is odd is left to Pillow."""

import io
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from boda.data import decode as decoding
from boda.data.decode import decode, decode_resized
from boda.data.jpeg import decode_jpeg
from boda.errors import ImageError

SIZES = [(1, 1), (7, 5), (16, 16), (33, 47), (130, 65), (2, 90)]


def noise(width, height, mode="RGB"):
    """A picture with every frequency in it."""
    pixels = np.random.default_rng([width, height]).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encode(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def by_pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def outcome(data):
    """Pixels, or why not."""
    try:
        return decode(data).tobytes()
    except ImageError as error:
        return str(error)


@pytest.fixture
def only_pillow(monkeypatch):
    """The outcome of `decode` without libjpeg-turbo."""

    def ask(data):
        with monkeypatch.context() as patch:
            patch.setattr(decoding, "decode_jpeg", lambda *_: None)
            return outcome(data)

    return ask


@pytest.mark.parametrize("options", [
    {}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 3}, {"quality": 5}, {"quality": 100},
])  # fmt: skip
@pytest.mark.parametrize("kind", ["4:4:4", "4:2:2", "4:2:0", "4:1:1", "grey", "stored as RGB"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pixels_are_pillows_own(size, kind, options):
    if kind == "grey":
        data = encode(noise(*size, "L"), **options)
    else:
        how = {"keep_rgb": True, "subsampling": 0} if kind == "stored as RGB" else {"subsampling": kind}
        data = encode(noise(*size), **how, **options)

    pixels = decode_jpeg(data, size)

    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, by_pillow(data))


def test_the_pixels_are_the_callers_to_write_on():
    data = encode(noise(16, 16))

    decode_jpeg(data, (16, 16))[:] = 0

    assert decode_jpeg(data, (16, 16)).any()


def test_cmyk_is_left_to_pillow(monkeypatch):
    monkeypatch.setattr(decoding, "decode_jpeg", lambda *_: pytest.fail("not for CMYK"))
    data = encode(noise(40, 40, "CMYK"))

    np.testing.assert_array_equal(decode(data), by_pillow(data))


def test_a_size_other_than_the_headers_is_left_to_pillow():
    assert decode_jpeg(encode(noise(40, 30)), (40, 31)) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(only_pillow, orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    data = encode(noise(33, 47), exif=tags.tobytes())

    assert decode_jpeg(data, (33, 47)) is not None
    assert outcome(data) == only_pillow(data)
    assert decode(data).shape == ((47, 33, 3) if orientation < 5 else (33, 47, 3))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_of_a_file_cut_anywhere_no_pixel_is_taken_and_pillow_gives_the_reason(only_pillow, options):
    data = encode(noise(24, 20), **options)

    for length in range(len(data)):
        cut = data[:length]
        assert decode_jpeg(cut, (24, 20)) is None
        assert outcome(cut) == only_pillow(cut)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_damaged_bytes_give_what_pillow_gives(only_pillow, options):
    rng = np.random.default_rng(0)
    good = np.frombuffer(encode(noise(24, 20), **options), np.uint8)

    for _ in range(300):
        bad = good.copy()
        spots = rng.integers(2, len(bad), rng.integers(1, 4))
        bad[spots] = rng.integers(0, 256, len(spots))
        assert outcome(bad.tobytes()) == only_pillow(bad.tobytes())


@pytest.mark.parametrize("behind", [b"\0", b"\xff\xd9", b"text behind the picture", bytes(5000)])
def test_what_stands_behind_the_picture_changes_nothing(only_pillow, behind):
    data = encode(noise(24, 20)) + behind

    assert outcome(data) == only_pillow(data)


def test_what_is_too_large_is_refused_before_libjpeg_turbo_sees_it(monkeypatch):
    monkeypatch.setattr(decoding, "decode_jpeg", lambda *_: pytest.fail("decoded"))
    data = encode(noise(40, 30))

    for read in (decode, lambda data, **cap: decode_resized(data, (4, 4), **cap)):
        with pytest.raises(ImageError, match="40 x 30 is more than 1,000 pixels"):
            read(data, max_pixels=1000)


@pytest.fixture
def nobody_is_interrupted():
    """A thread keeps the interpreter's lock until it gives it away by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("nobody_is_interrupted")
def test_other_threads_run_while_a_picture_is_decoded():
    data = encode(noise(1500, 1500), quality=95)

    def first_to_go_on():
        begun, order = threading.Event(), []

        def work():
            begun.set()
            decode_jpeg(data, (1500, 1500))
            order.append("the one that decodes")

        thread = threading.Thread(target=work)
        thread.start()
        begun.wait()
        order.append("the other")
        thread.join()
        return order[0]

    assert "the other" in {first_to_go_on() for _ in range(5)}


def test_real_photographs_are_pillows_pixels(data_dir):
    files = sorted((data_dir / "flowers").rglob("*.jpg"))[::10]
    assert len(files) >= 60

    for file in files:
        data = file.read_bytes()
        wanted = by_pillow(data)
        np.testing.assert_array_equal(decode_jpeg(data, wanted.shape[1::-1]), wanted)
