"""Features once: what was computed for a network, a view and a picture's content is never computed again."""

import hashlib

import numpy as np
import pytest

from boda.data.view import View
from boda.errors import BodaError, WeightsError
from boda.models.engine import Network
from boda.recipe import Recipe
from boda.sample import Sample
from boda.training.cache import FeatureStore
from boda.training.features import Extractor

VIEW = View(224)


@pytest.fixture(scope="module")
def extractor():
    return Extractor.of(Recipe())


@pytest.fixture
def store(own_cache, tmp_path, monkeypatch):
    """An empty store, beside the networks that are converted already."""
    (own_cache / "networks").mkdir(exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "networks").symlink_to(own_cache / "networks")
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return FeatureStore(tmp_path / "cache" / "features.sqlite")


@pytest.fixture
def ran(monkeypatch):
    """How many pictures went through a network."""
    counted = []
    real = Network.run

    def run(self, batches):
        def count():
            for batch in batches:
                counted.extend(range(len(batch)))
                yield batch

        yield from real(self, count())

    monkeypatch.setattr(Network, "run", run)
    return counted


@pytest.fixture
def samples(picture):
    return [Sample(str(i), picture("leaf", i)) for i in range(5)]


def digests(samples):
    return [hashlib.sha256(sample.read_bytes()).hexdigest() for sample in samples]


def features(extractor, samples, view=VIEW):
    return extractor.features(samples, digests(samples), view)


@pytest.mark.usefixtures("store")
def test_a_second_look_runs_no_network_and_gives_the_same(extractor, samples, monkeypatch):
    first = features(extractor, samples)
    monkeypatch.setattr(Network, "run", None)
    monkeypatch.setattr(Network, "__init__", None)

    np.testing.assert_array_equal(features(extractor, samples), first)
    np.testing.assert_array_equal(features(extractor, samples[::-1]), first[::-1])
    assert first.shape == (5, 1280)


@pytest.mark.usefixtures("store")
def test_only_new_pictures_are_computed(extractor, samples, ran):
    features(extractor, samples[:3])
    features(extractor, samples)

    assert len(ran) == 5


@pytest.mark.usefixtures("store")
def test_a_picture_that_stands_twice_is_computed_once(extractor, samples, ran):
    found = features(extractor, [samples[0], samples[1], samples[0]])

    assert len(ran) == 2
    np.testing.assert_array_equal(found[0], found[2])
    assert (found[0] != found[1]).any()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "view", [View(224, "crop"), View(224, mirrored=True), View(224, "crop", crop_share=1.0)], ids=lambda view: view.key
)
def test_another_view_is_computed_again(view, extractor, samples, ran):
    plain = features(extractor, samples)

    assert (features(extractor, samples, view) != plain).any(axis=1).all()
    assert len(ran) == 10


@pytest.mark.usefixtures("store")
def test_another_precision_is_computed_again(extractor, samples, ran):
    features(extractor, samples)
    features(Extractor(extractor.network, extractor.key, "bf16"), samples)

    assert len(ran) == 10


@pytest.mark.usefixtures("store")
def test_another_network_is_computed_again(extractor, samples, ran):
    features(extractor, samples)
    features(Extractor(extractor.network, "another"), samples)

    assert len(ran) == 10


def test_a_network_is_converted_once(monkeypatch):
    first = Extractor.of(Recipe())
    monkeypatch.setattr("boda.training.networks.write_embedded", None)

    assert Extractor.of(Recipe(resize="crop", folds=3)) == first


def test_each_backbone_and_each_weights_file_has_its_own_key(monkeypatch, tmp_path):
    monkeypatch.setattr("boda.training.networks._made_once", lambda path, write: path)  # noqa: ARG005 - its name is given
    (tmp_path / "mine.h5").write_bytes(b"weights")
    recipes = [Recipe(), Recipe("mobilenet_v2"), Recipe(weights=None), Recipe(weights=str(tmp_path / "mine.h5"))]
    keys = {Extractor.of(recipe).key for recipe in recipes}
    (tmp_path / "mine.h5").write_bytes(b"other weights")

    assert len(keys | {Extractor.of(recipes[-1]).key}) == 5


def test_a_weights_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"mine\.h5: the weights cannot be read: No such file"):
        Extractor.of(Recipe(weights=str(tmp_path / "mine.h5")))


def test_ctrl_c_keeps_what_was_computed(extractor, samples, store, monkeypatch):
    real = Extractor._rows

    def rows(self, *args):
        for i, row in enumerate(real(self, *args)):
            if i == 3:
                raise KeyboardInterrupt
            yield row

    monkeypatch.setattr(Extractor, "_rows", rows)

    with pytest.raises(KeyboardInterrupt):
        features(extractor, samples)
    assert store.count() == 3


def test_the_store_stays_within_the_limit(extractor, samples, store, monkeypatch):
    monkeypatch.setenv("BODA_CACHE_LIMIT", str(3 * 4 * 1280 / 2**30))

    assert features(extractor, samples).shape == (5, 1280)
    assert store.count() == 2


def test_a_limit_that_is_no_size_is_refused_before_anything_is_computed(extractor, samples, store, monkeypatch):
    monkeypatch.setenv("BODA_CACHE_LIMIT", "much")

    with pytest.raises(BodaError, match="BODA_CACHE_LIMIT must be a number of GiB"):
        features(extractor, samples)
    assert not store.path.exists()
