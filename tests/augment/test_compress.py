import io

import numpy as np
import pytest
from PIL import Image

from boda.augment import Pipeline, RandomJpegCompression
from boda.errors import AugmentError


@pytest.fixture
def image():
    """Smooth colours with some noise, (48, 64, 3) uint8."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :64]
    smooth = np.stack([3 * x, 4 * y, 200 - x - y], axis=-1)
    return np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)


def through_pillow(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(image.squeeze()).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer), np.float32).reshape(image.shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [5, 40, 90])
def test_a_picture_loses_what_it_loses_in_pillow(quality, channels, image):
    image = np.ascontiguousarray(image[..., :channels])
    pillow = through_pillow(image, quality)

    ours = Pipeline([RandomJpegCompression(quality)])(image)

    # not bit by bit: below a quality of 96 the encoder takes libjpeg's fast cosine transform, Pillow the slow one
    assert np.abs(ours - image).mean() == pytest.approx(np.abs(pillow - image).mean(), rel=0.05)


def test_lower_quality_is_further_from_the_picture(image):
    errors = [np.abs(Pipeline([RandomJpegCompression(q)])(image) - image).mean() for q in (95, 50, 10)]

    assert errors[0] < errors[1] < errors[2]


def test_both_ends_of_the_range_are_drawn(image):
    pipeline = Pipeline([RandomJpegCompression((40, 41))], seed=0)
    fixed = [Pipeline([RandomJpegCompression(q)])(image) for q in (40, 41)]

    drawn = [[np.array_equal(pipeline(image, sample=i), one) for one in fixed] for i in range(20)]

    assert np.sum(drawn, axis=1).tolist() == [1] * 20
    assert np.any(drawn, axis=0).all()


def test_alpha_stays(image):
    with_alpha = np.concatenate([image, image[..., :1]], axis=2)

    done = Pipeline([RandomJpegCompression(10)])(with_alpha)

    assert np.array_equal(done[..., 3], with_alpha[..., 3])
    assert np.array_equal(done[..., :3], Pipeline([RandomJpegCompression(10)])(image))


def test_the_unit_range_gives_the_same_as_the_byte_range(image):
    whole = Pipeline([RandomJpegCompression(30)])(image)
    unit = Pipeline([RandomJpegCompression(30, (0.0, 1.0))])(image.astype(np.float32) / 255)

    np.testing.assert_allclose(255 * unit, whole, atol=1e-3)


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(AugmentError, match=r"RandomJpegCompression: a JPEG has 1 or 3 channels.*Received: 5 channels"):
        Pipeline([RandomJpegCompression()])(np.zeros((8, 8, 5), np.uint8))


@pytest.mark.parametrize("quality", [0, 101, 50.5, (10, 20, 30)])
def test_a_wrong_quality_is_named(quality):
    with pytest.raises(AugmentError, match="RandomJpegCompression: quality must be a whole number from 1 to 100"):
        RandomJpegCompression(quality)
