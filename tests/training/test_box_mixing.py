"""Mixed pictures with boxes: the boxes lie where their pixels are, and only what is learned from is mixed in."""

from dataclasses import replace

import numpy as np
import pytest

from boda.data.box_view import BoxView
from boda.data.duplicates import content_digest
from boda.recipe import Recipe
from boda.sample import Dataset, Sample
from boda.training.box_lesson import BoxLesson
from boda.training.box_mixing import Mixed
from boda.training.box_pictures import BoxPictures, box_pipeline_of

SIZE = 96
SEEN = np.array([0, 1, 2, 3, 4, 5])


def painted(number):
    """A red rectangle on a grey that tells which picture it is; picture 3 is empty."""
    rng = np.random.default_rng(number)
    image = np.full((SIZE, SIZE, 3), 60 + 10 * number, np.uint8)
    if number == 3:
        return Sample(f"{number}.png", image, (), boxes=np.zeros((0, 4)), box_labels=())
    x, y = (int(at) for at in rng.integers(8, 72, 2))
    image[y : y + 12, x : x + 16] = (250, 0, 0)
    box = np.array([[x, y, x + 16, y + 12]], float)
    return Sample(f"{number}.png", image, ("cat",), boxes=box, box_labels=("cat",))


def mixed(mix, augment="none", batch_size=4):
    samples = tuple(painted(i) for i in range(8))
    digests, sizes = [content_digest(sample.read_bytes()) for sample in samples], np.full((8, 2), SIZE)
    dataset = Dataset(samples, ("bird", "cat"), "detect")
    pictures = BoxPictures.of(dataset, digests, sizes, np.arange(8), BoxView(SIZE, "squash"))
    recipe = Recipe.usual("detect").replace(stage_mix=mix, stage_augment=augment, stage_batch_size=batch_size)
    levers = recipe.stages[0]
    pipeline = box_pipeline_of(recipe, levers, 7)
    return Mixed(BoxLesson(pictures, SEEN, levers, 7, "detect", pipeline), pipeline, None)


def asked(y):
    """The different boxes that a picture is asked for, in pixels."""
    return np.unique(np.round(y[y[:, 4] == 1, :4] * SIZE), axis=0).astype(int)


def red(pixels):
    return (pixels[..., 0] > 190) & (pixels[..., 1] < 100)


def test_boxes_of_mosaics_lie_on_their_pixels():
    counts = []
    for epoch in range(6):
        for x, y, weights in mixed("mosaic").batches(epoch):
            assert x.shape[1:] == (SIZE, SIZE, 3)
            assert (weights == 1).all()
            for pixels, wanted in zip(x, y, strict=True):
                boxes = asked(wanted)
                counts.append(len(boxes))
                for left, top, right, bottom in boxes:
                    assert red(pixels)[top:bottom, left:right].mean() > 0.95
    assert max(counts) >= 2  # a mosaic has the objects of several pictures
    assert 1 in counts  # and some are left as they are


def test_mixup_shows_both_pictures_and_asks_for_both():
    """Red on grey has a red of 60 to 130 where there is none: in each box more of it shows than beside the boxes."""
    several = 0
    for epoch in range(4):
        for x, y, _ in mixed("mixup").batches(epoch):
            for pixels, wanted in zip(x, y, strict=True):
                boxes = asked(wanted)
                beside = np.ones((SIZE, SIZE), bool)
                for left, top, right, bottom in boxes:
                    beside[top:bottom, left:right] = False
                for left, top, right, bottom in boxes:
                    assert pixels[top:bottom, left:right, 0].mean() > pixels[beside, 0].mean() + 1
                several += len(boxes) > 1
    assert several > 3


def test_usual_mixups_show_both_pictures():
    alpha = Recipe.usual("detect").stages[0].mix_alpha
    share = np.random.default_rng(0).beta(alpha, alpha, 1000)

    assert np.mean((share < 0.05) | (share > 0.95)) < 0.1


@pytest.mark.parametrize("mix", ["mosaic", "mixup"])
def test_batches_from_the_middle_are_those_of_the_whole_epoch(mix):
    source = mixed(mix, augment="default")
    whole, rest = list(source.batches(2)), list(source.batches(2, start=1))

    assert len(whole) == source.steps == 2
    for one, other in zip(whole[1:], rest, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def mixture(source, epoch):
    """What becomes of the first picture of an epoch, whichever it is, when all pictures are the same gradient."""
    ramp = np.linspace(0, 255, SIZE, dtype=np.float32)
    same = np.broadcast_to(ramp[:, None, None], (SIZE, SIZE, 3))
    pictures = replace_varied(source, same)
    return next(pictures.batches(epoch))[0]


def replace_varied(source, same):
    """`source`, whose pictures all look like `same`, so that only the mixing can make a difference."""

    class Same(type(source)):
        def _pictures(self, order, epoch):  # noqa: ARG002 - as its parent
            return iter([same] * sum(map(len, order)))

    return Same(source.lesson, source.pipeline, source.trunk)


def test_each_epoch_and_each_seed_mixes_anew():
    source = mixed("mosaic")
    other = replace(source, lesson=replace(source.lesson, seed=8))

    np.testing.assert_array_equal(mixture(source, 0), mixture(source, 0))
    assert not np.array_equal(mixture(source, 0), mixture(source, 1))
    assert not np.array_equal(mixture(source, 0), mixture(other, 0))


def test_what_is_held_back_shows_in_no_mixture():
    batches = (x for epoch in range(8) for x, _, _ in mixed("mosaic").batches(epoch))
    shades = {float(shade) for x in batches for shade in np.unique(x)}

    assert {60.0 + 10 * i for i in SEEN} <= shades  # all that are learned from
    assert not shades & {120.0, 130.0}  # the greys of pictures 6 and 7


def test_the_last_batch_may_be_a_single_picture():
    source = mixed("mosaic", batch_size=5)

    assert [len(x) for x, _, _ in source.batches(0)] == [5, 1]


class Halves:
    """A trunk that reads ahead, as OpenVINO's does, and gives each picture's mean as its row."""

    def run(self, pictures):
        ahead = []
        for picture in pictures:
            ahead.append(picture)
            if len(ahead) > 5:
                yield ahead.pop(0).mean(keepdims=True)
        yield from (picture.mean(keepdims=True) for picture in ahead)


def test_rows_of_the_layers_below_come_with_the_boxes_of_their_pictures():
    source = mixed("mosaic")
    below = replace(source, trunk=Halves())

    for (x, y, _), (rows, wanted, _) in zip(source.batches(3), below.batches(3), strict=True):
        np.testing.assert_array_equal(y, wanted)
        np.testing.assert_allclose(rows.ravel(), x.mean(axis=(1, 2, 3)), rtol=1e-5)
