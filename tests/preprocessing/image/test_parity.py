"""The same seed gives Keras's own draws and, within two levels of 255, Keras's own pictures."""

import numpy as np
import pytest

from boda.preprocessing import image as boda_image

pytestmark = pytest.mark.filterwarnings("ignore:Please (use|import) `affine_transform`:DeprecationWarning")

CLASSIC = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "brightness_range": (0.8, 1.2),
    "channel_shift_range": 20,
    "rescale": 1 / 255,
}
ALONE = [
    {"rotation_range": 20},
    {"width_shift_range": 0.1},
    {"width_shift_range": 5},
    {"width_shift_range": [0.1, 0.2]},
    {"height_shift_range": 2.5},
    {"height_shift_range": [-7, 3, 9]},
    {"shear_range": 20},
    {"zoom_range": 0.3},
    {"zoom_range": (0.5, 0.5)},
    {"horizontal_flip": True},
    {"vertical_flip": True},
    {"brightness_range": (0.3, 1.9)},
    {"channel_shift_range": 60},
    {"channel_shift_range": 60, "brightness_range": (0.5, 1.5)},
    {"rescale": 1 / 255},
    {"samplewise_center": True},
    {"samplewise_std_normalization": True, "samplewise_center": True},
    {"interpolation_order": 0, "rotation_range": 30},
    {"interpolation_order": 3, "rotation_range": 30},
    {"fill_mode": "mirror", "rotation_range": 30},
    {"fill_mode": "constant", "cval": 300, **CLASSIC},
    {"fill_mode": "constant", "cval": -7.5, **CLASSIC},
    {"dtype": "float64", **CLASSIC},
]


def batches(module, pictures, arguments, count=3, **flow):
    iterator = module.ImageDataGenerator(**arguments).flow(pictures, batch_size=5, seed=3, **flow)
    return [next(iterator) for _ in range(count)]


def expect_equal(keras_image, pictures, arguments, **flow):
    """99.99 % of the values within one level of 255, the rest within two."""
    wanted = np.concatenate(batches(keras_image, pictures, arguments, **flow))
    got = np.concatenate(batches(boda_image, pictures, arguments, **flow))
    levels = np.abs(got.astype(float) - wanted) * (255 if arguments.get("rescale") else 1)
    assert got.dtype == wanted.dtype
    assert levels.max() <= 2.001
    assert np.mean(levels > 1.001) <= 1e-4


@pytest.mark.parametrize("arguments", ALONE, ids=str)
def test_each_argument_alone_gives_keras_pictures(keras_image, smooth, arguments):
    expect_equal(keras_image, smooth(11, 37, 53, 3), arguments)


@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
@pytest.mark.parametrize("shape", [(64, 64, 3), (37, 53, 1), (37, 53, 4), (1, 9, 3), (2, 2, 1)], ids=str)
def test_the_classic_recipe_gives_keras_pictures(keras_image, smooth, shape, fill_mode):
    expect_equal(keras_image, smooth(11, *shape), {**CLASSIC, "fill_mode": fill_mode})


@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
def test_the_move_alone_is_scipys_to_a_hundredth_of_a_level(keras_image, smooth, fill_mode):
    moves = {name: CLASSIC[name] for name in list(CLASSIC)[:6]} | {"fill_mode": fill_mode}
    pictures = smooth(8, 61, 47, 3)

    wanted, got = (np.concatenate(batches(module, pictures, moves)) for module in (keras_image, boda_image))

    assert np.abs(got - wanted).max() < 1e-2


def test_channels_first_gives_keras_pictures(keras_image, smooth):
    arguments = {**CLASSIC, "data_format": "channels_first", "brightness_range": None}

    expect_equal(keras_image, np.moveaxis(smooth(8, 40, 30, 3), -1, 1), arguments)


def test_float_pictures_that_leave_0_to_255_give_keras_pictures(keras_image, smooth):
    expect_equal(keras_image, smooth(8, 40, 30, 3).astype(np.float32) * 1.7 - 60, CLASSIC)


@pytest.mark.parametrize("theta", [45, 90, 180, 270, 360])
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "wrap"])
@pytest.mark.parametrize("order", [0, 1])
def test_quarter_turns_round_as_keras_does(keras_image, smooth, theta, fill_mode, order):
    picture = smooth(1, 31, 31, 3)[0].astype(np.float32)
    turn = {"theta": theta, "tx": 2, "flip_horizontal": True}

    wanted, got = (
        module.ImageDataGenerator(fill_mode=fill_mode, interpolation_order=order).apply_transform(picture, turn)
        for module in (keras_image, boda_image)
    )

    np.testing.assert_allclose(got, wanted, atol=1e-3)


@pytest.mark.parametrize("arguments", ALONE, ids=str)
def test_draws_are_keras_draws(keras_image, arguments):
    keras_generator = keras_image.ImageDataGenerator(**arguments)
    generator = boda_image.ImageDataGenerator(**arguments)

    for seed in range(5):
        wanted = keras_generator.get_random_transform((40, 30, 3), seed)
        assert generator.get_random_transform((40, 30, 3), seed) == wanted


def test_unseeded_draws_come_from_numpys_global_state(keras_image, smooth):
    results = []
    for module in (keras_image, boda_image):
        np.random.seed(7)  # noqa: NPY002 - as a user of Keras does
        results.append(next(module.ImageDataGenerator(**CLASSIC).flow(smooth(6, 16, 16, 3), batch_size=6)))

    np.testing.assert_allclose(*results, atol=1.01 / 255)


def test_a_function_that_draws_draws_between_the_pictures_as_in_keras(keras_image, smooth):
    def noise(picture):
        return picture + np.random.uniform(0, 50)  # noqa: NPY002 - as a user of Keras does

    expect_equal(keras_image, smooth(8, 16, 16, 3), {"rotation_range": 20, "preprocessing_function": noise})


def test_a_subclass_that_draws_differently_is_asked(smooth):
    class Upside(boda_image.ImageDataGenerator):
        def get_random_transform(self, img_shape, seed=None):  # noqa: ARG002 - Keras's signature
            return {"flip_vertical": True}

    pictures = smooth(4, 8, 8, 3)

    np.testing.assert_array_equal(Upside().flow(pictures, batch_size=4, shuffle=False)[0], pictures[:, ::-1])


def test_a_method_set_on_the_generator_is_called(smooth):
    generator = boda_image.ImageDataGenerator()
    generator.standardize = lambda x: x * 0

    assert not next(generator.flow(smooth(4, 8, 8, 3))).any()


@pytest.mark.parametrize("steps", [{"featurewise_center": True}, {"featurewise_center": True, "zca_whitening": True}])
@pytest.mark.parametrize("augment", [False, True])
def test_fitted_steps_give_keras_values(keras_image, smooth, steps, augment):
    pictures = smooth(40, 5, 5, 3) + np.random.default_rng(0).integers(0, 9, (40, 5, 5, 3)).astype(np.float32)
    arguments = {**steps, "rotation_range": 30, "rescale": 1 / 255, "zca_epsilon": 1e-2}
    results = []
    for module in (keras_image, boda_image):
        generator = module.ImageDataGenerator(**arguments)
        generator.fit(pictures, augment=augment, rounds=2, seed=5)
        results.append(next(generator.flow(pictures, seed=3)))

    np.testing.assert_allclose(*results, atol=2e-3)


def test_an_order_by_index_is_keras_order(keras_image, smooth):
    results = []
    for module in (keras_image, boda_image):
        iterator = module.ImageDataGenerator().flow(smooth(7, 4, 4, 1), np.arange(7), batch_size=3, seed=1)
        first, second = iterator[1][1], iterator[0][1]
        iterator.on_epoch_end()
        results.append([*first, *second, *iterator[2][1], *next(iterator)[1], *iterator[0][1]])

    assert results[0] == results[1]


FILES = [
    {"color_mode": "rgb"},
    {"color_mode": "grayscale", "interpolation": "lanczos"},
    {"color_mode": "rgba", "interpolation": "bilinear", "keep_aspect_ratio": True},
    {"class_mode": "sparse", "keep_aspect_ratio": True},
    {"class_mode": "binary", "interpolation": "box"},
    {"class_mode": "input"},
    {"class_mode": None, "shuffle": False},
    {"classes": ["bee", "ant"]},
]


def flatten(batch):
    return list(batch) if isinstance(batch, tuple) else [batch]


@pytest.mark.parametrize("flow", FILES, ids=str)
def test_folders_give_keras_batches(keras_image, class_folders, flow):
    wanted, got = (
        module.ImageDataGenerator().flow_from_directory(
            str(class_folders), target_size=(17, 23), batch_size=4, seed=2, **flow
        )
        for module in (keras_image, boda_image)
    )

    for name in ("filenames", "filepaths", "class_indices", "samples", "num_classes", "image_shape", "n"):
        assert getattr(got, name) == getattr(wanted, name)
    np.testing.assert_array_equal(got.classes, wanted.classes)
    for _ in range(3):
        for one, other in zip(flatten(next(got)), flatten(next(wanted)), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("mode", ["categorical", "binary", "sparse", "raw", "multi_output", "input", None])
def test_tables_give_keras_batches(keras_image, class_folders, mode):
    pandas = pytest.importorskip("pandas")
    names = sorted(str(path.relative_to(class_folders)) for path in class_folders.rglob("*.*"))
    table = pandas.DataFrame({"filename": names, "class": [name[:3] for name in names], "size": range(len(names))})
    y_col = {"raw": "size", "multi_output": ["size", "class"]}.get(mode, "class")
    wanted, got = (
        module.ImageDataGenerator().flow_from_dataframe(
            table,
            str(class_folders),
            y_col=y_col,
            class_mode=mode,
            weight_col="size",
            target_size=(9, 8),
            batch_size=4,
            seed=2,
        )
        for module in (keras_image, boda_image)
    )

    assert got.filenames == wanted.filenames
    for one, other in zip(flatten(next(got)), flatten(next(wanted)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.data
def test_photographs_give_keras_pictures(keras_image, data_dir):
    results = []
    for module in (keras_image, boda_image):
        iterator = module.ImageDataGenerator(**CLASSIC).flow_from_directory(
            str(data_dir / "flowers" / "val"), target_size=(96, 96), batch_size=8, seed=1
        )
        results.append(next(iterator)[0])

    levels = np.abs(results[1] - results[0]) * 255
    assert levels.max() <= 2.001
    assert np.mean(levels > 1.001) <= 1e-4
