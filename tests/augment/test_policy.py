"""RandAugment and AugMix choose steps as Keras's layers do, and labels follow where they can."""

import numpy as np
import pytest

from boda.augment import AugMix, Labels, Pipeline, RandAugment
from boda.augment.effects import Move
from boda.errors import AugmentError

UNIT = (0.0, 1.0)


@pytest.fixture
def image():
    """(48, 64, 3) uint8, a smooth picture with all levels."""
    rows, columns = np.mgrid[:48, :64]
    return np.stack([rows * 5, columns * 4, (rows + columns) * 2], axis=-1).astype(np.uint8)


def keras_arguments(layer, name):
    """What Keras's policy hands to one of its layers, as pairs."""
    config = getattr(layer, name).get_config()
    ours = ("x_factor", "y_factor", "height_factor", "width_factor", "factor", "addition_factor", "threshold_factor")
    return {key: _plain(config[key]) for key in ours if key in config}


def _plain(value):
    return tuple(value) if isinstance(value, (list, tuple)) else value


def snake(name):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


@pytest.mark.parametrize("factor", [0.3, (0.1, 0.6)])
@pytest.mark.parametrize(("policy", "peer"), [(RandAugment, "RandAugment"), (AugMix, "AugMix")])
def test_a_policy_draws_from_the_steps_of_keras_layer_at_the_same_strength(policy, peer, factor):
    import keras

    layer = getattr(keras.layers, peer)(factor=factor)
    names = getattr(layer, "_AUGMENT_LAYERS", None) or layer._augment_layers

    steps = {snake(type(step).__name__): step for step in policy(factor=factor).steps()}

    assert sorted(steps) == sorted(names)
    for name, step in steps.items():
        for argument, theirs in keras_arguments(layer, name).items():
            ours = getattr(step, argument)
            same = (ours, ours) if isinstance(theirs, tuple) and not isinstance(ours, tuple) else ours
            assert same == theirs, (name, argument)


def test_without_all_ops_augmix_leaves_out_what_keras_leaves_out():
    import keras

    layer = keras.layers.AugMix(all_ops=False)

    assert sorted(snake(type(step).__name__) for step in AugMix(all_ops=False).steps()) == sorted(layer._augment_layers)


def test_randaugment_of_no_steps_changes_nothing(image):
    assert np.array_equal(Pipeline([RandAugment(num_ops=0)])(image), image)


def test_randaugment_draws_every_step_about_equally_often():
    scene_shape, pipeline = (32, 32, 3), Pipeline([RandAugment(num_ops=1)], seed=0)

    moving = sum(isinstance(pipeline.draw(scene_shape, sample=i)[0], Move) for i in range(1100))

    assert abs(moving - 300) < 60  # 3 of 11; the deviation is about 15


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("policy", [RandAugment, AugMix])
def test_results_stay_in_range_and_keep_their_shape(policy, factor, image):
    pipeline = Pipeline([policy(factor=factor)], seed=2)

    for i in range(30):
        done = pipeline(image, sample=i)
        assert done.shape == image.shape
        assert done.min() >= -1e-3
        assert done.max() <= 255.001


@pytest.mark.parametrize("policy", [RandAugment, AugMix])
def test_the_unit_range_gives_the_same_as_the_byte_range(policy, image):
    whole, unit = (Pipeline([policy(limits)], seed=4) for limits in ((0.0, 255.0), UNIT))
    scaled = image.astype(np.float32) / 255

    differences = [np.abs(255 * unit(scaled, sample=i) - whole(image, sample=i)).ravel() for i in range(10)]

    assert np.quantile(differences, 0.97) < 0.1  # posterizing and equalizing may take a value to the next level


def test_randaugment_moves_boxes_with_their_picture():
    image = np.zeros((64, 64, 3), np.uint8)
    image[24:40, 24:40] = 255
    box, found = [[24.0, 24, 40, 40]], 0
    pipeline = Pipeline([RandAugment(num_ops=1, factor=0.2)], seed=1)

    for i in range(40):
        if not isinstance(pipeline.draw(image.shape, Labels(np.array(box)), sample=i)[0], Move):
            continue
        done = pipeline(image, boxes=box, sample=i)
        rows, columns = np.nonzero(done.image[..., 0] > 127)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(done.boxes[0], seen, atol=2)
        found += 1
    assert found > 5


def test_augmix_is_the_weighted_sum_of_its_chains(image):
    step = AugMix(num_chains=2, chain_depth=0)

    np.testing.assert_allclose(Pipeline([step], seed=0)(image), image, atol=1e-3)


def test_augmix_moves_nothing_where_a_box_could_not_follow(image):
    pipeline = Pipeline([AugMix(factor=1.0)], seed=0)
    names = {type(step).__name__ for step in AugMix().steps(moving=False)}
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, 32:] = 255

    for i in range(20):
        done = pipeline(image, boxes=[[32, 0, 64, 48]], sample=i)
        assert np.ptp(done.image[:, 2:30], axis=(0, 1)).max() < 1e-3  # each half stays of one colour
        assert np.ptp(done.image[:, 34:-2], axis=(0, 1)).max() < 1e-3
        assert done.boxes.tolist() == [[32, 0, 64, 48]]
    assert not names & {"RandomShear", "RandomTranslation", "RandomRotation"}


def test_augmix_moves_a_picture_that_has_only_its_class():
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, 32:] = 255
    pipeline = Pipeline([AugMix(factor=1.0)], seed=0)

    left = [np.ptp(pipeline(image, labels=3, sample=i).image[:, 2:30]) for i in range(20)]

    assert max(left) > 10


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandAugment(num_ops=-1), r"RandAugment: num_ops must be a whole number from 0"),
        (lambda: RandAugment(factor=2), r"RandAugment: factor must be a number or a pair of numbers from 0 to 1"),
        (lambda: RandAugment(interpolation="cubic"), r"RandAugment: interpolation must be one of nearest, bilinear"),
        (lambda: AugMix(num_chains=0), r"AugMix: num_chains must be a whole number from 1"),
        (lambda: AugMix(alpha=0), r"AugMix: alpha must be a number above 0"),
        (lambda: AugMix(value_range=(1, 0)), r"AugMix: value_range must be a pair"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
