"""A file is the old one or the new one, whole, whatever happens in between."""

import json
import os

import pytest

from boda import atomic
from boda.errors import RunError

KILLED_AT = """
import os, signal, sys
from pathlib import Path
from boda import atomic

def fatal(owner, name, calls):
    real, left = getattr(owner, name), [calls]
    def call(*args, **options):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)
    setattr(owner, name, call)

stage, path = sys.argv[1:]
{
    "open": lambda: fatal(atomic.tempfile, "mkstemp", 1),
    "write": lambda: fatal(os, "fdopen", 1),
    "fsync": lambda: fatal(os, "fsync", 1),
    "read back": lambda: fatal(Path, "read_bytes", 1),
    "chmod": lambda: fatal(Path, "chmod", 1),
    "rename": lambda: fatal(Path, "replace", 1),
    "after the rename": lambda: fatal(atomic, "sync_folder", 1),
    "fsync of the folder": lambda: fatal(os, "fsync", 2),
}[stage]()
atomic.write_bytes(Path(path), b"new" * 100_000)
"""

DISK_FULL = """
import resource, sys
from pathlib import Path
from boda import atomic

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    atomic.write_bytes(Path(sys.argv[1]), b"new" * 100_000)
except OSError as error:
    sys.exit(0 if error.errno in (27, 28) else 3)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "kept" / "metrics.json"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("stage", ["open", "write", "fsync", "read back", "chmod", "rename"])
def test_killed_before_the_rename_leaves_the_old_file(stage, file, python):
    done = python(KILLED_AT, stage, file, check=False)

    assert done.returncode == -9
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize("stage", ["after the rename", "fsync of the folder"])
def test_killed_after_the_rename_leaves_the_new_file(stage, file, python):
    done = python(KILLED_AT, stage, file, check=False)

    assert done.returncode == -9
    assert file.read_bytes() == b"new" * 100_000


def test_a_full_disk_leaves_the_old_file_and_nothing_else(file, python):
    python(DISK_FULL, file)

    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["metrics.json"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_an_error_that_names_it(file):
    file.parent.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="kept"):
            atomic.write_bytes(file, b"new")
    finally:
        file.parent.chmod(0o700)


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_an_error_on_the_way_leaves_the_old_file_and_nothing_else(broken, file, monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(broken, fail)
    with pytest.raises(OSError, match="Input/output error"):
        atomic.write_bytes(file, b"new")
    monkeypatch.undo()

    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["metrics.json"]


def test_what_does_not_read_back_the_same_is_an_error(file, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda _: b"altered")
    with pytest.raises(RunError, match=r"metrics\.json: what was written does not read back the same"):
        atomic.write_bytes(file, b"new")
    monkeypatch.undo()

    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["metrics.json"]


def test_a_new_file_has_the_rights_that_an_ordinary_one_has(tmp_path):
    (tmp_path / "ordinary").touch()
    atomic.write_bytes(tmp_path / "atomic", b"")

    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_json_refuses_nan_and_keeps_the_old_file(file):
    with pytest.raises(ValueError, match="Out of range float values"):
        atomic.write_json(file, {"loss": float("nan")})

    assert file.read_bytes() == b"old"


def test_json_keeps_names_that_are_no_utf8(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    atomic.write_json(tmp_path / "names.json", [name, "漢.png"])

    assert json.loads((tmp_path / "names.json").read_text("utf-8")) == [name, "漢.png"]
