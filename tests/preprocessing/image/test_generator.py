import numpy as np
import pytest

from boda.preprocessing.image import ImageDataGenerator


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data_format": "middle"}, "`data_format` should be"),
        ({"validation_split": 5}, "strictly between 0 and 1"),
        ({"zoom_range": (1, 2, 3)}, "`zoom_range` should be a float"),
        ({"zoom_range": ("a", "b")}, "`zoom_range` should be a float"),
        ({"brightness_range": 0.1}, "brightness_range should be tuple or list"),
        ({"split": "random"}, "split must be one of contiguous, stratified"),
    ],
)
def test_arguments_that_are_none_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(**arguments)


@pytest.mark.parametrize(
    ("arguments", "changed", "to"),
    [
        ({"zca_whitening": True}, "featurewise_center", True),
        (
            {"zca_whitening": True, "featurewise_center": True, "featurewise_std_normalization": True},
            "featurewise_std_normalization",
            False,
        ),
        ({"featurewise_std_normalization": True}, "featurewise_center", True),
        ({"samplewise_std_normalization": True}, "samplewise_center", True),
    ],
)
def test_settings_that_exclude_each_other_are_settled_with_a_warning(arguments, changed, to):
    with pytest.warns(UserWarning, match=f"overrides setting of `{changed}`"):
        generator = ImageDataGenerator(**arguments)

    assert getattr(generator, changed) is to


@pytest.mark.parametrize(
    "arguments",
    [
        {"featurewise_center": True},
        {"featurewise_center": True, "featurewise_std_normalization": True},
        {"featurewise_center": True, "zca_whitening": True},
    ],
)
def test_steps_that_were_not_fitted_say_so_and_do_nothing(arguments):
    with pytest.warns(UserWarning, match="hasn't been fit on any training data"):
        assert ImageDataGenerator(**arguments).standardize(np.ones((2, 2, 3))).tolist() == np.ones((2, 2, 3)).tolist()


def test_standardizing_goes_function_rescale_centre():
    generator = ImageDataGenerator(preprocessing_function=lambda x: x + 1, rescale=2, samplewise_center=True)

    assert generator.standardize(np.array([[[1.0], [3.0]]])).tolist() == [[[-2], [2]]]


def test_standardizing_a_batch_takes_it_as_one():
    generator = ImageDataGenerator(samplewise_center=True)

    assert generator.standardize(np.array([[[[1.0]]], [[[3.0]]]])).ravel().tolist() == [-1, 1]


def test_fit_learns_from_rescaled_pictures():
    generator = ImageDataGenerator(featurewise_center=True, rescale=0.5)
    generator.fit(np.full((4, 2, 2, 3), 10, np.uint8))

    assert generator.mean.ravel().tolist() == [5, 5, 5]


def test_fit_does_not_write_into_the_callers_pictures(smooth):
    pictures = smooth(4, 3, 3, 1).astype(np.float32)
    before = pictures.copy()

    ImageDataGenerator(featurewise_center=True, rescale=0.5).fit(pictures)

    np.testing.assert_array_equal(pictures, before)


def test_fit_wants_four_axes():
    with pytest.raises(ValueError, match="should have rank 4"):
        ImageDataGenerator().fit(np.zeros((3, 4, 4)))


def test_fit_warns_of_odd_channels():
    with pytest.warns(UserWarning, match=r"either 1, 3 or 4 channels on axis 3.*\(5 channels\)"):
        ImageDataGenerator().fit(np.zeros((3, 4, 4, 5)))


def test_applying_nothing_returns_a_picture_of_its_own(smooth):
    picture = smooth(1, 3, 3, 3)[0].astype(np.float32)

    same = ImageDataGenerator().apply_transform(picture, {})

    np.testing.assert_array_equal(same, picture)
    assert not np.shares_memory(same, picture)


def test_a_seed_repeats_a_random_transform(smooth):
    picture = smooth(1, 9, 9, 3)[0].astype(np.float32)
    generator = ImageDataGenerator(rotation_range=90)

    np.testing.assert_array_equal(generator.random_transform(picture, 3), generator.random_transform(picture, 3))
    assert (generator.random_transform(picture, 3) != generator.random_transform(picture, 4)).any()


@pytest.mark.parametrize("name", ["has_ext", "sort", "drop_duplicates"])
def test_old_arguments_of_tables_are_taken_with_a_warning(class_folders, name):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"filename": ["ant/0.png"], "class": ["ant"]})

    with pytest.warns(DeprecationWarning, match=f"{name} is deprecated"):
        ImageDataGenerator().flow_from_dataframe(table, class_folders, **{name: True})


def test_the_old_class_mode_means_raw(class_folders):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"filename": ["ant/0.png"], "class": [7]})

    with pytest.warns(DeprecationWarning, match='please use `class_mode="raw"`'):
        flow = ImageDataGenerator().flow_from_dataframe(table, class_folders, class_mode="other")

    assert next(flow)[1].tolist() == [7]
