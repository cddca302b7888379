import numpy as np
import pytest

from boda.augment import (
    Augmented,
    CenterCrop,
    Pipeline,
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    Rescaling,
    Resizing,
)
from boda.errors import AugmentError

PHOTOS = np.random.default_rng(0).integers(0, 256, (6, 20, 30, 3), dtype=np.uint8)
CLASSIC = [RandomFlip("horizontal"), RandomRotation(0.1), RandomTranslation(0.1, 0.1), Rescaling(1 / 255)]


def test_a_picture_is_resized_and_rescaled():
    small = Pipeline([Resizing(200, 200), Rescaling(1 / 255)])(np.full((300, 400, 3), 255, np.uint8))

    assert small.shape == (200, 200, 3)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small, 1, rtol=1e-6)


def test_no_steps_only_make_float32():
    done = Pipeline([])(PHOTOS[0])

    assert done.dtype == np.float32
    assert np.array_equal(done, PHOTOS[0])


def test_chance_depends_on_the_seed_the_epoch_and_the_sample_alone():
    pipeline = Pipeline(CLASSIC, seed=3)
    one_by_one = [pipeline(PHOTOS[i], sample=i, epoch=2) for i in (4, 0, 5)]

    batch = Pipeline(CLASSIC, seed=3)(PHOTOS, sample=range(6), epoch=2, threads=3)

    assert np.array_equal(batch[[4, 0, 5]], one_by_one)


@pytest.mark.parametrize("change", [{"seed": 4}, {"epoch": 1}, {"sample": 9}])
def test_another_seed_epoch_or_sample_draws_anew(change):
    chance = {"seed": 3, "epoch": 0, "sample": 0, **change}

    other = Pipeline(CLASSIC, seed=chance["seed"])(PHOTOS[0], epoch=chance["epoch"], sample=chance["sample"])

    assert not np.array_equal(other, Pipeline(CLASSIC, seed=3)(PHOTOS[0], epoch=0, sample=0))


def test_without_a_sample_each_call_draws_anew_and_a_seed_repeats_the_sequence():
    first, second = Pipeline(CLASSIC, seed=3), Pipeline(CLASSIC, seed=3)

    calls = [first(PHOTOS[0]) for _ in range(3)]

    assert not np.array_equal(calls[0], calls[1])
    assert np.array_equal(calls, [second(PHOTOS[0]) for _ in range(3)])


def test_a_seed_by_chance_is_told_and_repeats():
    pipeline = Pipeline(CLASSIC)

    again = Pipeline(CLASSIC, seed=pipeline.seed)

    assert pipeline.seed != Pipeline(CLASSIC).seed
    assert np.array_equal(pipeline(PHOTOS), again(PHOTOS))


@pytest.mark.parametrize("threads", [1, 2, 4, 9])
def test_threads_change_no_byte(threads):
    assert np.array_equal(Pipeline(CLASSIC, seed=1)(PHOTOS, threads=threads), Pipeline(CLASSIC, seed=1)(PHOTOS))


def test_a_list_of_pictures_of_several_sizes_becomes_one_batch():
    done = Pipeline([Resizing(8, 9)])([PHOTOS[0], PHOTOS[1][:7, :11]])

    assert done.shape == (2, 8, 9, 3)


def test_pictures_that_do_not_end_in_one_size_are_refused():
    with pytest.raises(AugmentError, match=r"one has 7 x 11 and the first 20 x 30\. Add a Resizing"):
        Pipeline([RandomFlip()])([PHOTOS[0], PHOTOS[1][:7, :11]])


def test_labels_come_back_with_the_picture_and_the_picture_alone_without():
    pipeline = Pipeline([CenterCrop(10, 10)])

    done = pipeline(PHOTOS[0], boxes=[[12, 7, 16, 9], [0, 0, 3, 3]], labels=["cup", "pen"])

    assert isinstance(done, Augmented)
    assert (done.boxes.tolist(), done.labels, done.kept.tolist()) == ([[2, 2, 6, 4]], ["cup"], [0])
    assert isinstance(pipeline(PHOTOS[0]), np.ndarray)


def test_each_picture_of_a_batch_has_its_own_labels():
    boxes = [[[12, 7, 16, 9]], [[0, 0, 3, 3]], [], [[10, 5, 20, 15], [11, 6, 12, 7]], [], []]

    done = Pipeline([CenterCrop(10, 10)])(PHOTOS, boxes=boxes)

    assert [len(own) for own in done.boxes] == [1, 0, 0, 2, 0, 0]
    assert done.boxes[3].tolist() == [[0, 0, 10, 10], [1, 1, 2, 2]]


def test_a_crop_then_turned_shows_what_lay_beyond_the_crop():
    image = np.full((40, 40, 1), 99, np.uint8)
    turned = RandomRotation((0.125, 0.125), fill_mode="constant")

    corner = Pipeline([CenterCrop(20, 20), turned], seed=0)(image)[0, 0]
    reversed_corner = Pipeline([turned], seed=0)(Pipeline([CenterCrop(20, 20)])(image))[0, 0]

    np.testing.assert_allclose([corner, reversed_corner], [[99], [0]], rtol=1e-6)


def test_a_sample_is_augmented_as_a_whole():
    from boda.sample import Sample

    sample = Sample(
        "cup.jpg",
        image=PHOTOS[0],
        boxes=np.array([[12.0, 7, 16, 9]]),
        box_labels=("cup",),
        points=np.array([[15.0, 10]]),
    )

    done = Pipeline([CenterCrop(10, 10)])(sample)

    assert isinstance(done, Sample)
    assert done.image.shape == (10, 10, 3)
    assert done.boxes.tolist() == [[2, 2, 6, 4]]
    assert done.box_labels == ("cup",)
    assert done.points.tolist() == [[5, 5]]
    assert sample.boxes.tolist() == [[12, 7, 16, 9]]


def test_a_pipeline_is_read_back_from_toml_as_it_was_written():
    pipeline = Pipeline(
        [*CLASSIC, RandomCrop(8, 9, 0.5), RandomRotation((-0.1, 0.2))],
        seed=2**62,
        box_shape="ellipse",
        min_visible=0.3,
        point_pairs=((0, 1), (2, 3)),
    )

    assert Pipeline.from_toml(pipeline.to_toml()) == pipeline


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 3", r"Each step is a table of its own: \[\[steps\]\]"),
        ("[[steps]]\nfactor = 1", r"steps\[0\]: step = \"NAME\" is missing"),
        ('[[steps]]\nstep = "RandomFlop"', "'RandomFlop' is no step. .* Did you mean 'RandomFlip'"),
        (
            '[[steps]]\nstep = "RandomRotation"\nfacter = 1',
            "'facter' is no argument of RandomRotation. .* Did you mean",
        ),
        ('[[steps]]\nstep = "RandomRotation"', r"steps\[0\] \(RandomRotation\): missing 1 required"),
        ("sed = 3", "'sed' is no entry of a pipeline. .* Did you mean 'seed'"),
        ("seed = ", "This is no TOML"),
    ],
)
def test_wrong_toml_is_refused_with_its_place(text, message):
    with pytest.raises(AugmentError, match=message):
        Pipeline.from_toml(text)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p(PHOTOS[0, ..., 0]), r"A grey picture needs a last axis: image\[..., None\]"),
        (lambda p: p([]), r"One picture \(h, w, c\), a batch"),
        (lambda p: p(PHOTOS, sample=[1, 2]), "sample must have one integer for each of the 6 pictures"),
        (lambda p: p(PHOTOS[0], sample=[1]), "sample must be one integer for one picture"),
        (lambda p: p(PHOTOS[0], boxes=[[3, 3, 1, 1]]), "is inverted or not finite"),
    ],
)
def test_a_wrong_call_is_refused(call, message):
    with pytest.raises(AugmentError, match=message):
        call(Pipeline(CLASSIC, seed=0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pipeline([RandomFlip]), r"steps\[0\] must be an augmentation such as RandomFlip\(\)"),
        (lambda: Pipeline([], seed=-1), "seed must be an integer from 0 to below"),
        (lambda: Pipeline([], min_visible=2), "min_visible must be from 0 to 1"),
    ],
)
def test_a_wrong_pipeline_is_refused(make, message):
    with pytest.raises(AugmentError, match=message):
        make()


def test_channels_first_is_the_same_with_the_axes_changed():
    last, first = Pipeline(CLASSIC, seed=1), Pipeline(CLASSIC, seed=1, data_format="channels_first")
    turned = np.ascontiguousarray(np.moveaxis(PHOTOS, 3, 1))

    batch = first(turned, sample=range(6))

    assert batch.flags.c_contiguous
    assert np.array_equal(np.moveaxis(batch, 1, 3), last(PHOTOS, sample=range(6)))
    assert np.array_equal(first(turned[0], sample=0), batch[0])
    assert Pipeline.from_toml(first.to_toml()) == first


def test_an_unknown_data_format_is_refused():
    with pytest.raises(
        AugmentError, match=r"data_format must be one of channels_last, channels_first\. Received: 'NCHW'"
    ):
        Pipeline([], data_format="NCHW")
