"""Copies are found, look-alikes stay apart."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageOps

from boda.data import duplicates
from boda.data.duplicates import Components, content_digest, groups, look_alike, near_pairs, sketch


def photo(seed=0, size=(96, 80)):
    """A random picture of low frequencies, as a Pillow image."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def jpeg(image, quality):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def distance(first, second):
    return (first.bits ^ second.bits).bit_count()


def of(image):
    return sketch(np.asarray(image))


COPIES = {
    "quality 30": lambda image: jpeg(image, 30),
    "quality 90": lambda image: jpeg(image, 90),
    "half": lambda image: image.resize((48, 40)),
    "double": lambda image: image.resize((192, 160)),
    "brighter": lambda image: image.point([min(255, int(1.1 * v)) for v in range(256)] * 3),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("seed", range(5))
def test_a_copy_is_within_the_bounds(change, seed):
    original, changed = of(photo(seed)), of(change(photo(seed)))

    assert distance(original, changed) <= duplicates.MAX_DISTANCE
    assert look_alike(thumbs(original), thumbs(changed)).all()


def test_the_mirrored_hash_is_the_hash_of_the_mirrored_picture():
    original, mirrored = of(photo()), of(ImageOps.mirror(photo()))

    assert (original.mirrored ^ mirrored.bits).bit_count() <= 1
    assert (original.bits ^ mirrored.mirrored).bit_count() <= 1
    assert look_alike(thumbs(original), thumbs(mirrored)).all()


def test_a_symmetric_picture_keeps_its_hash_when_it_is_re_encoded():
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    ball = Image.fromarray((200 * np.exp(-3 * (x**2 + y**2))).astype(np.uint8)).convert("RGB")

    assert distance(of(ball), of(jpeg(ball, 40))) <= 2


def test_pictures_of_other_things_are_far_apart_and_do_not_look_alike():
    sketches = [of(photo(seed)) for seed in range(20)]

    for first, second in itertools.combinations(sketches, 2):
        assert distance(first, second) > duplicates.MAX_DISTANCE
        assert not look_alike(thumbs(first), thumbs(second)).any()


def test_the_same_shape_in_another_colour_does_not_look_alike():
    red, green = (np.zeros((64, 64, 3), np.uint8) for _ in range(2))
    red[10:40, 10:30, 0] = 255
    green[10:40, 10:30, 1] = 255

    assert distance(sketch(red), sketch(green)) <= duplicates.MAX_DISTANCE
    assert not look_alike(thumbs(sketch(red)), thumbs(sketch(green))).any()


def test_a_picture_of_one_colour_is_flat_and_has_no_hash():
    noise = np.random.default_rng(0).integers(118, 123, (64, 64, 3), dtype=np.uint8)

    assert sketch(noise)[:2] == (0, 0)
    assert sketch(noise).is_flat


@pytest.mark.parametrize("radius", [0, 3, 10])
def test_near_pairs_are_those_of_all_pairs_tried_one_by_one(radius):
    rng = np.random.default_rng(radius)
    hashes = rng.integers(0, 2**64, 60, dtype=np.uint64)
    hashes[30:] = hashes[:30] ^ (np.uint64(1) << rng.integers(0, 64, 30, dtype=np.uint64))
    mirrored = hashes ^ np.uint64(0xAAAA_AAAA_AAAA_AAAA)
    hashes[7] = mirrored[3]
    mirrored[7] = hashes[3]

    found = [tuple(pair) for pairs in near_pairs(hashes, mirrored, radius) for pair in pairs.tolist()]

    def near(i, j):
        return min(int(hashes[i] ^ other[j]).bit_count() for other in (hashes, mirrored)) <= radius

    assert sorted(found) == [(i, j) for i, j in itertools.combinations(range(60), 2) if near(i, j)]


def test_near_pairs_across_blocks_are_found_once():
    hashes = np.random.default_rng(0).integers(0, 2**64, 9000, dtype=np.uint64)
    hashes[8999] = hashes[5]

    found = [pairs.tolist() for pairs in near_pairs(hashes, hashes ^ np.uint64(2**63), 0)]

    assert found == [[[5, 8999]]]


def test_no_pictures_have_no_pairs():
    none = np.zeros(0, np.uint64)

    assert list(near_pairs(none, none)) == []


def test_groups_are_transitive_and_numbered_by_first_appearance():
    assert groups(6, [(5, 1), (1, 3)]).tolist() == [0, 1, 2, 1, 3, 1]


def test_pairs_of_one_component_are_not_apart():
    components = Components(4)
    components.join(np.array([[0, 1], [1, 2]]))

    assert components.apart(np.array([[0, 2], [2, 3]])).tolist() == [[2, 3]]


def test_a_digest_is_sha256_of_the_bytes():
    assert content_digest(b"abc").startswith("ba7816bf8f01cfea")


def thumbs(found):
    return np.frombuffer(found.thumbnail, np.uint8)[None]
