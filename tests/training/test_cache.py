"""What is kept between trainings: vectors by key, within a limit, by several processes, and nobody else's files."""

import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from boda.errors import BodaError
from boda.training.cache import FeatureStore, cache_folder, cache_limit, cache_size, clear_cache, key_of

PUT_FORTY = """
import sys
import numpy as np
from pathlib import Path
from boda.training.cache import FeatureStore

store = FeatureStore(Path(sys.argv[1]))
sys.stdin.readline()
for i in range(40):
    store.put([(f"{sys.argv[2]} {i}", np.full(64, i, np.float32))])
    assert len(store.get([f"{sys.argv[2]} {j}" for j in range(i + 1)])) == i + 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def store(folder):
    return FeatureStore(folder / "features.sqlite")


def vectors(*keys, width=8):
    return [(key, np.arange(width, dtype=np.float32) + i) for i, key in enumerate(keys)]


def test_what_is_put_is_got_back(store):
    store.put(vectors("a", "b"))
    found = store.get(["b", "c"])

    assert list(found) == ["b"]
    np.testing.assert_array_equal(found["b"], np.arange(8) + 1)
    assert found["b"].dtype == np.float32
    assert store.count() == 2


def test_an_empty_store_makes_no_file_when_it_is_asked(store):
    assert store.get(["a"]) == {}
    assert store.count() == 0
    assert not store.path.exists()


def test_more_keys_than_one_question_holds(store):
    keys = [str(i) for i in range(1203)]
    store.put(vectors(*keys, width=1))

    assert len(store.get(keys)) == 1203


def test_no_two_lists_of_parts_have_one_key():
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of("abc", ""), key_of("c", "ab")}) == 5


@pytest.mark.parametrize("damage", ["header", "middle", "cut"])
def test_a_damaged_file_is_put_aside_and_begun_anew(damage, store, capsys):
    keys = [str(i) for i in range(300)]
    store.put(vectors(*keys, width=256))
    data = bytearray(store.path.read_bytes())
    if damage == "header":
        data[:100] = b"!" * 100
    elif damage == "middle":
        data[4096:-4096] = b"!" * (len(data) - 8192)
    else:
        del data[len(data) // 2 :]
    store.path.write_bytes(data)

    assert len(store.get(keys)) < 300
    assert "is damaged; it is put aside" in capsys.readouterr().err
    assert store.path.with_suffix(".damaged").exists()
    store.put(vectors("a"))
    assert list(store.get(["a", "0"])) == ["a"]


def test_two_processes_write_at_once_and_nothing_is_lost(store):
    start = [sys.executable, "-c", PUT_FORTY, str(store.path)]
    both = [subprocess.Popen([*start, name], stdin=subprocess.PIPE, stderr=subprocess.PIPE) for name in "ab"]
    for process in both:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[1].decode() for process in both]

    assert said == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    assert store.count() == 80


def test_trim_keeps_what_was_used_last(store):
    keys = [f"{i:02d}" for i in range(20)]
    store.put(vectors(*keys, width=4096))
    with sqlite3.connect(store.path) as base:
        base.executemany("UPDATE features SET used = ? WHERE key = ?", [(int(key), key) for key in keys])
    base.close()
    store.get(["03"])
    store.trim(10 * 4 * 4096)

    assert sorted(store.get(keys)) == ["03", "13", "14", "15", "16", "17", "18", "19"]
    assert store.path.stat().st_size <= 10 * 4 * 4096


def test_trim_leaves_what_is_within_the_limit(store):
    store.put(vectors(*"abc"))
    store.trim(2**20)

    assert store.count() == 3


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("database or disk is full"), OSError(30, "Read-only file system")]
)
def test_what_cannot_be_kept_is_said_and_done_without(error, store, monkeypatch, capsys):
    def fail(_):
        raise error

    store.put(vectors("a"))
    monkeypatch.setattr(FeatureStore, "_connect", fail)
    store.put(vectors("b"))
    assert "Features could not be written in" in capsys.readouterr().err
    assert store.get(["a"]) == {}
    assert "Features could not be read in" in capsys.readouterr().err
    monkeypatch.undo()

    assert list(store.get(["a", "b"])) == ["a"]


def test_the_limit_is_four_gib_or_what_the_user_says(monkeypatch):
    assert cache_limit() == 4 * 2**30
    monkeypatch.setenv("BODA_CACHE_LIMIT", "0.5")
    assert cache_limit() == 2**29


@pytest.mark.parametrize("text", ["much", "", "-1", "nan", "inf"])
def test_a_limit_that_is_no_size_is_refused(text, monkeypatch):
    monkeypatch.setenv("BODA_CACHE_LIMIT", text)

    with pytest.raises(BodaError, match=rf"BODA_CACHE_LIMIT must be a number of GiB, 0 or more\. Received: '{text}'"):
        cache_limit()


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these have folders of their own for caches")
def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("BODA_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "boda"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "boda"


def test_clear_removes_what_boda_keeps_and_nothing_else(folder, store):
    store.put(vectors("a"))
    ours = folder / "networks" / "efficientnet_lite0-0123"
    ours.mkdir(parents=True)
    (ours / "network.bin").write_bytes(b"weights")
    (ours / "network.xml").write_bytes(b"graph")
    theirs = [folder / "features.csv", folder / "notes" / "features.sqlite", folder / "networks" / "drawing.svg"]
    for path in theirs:
        path.parent.mkdir(exist_ok=True)
        path.write_text("theirs")
    freed = clear_cache()

    assert sorted(p for p in folder.rglob("*") if p.is_file()) == sorted(theirs)
    assert freed > len(b"weightsgraph")
    assert cache_size() == 3 * len("theirs")


def test_clearing_a_cache_that_is_not_there_is_no_error(folder):
    assert clear_cache() == 0
    assert not os.path.lexists(folder)
