"""A network is made once, is whole where it is, and the cache is done without where it cannot be used."""

import numpy as np
import pytest

from boda.models import engine
from boda.models.assemble import feature_model
from boda.models.cut import cut_layer, trunk
from boda.recipe import Recipe
from boda.training import networks
from boda.training.networks import cut_network, feature_network

SMALL = "mobilenet_v3_small"
LAYER = cut_layer(SMALL, "last-2")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def written(monkeypatch):
    """How often a network was written."""
    times = []
    real = networks.write_embedded
    monkeypatch.setattr(networks, "write_embedded", lambda path, size=None: (times.append(path), real(path, size)))
    return times


@pytest.mark.usefixtures("cache")
def test_a_network_is_made_once(written):
    first, again = feature_network(Recipe()), feature_network(Recipe())

    assert first == again
    assert len(written) == 1


@pytest.mark.parametrize("name", ["network.bin", "network.xml", "network.json"])
@pytest.mark.parametrize("torn", [True, False], ids=["torn", "gone"])
def test_a_network_that_is_not_whole_is_made_again(name, torn, cache, written):
    path, _ = feature_network(Recipe())
    file = path.with_name(name)
    if torn:
        file.write_bytes(file.read_bytes()[:-7])
    else:
        file.unlink()
    feature_network(Recipe())

    assert len(written) == 2
    assert sorted(p.name for p in (cache / "networks").rglob("*.*") if p.is_file()) == [
        "network.bin",
        "network.json",
        "network.xml",
    ]


def test_where_the_cache_cannot_be_used_the_network_is_made_for_this_time(cache, capsys):
    cache.write_text("a file where the folder should be")
    path, _ = feature_network(Recipe())

    assert path.exists()
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.usefixtures("cache")
def test_each_size_has_a_network_of_its_own(written):
    keys = {feature_network(Recipe(size=size))[1] for size in (160, 192, 224, None)}

    assert len(keys) == len(written) == 3


def test_a_network_takes_pictures_of_the_recipes_size(cache):
    path, _ = feature_network(Recipe(size=96))

    (answer,) = engine.Network(path, outputs=("map",)).run([np.zeros((2, 96, 96, 3), np.uint8)])
    assert answer["map"].shape == (2, 3, 3, 1280)
    assert cache in path.parents


@pytest.fixture(scope="module")
def small():
    """A small network with fresh weights."""
    return feature_model(SMALL, None, 64)


@pytest.fixture
def conversions(monkeypatch):
    """How often a network was converted; none really is."""
    times = []

    def convert(_model, path, names):
        times.append(names)
        path.write_bytes(b"xml")
        path.with_suffix(".bin").write_bytes(b"bin")

    monkeypatch.setattr(networks, "convert", convert)
    return times


@pytest.mark.usefixtures("cache")
def test_what_lies_below_a_cut_answers_as_keras_does(small):
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)

    path, _ = cut_network(SMALL, small, LAYER)

    (answer,) = engine.Network(path).run([images])
    expected = np.asarray(trunk(small, LAYER)(images.astype("float32"), training=False))
    assert list(answer) == ["cut"]
    assert answer["cut"].shape == (3, 2, 2, 96)
    np.testing.assert_allclose(answer["cut"], expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("cache")
def test_a_cut_network_is_made_once(small, conversions):
    first, again = cut_network(SMALL, small, LAYER), cut_network(SMALL, small, LAYER)

    assert first == again
    assert conversions == [("cut",)]


@pytest.mark.usefixtures("cache", "conversions")
def test_each_layer_and_each_size_has_a_cut_network_of_its_own(small):
    larger = feature_model(SMALL, None, 96)
    larger.set_weights(small.get_weights())
    cuts = [(small, LAYER), (small, cut_layer(SMALL, "last-3")), (larger, LAYER)]

    assert len({cut_network(SMALL, model, layer) for model, layer in cuts}) == 3


@pytest.mark.usefixtures("cache", "conversions")
@pytest.mark.parametrize(("layer", "another"), [("expanded_conv_project_bn", True), ("conv_1_bn", False)])
def test_a_trunk_that_was_trained_gets_another_network_and_a_tail_does_not(small, layer, another):
    weight = small.get_layer(layer).weights[-1]
    _, before = cut_network(SMALL, small, LAYER)

    weight.assign(weight + 1e-3)

    assert (cut_network(SMALL, small, LAYER)[1] != before) is another
