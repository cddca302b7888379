import pickle

import numpy as np
import pytest
from PIL import Image

from boda.errors import AugmentError
from boda.preprocessing.image import BodaWarning, ImageDataGenerator, Iterator, NumpyArrayIterator

PLAIN = ImageDataGenerator()


def test_batches_go_on_after_the_last_one(smooth):
    flow = PLAIN.flow(smooth(5, 4, 4, 1), np.arange(5), batch_size=2, shuffle=False)

    assert [next(flow)[1].tolist() for _ in range(4)] == [[0, 1], [2, 3], [4], [0, 1]]


def test_next_is_a_method_too(smooth):
    assert PLAIN.flow(smooth(5, 4, 4, 1), batch_size=2).next().shape == (2, 4, 4, 1)


def test_reset_begins_anew(smooth):
    flow = PLAIN.flow(smooth(5, 4, 4, 1), np.arange(5), batch_size=2, shuffle=False)
    next(flow)
    flow.reset()

    assert next(flow)[1].tolist() == [0, 1]


def test_an_index_beyond_the_last_batch_is_refused(smooth):
    flow = PLAIN.flow(smooth(5, 4, 4, 1), batch_size=2)

    assert len(flow) == 3
    with pytest.raises(ValueError, match="Asked to retrieve element 3, but the Sequence has length 3"):
        flow[3]


def test_an_iterator_without_samples_gives_no_indices():
    assert next(Iterator(0, 32, shuffle=False, seed=0).index_generator).size == 0


def test_arguments_of_pydataset_are_taken(smooth):
    flow = PLAIN.flow(smooth(2, 4, 4, 1), workers=3, use_multiprocessing=True, max_queue_size=7)

    assert (flow.workers, flow.use_multiprocessing, flow.max_queue_size) == (3, True, 7)


def test_an_iterator_goes_through_pickle_and_on_where_it_was(smooth):
    flow = ImageDataGenerator(rotation_range=20).flow(smooth(7, 4, 4, 1), np.arange(7), batch_size=3, seed=1)
    next(flow)
    copy = pickle.loads(pickle.dumps(flow))

    for one, other in zip(next(copy), next(flow), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_number_of_threads_changes_nothing(smooth, monkeypatch):
    def batch(processors):
        monkeypatch.setattr("boda.augment.share.os.cpu_count", lambda: processors)
        return next(ImageDataGenerator(rotation_range=20, zoom_range=0.2).flow(smooth(12, 30, 30, 3), seed=1))

    np.testing.assert_array_equal(batch(1), batch(2))


def test_uint8_stays_small_until_somebody_asks(smooth):
    flow = PLAIN.flow(smooth(2, 4, 4, 1))

    assert flow._x.dtype == np.uint8
    assert flow.x.dtype == np.float32


def test_later_changes_of_uint8_pictures_do_not_reach_the_batches(smooth):
    pictures = smooth(2, 4, 4, 1)
    flow = PLAIN.flow(pictures, shuffle=False)
    before = next(flow)
    pictures[:] = 0

    np.testing.assert_array_equal(next(flow), before)


def test_what_goes_along_with_the_pictures_is_a_list(smooth):
    one, two = np.arange(3), np.zeros((3, 2))

    x, y = next(PLAIN.flow((smooth(3, 4, 4, 1), [one, two]), one, shuffle=False))
    assert [part.shape for part in x] == [(3, 4, 4, 1), (3,), (3, 2)]
    assert y.tolist() == [0, 1, 2]
    assert isinstance(next(PLAIN.flow([smooth(3, 4, 4, 1), one])), list)


def test_weights_come_third(smooth):
    _, _, weights = next(PLAIN.flow(smooth(3, 4, 4, 1), [1, 2, 3], sample_weight=[7, 8, 9], shuffle=False))

    assert weights.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": (np.zeros((3, 2, 2, 1)), np.zeros(4))}, "All of the arrays in `x` should have the same length"),
        ({"x": np.zeros((3, 2, 2, 1)), "y": np.zeros(4)}, r"`y` \(labels\) should have the same length"),
        ({"x": np.zeros((3, 2, 2, 1)), "sample_weight": np.zeros(4)}, "`sample_weight` should have the same length"),
        ({"x": np.zeros((3, 2, 2))}, "should have rank 4"),
        ({"x": np.zeros((3, 2, 2, 1)), "subset": "test"}, "Invalid subset name: test"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        PLAIN.flow(**arguments)


def test_odd_channels_are_warned_of():
    with pytest.warns(UserWarning, match=r"NumpyArrayIterator is set to use the data format.*\(5 channels\)"):
        NumpyArrayIterator(np.zeros((3, 2, 2, 5)), None, PLAIN)


def test_augmented_pictures_are_saved(tmp_path, smooth):
    next(PLAIN.flow(smooth(3, 4, 4, 3), save_to_dir=tmp_path, save_prefix="a", save_format="png", shuffle=False))

    names = sorted(path.name for path in tmp_path.iterdir())
    assert [name[:4] for name in names] == ["a_0_", "a_1_", "a_2_"]
    with Image.open(tmp_path / names[0]) as image:
        assert image.size == (4, 4)


def test_a_contiguous_split_is_advised_against_once(smooth):
    generator = ImageDataGenerator(validation_split=0.4)
    labels = [0, 1, 0, 1, 0]

    with pytest.warns(BodaWarning, match='split="stratified"'):
        flow = generator.flow(smooth(5, 4, 4, 1), labels, subset="validation", shuffle=False)
    assert flow.n == 2
    assert generator.flow(smooth(5, 4, 4, 1), labels, subset="training").n == 3  # in silence


def test_parts_with_other_classes_are_refused():
    generator = ImageDataGenerator(validation_split=0.5)
    pictures, labels = np.zeros((4, 2, 2, 1)), [0, 0, 1, 1]

    with pytest.warns(BodaWarning), pytest.raises(ValueError, match="different number of classes"):
        generator.flow(pictures, labels, subset="training")
    assert generator.flow(pictures, labels, subset="training", ignore_class_split=True).n == 2


def test_a_stratified_split_takes_everything_along():
    generator = ImageDataGenerator(validation_split=0.5, split="stratified")
    numbers = np.arange(8)
    pictures = np.broadcast_to(numbers[:, None, None, None], (8, 2, 2, 1)).astype(np.uint8)

    for subset in ("training", "validation"):
        flow = generator.flow((pictures, numbers), numbers // 4, sample_weight=numbers, subset=subset)
        (x, along), y, weights = next(flow)
        assert sorted(y) == [0, 0, 1, 1]
        assert x[:, 0, 0, 0].tolist() == along.tolist() == weights.tolist()


def test_validation_is_left_alone_where_asked(smooth):
    generator = ImageDataGenerator(
        validation_split=0.5, split="stratified", augment_validation=False, rotation_range=90, rescale=0.5
    )
    pictures = smooth(4, 8, 8, 3)
    flow = generator.flow(pictures, subset="validation", shuffle=False)

    assert any((next(flow)[0] == picture * np.float32(0.5)).all() for picture in pictures)


def test_augmented_validation_is_advised_against(smooth):
    generator = ImageDataGenerator(validation_split=0.5, split="stratified", rotation_range=90)

    with pytest.warns(BodaWarning, match="augment_validation=False"):
        generator.flow(smooth(4, 8, 8, 3), subset="validation")


def test_a_generator_that_draws_nothing_gets_no_advice(smooth):
    ImageDataGenerator(validation_split=0.5, split="stratified").flow(smooth(4, 8, 8, 3), subset="validation")


def test_boxes_and_masks_of_another_length_are_refused(smooth):
    with pytest.raises(AugmentError, match="boxes must have one entry for each of the 2 pictures"):
        PLAIN.flow(smooth(2, 4, 4, 1), boxes=[()])
    with pytest.raises(AugmentError, match=r"masks must be \(n, 4, 4\)"):
        PLAIN.flow(smooth(2, 4, 4, 1), masks=np.zeros((2, 5, 4)))
