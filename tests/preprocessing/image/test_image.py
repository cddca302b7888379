"""The package as a whole."""

import inspect

import numpy as np
import pytest

from boda.preprocessing import image

KERAS_NAMES = {
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
}


def test_every_name_of_tensorflows_module_is_there():
    assert set(dir(image)) >= KERAS_NAMES


def test_every_public_name_can_be_imported():
    assert all(getattr(image, name) is not None for name in image.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'random_hue'"):
        image.random_hue  # noqa: B018 - the access itself is tested


@pytest.mark.parametrize(
    "name",
    [
        "ImageDataGenerator",
        "ImageDataGenerator.flow",
        "ImageDataGenerator.flow_from_directory",
        "ImageDataGenerator.flow_from_dataframe",
        "ImageDataGenerator.fit",
        "Iterator",
        "NumpyArrayIterator",
        "DirectoryIterator",
        "DataFrameIterator",
        "apply_affine_transform",
        "apply_brightness_shift",
        "apply_channel_shift",
        "random_rotation",
        "random_zoom",
    ],
)
def test_arguments_stand_in_keras_order_with_keras_defaults(keras_image, name):
    owner, _, method = name.partition(".")
    wanted, got = (getattr(module, owner) for module in (keras_image, image))
    wanted, got = (getattr(one, method) if method else one for one in (wanted, got))
    positional = [p for p in inspect.signature(wanted).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    ours = [p for p in inspect.signature(got).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]

    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in positional]


def test_importing_the_package_imports_no_keras(python):
    python("import sys, boda.preprocessing.image; assert 'keras' not in sys.modules and 'numba' not in sys.modules")


def test_nothing_needs_pandas_but_tables(python):
    python(
        "import sys; sys.modules['pandas'] = None\n"
        "import numpy as np\n"
        "from boda.preprocessing.image import DataFrameIterator, ImageDataGenerator\n"
        "next(ImageDataGenerator().flow(np.zeros((2, 4, 4, 3))))"
    )


@pytest.mark.slow
def test_keras_trains_on_an_iterator_with_workers(smooth):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = image.ImageDataGenerator(rotation_range=10, rescale=1 / 255)
    flow = generator.flow(smooth(10, 8, 8, 3), np.arange(10) % 2, batch_size=4, workers=2, max_queue_size=3)

    history = model.fit(flow, epochs=2, verbose=0)

    assert np.isfinite(history.history["loss"]).all()
