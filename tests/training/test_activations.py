"""Activations are computed once, kept as 16-bit floats within the limit, and are those of the picture's variants."""

import numpy as np
import pytest

from boda.augment.strength import pipeline_of_strength
from boda.data.duplicates import content_digest
from boda.data.view import View
from boda.sample import Sample
from boda.training import activations
from boda.training.activations import FOLDER, Trunk, keep
from boda.training.pictures import Pictures


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / FOLDER


@pytest.fixture
def pictures(picture):
    samples = [Sample(f"{i}", picture("berry", i)) for i in range(5)]
    return Pictures(samples, [content_digest(s.read_bytes()) for s in samples], np.zeros(5, int), 2, View(8))


@pytest.fixture
def trunk(tmp_path, monkeypatch):
    """A trunk that gives back every other pixel, and counts what goes through it."""
    seen = []

    def run(self, batches):  # noqa: ARG001 - the network's
        for batch in batches:
            seen.append(len(batch))
            yield {"cut": batch[:, ::2, ::2]}

    monkeypatch.setattr(activations, "Network", lambda *_, **__: type("Fake", (), {"run": run})())
    made = Trunk(tmp_path / "none.xml", "key", (4, 4, 3))
    object.__setattr__(made, "seen", seen)
    return made


PIPELINE = pipeline_of_strength("default", seed=3)


@pytest.mark.usefixtures("cache")
def test_rows_are_the_activations_of_each_variant(pictures, trunk):
    kept = keep(trunk, pictures, PIPELINE, 3)
    rows = kept.batch(np.array([4, 1]), np.array([2, 0]))

    assert kept.rows.dtype == np.float16
    assert rows.dtype == np.float32
    assert np.allclose(rows[0], pictures.varied(4, PIPELINE, 2)[::2, ::2], rtol=1e-3, atol=0.01)
    assert np.allclose(rows[1], pictures.plain(1)[::2, ::2], rtol=1e-3)


def test_they_are_computed_once(cache, pictures, trunk):
    keep(trunk, pictures, PIPELINE, 2)
    keep(trunk, pictures, PIPELINE, 2)

    assert sum(trunk.seen) == 10
    assert sorted(path.suffix for path in cache.iterdir()) == [".f16", ".json"]


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("change", ["seed", "views", "order", "trunk"])
def test_what_they_depend_on_makes_others_of_them(change, pictures, trunk):
    keep(trunk, pictures, PIPELINE, 2)
    other = Trunk(trunk.network, "another", trunk.shape) if change == "trunk" else trunk
    some = pictures.some(np.array([1, 0, 2, 3, 4])) if change == "order" else pictures
    pipeline = pipeline_of_strength("default", seed=4 if change == "seed" else 3)
    keep(other, some, pipeline, 3 if change == "views" else 2)

    assert sum(trunk.seen) == (25 if change == "views" else 20)


def test_a_torn_file_is_computed_again(cache, pictures, trunk):
    keep(trunk, pictures, PIPELINE, 2)
    (file,) = cache.glob("*.f16")
    file.write_bytes(file.read_bytes()[:-1])

    assert keep(trunk, pictures, PIPELINE, 2).rows.shape == (5, 2, 4, 4, 3)
    assert sum(trunk.seen) == 20


def test_a_stop_leaves_nothing_half_done(cache, pictures, trunk, monkeypatch):
    def stop(self, index, pipeline, epoch):  # noqa: ARG001 - the real one's
        raise KeyboardInterrupt

    monkeypatch.setattr(Pictures, "varied", stop)

    with pytest.raises(KeyboardInterrupt):
        keep(trunk, pictures, PIPELINE, 2)
    assert list(cache.iterdir()) == []


def test_what_does_not_fit_is_not_kept_and_that_is_said(cache, pictures, trunk, monkeypatch, capsys):
    monkeypatch.setenv("BODA_CACHE_LIMIT", "0.0000001")

    assert keep(trunk, pictures, PIPELINE, 2) is None
    assert "more than the cache may; they are computed each epoch" in capsys.readouterr().err
    assert not cache.exists()


def test_the_files_that_were_not_used_for_the_longest_make_room(cache, pictures, trunk, monkeypatch):
    bytes_of_one = 5 * 2 * 48 * 2
    monkeypatch.setenv("BODA_CACHE_LIMIT", str(1.5 * bytes_of_one / 2**30))
    keep(trunk, pictures, PIPELINE, 2)
    (first,) = cache.glob("*.f16")
    keep(trunk, pictures, pipeline_of_strength("default", seed=9), 2)

    assert not first.exists()
    assert len(list(cache.glob("*.f16"))) == 1


@pytest.mark.usefixtures("cache")
def test_values_beyond_what_16_bits_hold_become_the_largest(pictures, trunk, monkeypatch):
    monkeypatch.setattr(Pictures, "varied", lambda *_: np.full((8, 8, 3), 1e6, np.float32))

    assert float(keep(trunk, pictures, PIPELINE, 1).rows.max()) == 65504.0
