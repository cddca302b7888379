import hashlib
import os
import socket
import warnings
from dataclasses import replace

import h5py
import numpy as np
import pytest

from boda.errors import WeightsError
from boda.models import download, weights_file
from boda.models.assemble import _scaled, build_backbone, build_classifier_as_is, feature_model
from boda.models.backbones import BACKBONES, WeightsFile
from boda.models.keras_import import import_keras
from boda.models.weights_file import check_size, load_weights_file

# Keras 3.15 reads a TensorFlow variable in a way that NumPy 2 announces the end of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture
def small():
    """A network with every kind of weight that files hold: convolution, BatchNormalization, dense."""
    keras = import_keras()
    x = image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="first")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.DepthwiseConv2D(3, name="depth")(x)
    return keras.Model(image, keras.layers.Conv2D(2, 1, name="second")(x))


def randomize(model, seed=0):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return [weight.numpy() for weight in model.weights]


def write_legacy(model, path):
    """The layout of keras.applications' files: attributes list the layers and their arrays, in order."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([layer.name.encode() for layer in model.layers])
        for layer in model.layers:
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            names = [f"{layer.name}/{i}_{weight.name}:0".encode() for i, weight in enumerate(weights)]
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = np.array(names) if names else np.zeros(0)
            for name, weight in zip(names, weights, strict=True):
                group[name.decode()] = weight.numpy()


def assert_same(model, values):
    for weight, value in zip(model.weights, values, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


@pytest.mark.data
def test_the_embedded_network_agrees_with_the_original(data_dir):
    keras = import_keras()
    reference = np.load(data_dir / "efficientnet_lite0_reference.npz")
    scaled = np.random.default_rng(0).normal(size=(2, 224, 224, 3)).astype("float32")
    whole = build_classifier_as_is("efficientnet_lite0")
    model = keras.Model(whole.input, [whole.get_layer("pooled").output, whole.output])

    pooled, logits = model.predict_on_batch(scaled * 128 + 127)

    np.testing.assert_allclose(pooled, reference["pooled"], atol=1e-4)
    np.testing.assert_allclose(logits, reference["logits"], atol=1e-4)


def test_pooled_is_the_mean_of_the_map():
    image = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype("float32")

    maps, pooled = feature_model("efficientnet_lite0").predict_on_batch(image)

    np.testing.assert_allclose(pooled, maps.mean(axis=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("lite", [(255 - 127) / 128, -127 / 128, (51 - 127) / 128]),
        ("tf", [1, -1, 51 / 127.5 - 1]),
        ("torch", [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]),
        ("caffe", [51 - 103.939, -116.779, 255 - 123.68]),
    ],
)
def test_scaling_is_the_networks_own(mode, expected):
    keras = import_keras()
    image = keras.Input((2, 3, 3))
    model = keras.Model(image, _scaled(image, mode))

    scaled = model.predict_on_batch(np.full((1, 2, 3, 3), [255, 0, 51], dtype="float32"))

    np.testing.assert_allclose(scaled, np.broadcast_to(expected, (1, 2, 3, 3)), atol=1e-4)


def test_caffe_scaling_keeps_every_pixel_in_its_place():
    keras = import_keras()
    image = keras.Input((4, 5, 3))
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")

    scaled = keras.Model(image, _scaled(image, "caffe")).predict_on_batch(pixels)

    np.testing.assert_allclose(scaled, pixels[..., ::-1] - [103.939, 116.779, 123.68], atol=1e-4)


def test_keras_3_weights_come_back(small, tmp_path):
    values = randomize(small)
    small.save_weights(tmp_path / "w.weights.h5")
    randomize(small, seed=1)

    load_weights_file(small, tmp_path / "w.weights.h5")

    assert_same(small, values)


def test_legacy_weights_come_back(small, tmp_path):
    values = randomize(small)
    write_legacy(small, tmp_path / "w.h5")
    randomize(small, seed=1)

    load_weights_file(small, tmp_path / "w.h5")

    assert_same(small, values)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "resnet50"])
@pytest.mark.parametrize("layout", ["legacy", "keras3"])
def test_a_file_of_keras_applications_gives_keras_own_features(name, layout, tmp_path):
    keras = import_keras()
    builder = getattr(keras.applications, BACKBONES[name].builder.rsplit(".", 1)[-1])
    original = builder(include_top=False, weights=None, input_shape=(224, 224, 3))
    path = tmp_path / "original.weights.h5"
    write_legacy(original, path) if layout == "legacy" else original.save_weights(path)
    image = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype("float32")
    module = keras.applications.resnet50 if name == "resnet50" else keras.applications.mobilenet_v3

    expected = original.predict_on_batch(module.preprocess_input(image.copy()))

    np.testing.assert_allclose(build_backbone(name, path).predict_on_batch(image), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_our_flat_convnext_is_keras_nested_one(tmp_path):
    keras = import_keras()
    original = keras.applications.ConvNeXtTiny(include_top=False, weights=None, input_shape=(224, 224, 3))
    for weight in original.weights:
        if "scale" in weight.path:
            weight.assign(np.ones(weight.shape))
    write_legacy(original, tmp_path / "w.h5")
    image = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype("float32")

    ours = build_backbone("convnext_tiny", tmp_path / "w.h5").predict_on_batch(image)

    np.testing.assert_allclose(ours, original.predict_on_batch(image), atol=1e-3)


def test_a_file_of_another_network_names_the_first_mismatch(small, tmp_path):
    values = randomize(small)
    write_legacy(small, tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        name = file["norm"].attrs["weight_names"][2].decode()
        del file["norm"][name]
        file["norm"][name] = np.zeros(5, dtype="float32")
    randomize(small, seed=1)
    now = [weight.numpy() for weight in small.weights]

    with pytest.raises(WeightsError, match=r"norm/moving_mean has the shape \(4,\), but .*/norm/.* has \(5,\)"):
        load_weights_file(small, tmp_path / "w.h5")
    assert_same(small, now)
    assert not np.array_equal(now[0], values[0])


def test_a_file_with_too_few_arrays_is_refused(small, tmp_path):
    write_legacy(small, tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        file.attrs["layer_names"] = file.attrs["layer_names"][:-1]

    with pytest.raises(WeightsError, match=r"it holds 8 arrays, but .* has 10"):
        load_weights_file(small, tmp_path / "w.h5")


def test_a_keras_3_file_of_another_network_is_refused(small, tmp_path):
    keras = import_keras()
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "w.weights.h5")

    with pytest.raises(WeightsError, match=r"made for another network: first has no array layers/conv2d/vars/0"):
        load_weights_file(small, tmp_path / "w.weights.h5")


def test_a_whole_model_is_refused_with_what_to_do(small, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small.save(tmp_path / "model.h5")

    with pytest.raises(WeightsError, match=r"refused: .*model|save the weights alone"):
        load_weights_file(small, tmp_path / "model.h5")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n" + bytes(64)])
def test_what_is_no_hdf5_is_refused(small, tmp_path, content):
    (tmp_path / "w.h5").write_bytes(content)

    with pytest.raises(WeightsError, match=r"w\.h5: expected a weights-only HDF5 file"):
        load_weights_file(small, tmp_path / "w.h5")


def test_a_missing_file_is_named(small, tmp_path):
    with pytest.raises(WeightsError, match=r"none\.h5: the weights cannot be read: No such file"):
        load_weights_file(small, tmp_path / "none.h5")


def test_a_huge_file_is_refused_unread(small, tmp_path):
    with (tmp_path / "w.h5").open("wb") as file:
        file.truncate((1 << 30) + 1)

    with pytest.raises(WeightsError, match="the limit is 1073741824"):
        load_weights_file(small, tmp_path / "w.h5")


def hostile_soft_link(file, *_):
    file["stolen"] = h5py.SoftLink("/first")


def hostile_external_link(file, folder):
    with h5py.File(folder / "secret.h5", "w") as other:
        other["x"] = np.zeros(3)
    file["stolen"] = h5py.ExternalLink("secret.h5", "/x")


def hostile_external_storage(file, folder):
    (folder / "secret.bin").write_bytes(b"secret! " * 8)
    file.create_dataset("stolen", (8,), "f8", external=[(str(folder / "secret.bin"), 0, 64)])


def hostile_virtual(file, folder):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "x", (3,))
    file.create_virtual_dataset("stolen", layout)


def hostile_shape(file, *_):
    file.create_dataset("bomb", (1 << 28,), "f4", chunks=(1 << 20,), compression="gzip")


def hostile_chunk(file, *_):
    file.create_dataset("bomb", (4,), "f4", chunks=(1 << 28,), maxshape=(None,))


def hostile_many(file, *_):
    for i in range(40):
        file.create_dataset(f"bomb{i}", (1 << 18,), "f4", chunks=(1 << 18,), compression="gzip")


def hostile_cycle(file, *_):
    group = file.create_group("a")
    group["again"] = file["/"]


def hostile_depth(file, *_):
    file.create_group("/".join("abcdefghijklmnopqrst"))


def hostile_strings(file, *_):
    file.create_dataset("text", data=["a" * 100] * 3, dtype=h5py.string_dtype())


def hostile_type(file, *_):
    file["type"] = np.dtype("f4")


def hostile_names(file, *_):
    del file.attrs["layer_names"]
    file.attrs["layer_names"] = ["first"] * 20


def hostile_missing(file, *_):
    del file["first"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (hostile_soft_link, "is a link to elsewhere"),
        (hostile_external_link, "is a link to elsewhere"),
        (hostile_external_storage, "outside the file"),
        (hostile_virtual, "outside the file"),
        (hostile_shape, "more values than the file can hold"),
        (hostile_chunk, "more values than the file can hold"),
        (hostile_many, "more values than the file can hold"),
        (hostile_cycle, "met twice|nested"),
        (hostile_depth, "nested more than 16 deep"),
        (hostile_strings, "not numbers"),
        (hostile_type, "neither a group nor an array"),
        (hostile_names, "not names of a fixed length"),
        (hostile_missing, "HDF5 says"),
    ],
)
def test_a_hostile_file_is_refused(small, tmp_path, spoil, reason):
    write_legacy(small, tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        spoil(file, tmp_path)

    with pytest.raises(WeightsError, match=reason):
        load_weights_file(small, tmp_path / "w.h5")


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(*_arguments, **_options):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_without_network_and_file_the_error_says_what_to_bring_from_where():
    with pytest.raises(
        WeightsError,
        match=r"Bring the file resnet50_weights\S+_notop\.h5 from https://\S+ and pass --weights resnet50_weights\S+",
    ):
        download.fetch(BACKBONES["resnet50"])


@pytest.mark.usefixtures("no_network")
def test_weights_in_keras_cache_are_used_when_their_digest_agrees(tmp_path):
    (tmp_path / "keras" / "models").mkdir(parents=True)
    path = tmp_path / "keras" / "models" / "w.h5"
    path.write_bytes(b"weights")
    digest = hashlib.md5(b"weights").hexdigest()
    row = BACKBONES["resnet50"]

    def with_digest(value):
        return replace(row, weights=WeightsFile("https://example.org/w.h5", f"md5:{value}"))

    assert download.fetch(with_digest(digest)) == path
    with pytest.raises(WeightsError, match=f"w.h5: altered or incomplete: expected md5 {'0' * 32}, got {digest}"):
        download.fetch(with_digest("0" * 32))


def test_the_file_limit_is_a_gibibyte():
    assert weights_file.MAX_BYTES == 2**30


def test_weights_with_nan_are_refused(tmp_path):
    keras = import_keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5", "r+") as file:
        file["layers/dense/vars/0"][...] = np.nan

    with pytest.raises(WeightsError, match="holds NaN or infinity"):
        load_weights_file(model, tmp_path / "w.weights.h5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_of_weights_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "w.h5")

    with pytest.raises(WeightsError, match="must be an ordinary file"):
        check_size(tmp_path / "w.h5")
