"""A network is made once, is whole where it is, and the cache is done without where it cannot be used."""

import pytest

from boda.recipe import Recipe
from boda.training import networks
from boda.training.networks import feature_network


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def written(monkeypatch):
    """How often a network was written."""
    times = []
    real = networks.write_embedded
    monkeypatch.setattr(networks, "write_embedded", lambda path: (times.append(path), real(path)))
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
