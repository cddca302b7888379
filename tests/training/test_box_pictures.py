"""Pictures with boxes, as the network sees them: the boxes lie where their pixels are, varied or not."""

from dataclasses import replace

import numpy as np
import pytest

from boda.data.box_view import BoxView
from boda.data.duplicates import content_digest
from boda.errors import ImageError
from boda.recipe import Recipe
from boda.sample import Dataset, Sample
from boda.training.box_pictures import BoxPictures, box_pipeline_of

CLASSES = ("bird", "cat")


def painted(number, size=(90, 60)):
    """A red cat on grey, somewhere, and a picture without anything."""
    rng = np.random.default_rng(number)
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    x, y = int(rng.integers(0, 40)), int(rng.integers(0, 25))
    box = np.array([[x, y, x + 36, y + 27]], float)
    image[y : y + 27, x : x + 36] = (250, 20, 20)
    return Sample(f"{number}.png", image, ("cat",), boxes=box, box_labels=("cat",))


def empty():
    return Sample("empty.png", np.full((60, 90, 3), 90, np.uint8), (), boxes=np.zeros((0, 4)), box_labels=())


@pytest.fixture(params=["squash", "letterbox"])
def pictures(request):
    samples = (*(painted(i) for i in range(6)), empty())
    digests = [content_digest(sample.read_bytes()) for sample in samples]
    sizes = np.array([[90, 60]] * len(samples))
    view = BoxView(96, request.param)
    return BoxPictures.of(Dataset(samples, CLASSES, "detect"), digests, sizes, np.arange(len(samples)), view)


def red(pixels):
    """The tight box of what is red."""
    y, x = np.nonzero((pixels[..., 0] > 170) & (pixels[..., 1] < 70))
    return np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])


def test_boxes_lie_on_their_pixels_in_the_view(pictures):
    pipeline = box_pipeline_of(Recipe.usual("detect"), Recipe().replace(head_augment="none").head, 0)
    for i in range(6):
        boxes, labels = pictures.asked(i, pipeline, 0)
        assert np.abs(boxes[0] - red(pictures.varied(i, pipeline, 0))).max() <= 1.5
        assert labels.tolist() == [1]


def test_boxes_follow_varied_pictures(pictures):
    recipe = Recipe.usual("detect").replace(stage_augment="light")
    pipeline = box_pipeline_of(recipe, recipe.stages[0], 3)
    for i in range(6):
        for epoch in (1, 2, 5):
            seen, (boxes, _) = pictures.varied(i, pipeline, epoch), pictures.asked(i, pipeline, epoch)
            assert np.abs(boxes[0] - red(seen)).max() <= 2.5


def test_a_picture_that_would_lose_its_only_object_stays_as_it_is(pictures):
    away = """
[[steps]]
step = "RandomTranslation"
height_factor = [0.9, 0.95]
width_factor = [0.9, 0.95]
fill_mode = "constant"
"""
    recipe = Recipe.usual("detect").replace(augmentation=away, stage_augment="own")
    pipeline = box_pipeline_of(recipe, recipe.stages[0], 0)

    assert (pictures.varied(0, pipeline, 1) == pictures.plain(0)).all()
    assert (pictures.asked(0, pipeline, 1)[0] == pictures.asked(0, pipeline, 0)[0]).all()
    assert pictures.asked(6, pipeline, 1)[0].shape == (0, 4)


def test_what_is_drawn_depends_on_the_picture_and_not_on_its_place(pictures):
    recipe = Recipe.usual("detect")
    pipeline = box_pipeline_of(recipe, recipe.stages[0], 1)
    other = pictures.some(np.array([4, 2]))

    assert (other.varied(0, pipeline, 3) == pictures.varied(4, pipeline, 3)).all()
    assert (other.asked(0, pipeline, 3)[0] == pictures.asked(4, pipeline, 3)[0]).all()


def test_a_picture_that_was_changed_is_refused(tmp_path):
    from PIL import Image

    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    sample = Sample("a.png", tmp_path / "a.png", ("cat",), boxes=np.zeros((0, 4)), box_labels=())
    pictures = BoxPictures([sample], ["0" * 64], np.array([[20, 20]]), [np.zeros(0, int)], 2, BoxView(32))

    with pytest.raises(ImageError, match="was changed while boda was at work"):
        pictures.plain(0)


def test_what_is_kept_of_a_picture_is_not_taken_for_that_with_other_boxes(pictures):
    """Which variants are plain depends on the boxes, so that mended labels must give fresh activations."""
    moved = replace(pictures.samples[0], boxes=pictures.samples[0].boxes + 3)
    renamed = replace(pictures.samples[0], box_labels=("bird",))
    alone = pictures.some(np.array([0]))
    keys = {replace(alone, samples=[one]).keys[0] for one in (pictures.samples[0], moved, renamed)}

    assert len(keys) == 3
    assert pictures.keys[0] in keys
