"""A checkpoint is whole or not there, of the right training, and every value in it comes back as it was."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from boda.errors import RunError
from boda.training import checkpoint
from boda.training.checkpoint import Checkpoints, Snapshot, Writer, pack, unpack

KILLED_AT = """
import os, signal, sys
from pathlib import Path
from boda import atomic
from boda.training.checkpoint import Checkpoints, Snapshot
import numpy as np

def fatal(owner, name, calls):
    real, left = getattr(owner, name), [calls]
    def call(*args, **options):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)
    setattr(owner, name, call)

folder = Path(sys.argv[1])
stages = {
    "the arrays open": lambda: fatal(atomic.tempfile, "mkstemp", 1),
    "the arrays are synced": lambda: fatal(os, "fsync", 1),
    "the arrays are renamed": lambda: fatal(Path, "replace", 1),
    "the manifest opens": lambda: fatal(atomic.tempfile, "mkstemp", 2),
    "the manifest is synced": lambda: fatal(os, "fsync", 3),
    "the manifest is renamed": lambda: fatal(Path, "replace", 2),
    "the folder is synced": lambda: fatal(os, "fsync", 4),
    "the first old file goes": lambda: fatal(Path, "unlink", 1),
    "the second old file goes": lambda: fatal(Path, "unlink", 2),
}
for number, (stage, arm) in enumerate(stages.items()):
    kept = Checkpoints(folder / str(number), "f")
    for epoch in (1, 2):
        kept.save(Snapshot.of(epoch, 0, {"w": np.full(1000, float(epoch))}))
    child = os.fork()
    if not child:
        arm()
        kept.save(Snapshot.of(3, 0, {"w": np.full(1000, 3.0)}))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status), stage
    print(stage, kept.load().epoch, kept.load().state()["w"].sum(), sep=":")
    kept.save(Snapshot.of(4, 0, {"w": np.zeros(1)}))
    assert kept.load().epoch == 4
    assert len(list(kept.folder.iterdir())) == 4, list(kept.folder.iterdir())
"""

DISK_FULL = """
import resource, sys
from pathlib import Path
from boda.training.checkpoint import Checkpoints, Snapshot
import numpy as np

kept = Checkpoints(Path(sys.argv[1]), "f")
kept.save(Snapshot.of(1, 0, {"w": np.ones(10)}))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    kept.save(Snapshot.of(2, 0, {"w": np.ones(10_000)}))
except OSError as error:
    print(error.errno in (27, 28), kept.load().epoch)
"""


def snapshot(epoch=1, batch=0, **state):
    return Snapshot.of(epoch, batch, state)


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2**70, 0.1, -0.0, "é", [1, [2.5]], (1, (2, "a")), {"a": 1, 2: "b", None: []}, [], {}, ()],
    ids=repr,
)
def test_plain_values_come_back_with_their_types(value):
    arrays = {}
    back = unpack(json.loads(json.dumps(pack(value, arrays))), arrays)

    assert repr(back) == repr(value)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_values_that_json_does_not_know_come_back(value):
    assert repr(unpack(json.loads(json.dumps(pack(float(value), {}), allow_nan=False)), {})) == repr(float(value))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "bool", "U3"])
def test_arrays_come_back_with_their_types(dtype):
    arrays, value = {}, np.arange(6).reshape(2, 3).astype(dtype)
    back = unpack(pack([value], arrays), arrays)[0]

    assert back.dtype == value.dtype
    assert (back == value).all()


def test_a_numpy_scalar_stays_one():
    arrays = {}

    assert type(unpack(pack(np.float32(0.1), arrays), arrays)) is np.float32


@pytest.mark.parametrize("value", [object(), {1, 2}, lambda: 0, np.array([None]), [open]])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(TypeError, match="Expected"):
        pack(value, {})


def test_a_snapshot_is_a_copy_both_ways():
    weights, lines = np.zeros(2), [1]
    kept = snapshot(weights=weights, lines=lines)
    weights[0] = 5
    lines.append(2)
    kept.state()["weights"][1] = 7

    assert kept.state()["weights"].tolist() == [0, 0]
    assert kept.state()["lines"] == [1]


def test_the_last_two_are_kept_and_the_newest_is_loaded(tmp_path):
    kept = Checkpoints(tmp_path / "new" / "folder", "f")
    for epoch in range(1, 5):
        kept.save(snapshot(epoch, 3, weights=np.full(3, epoch, np.float32)))
    found = kept.load()

    names = sorted(path.name for path in kept.folder.iterdir())
    assert names == ["000003.json", "000003.npz", "000004.json", "000004.npz"]
    assert (found.epoch, found.batch, found.state()["weights"].tolist()) == (4, 3, [4, 4, 4])


def test_an_empty_folder_has_none(tmp_path):
    assert Checkpoints(tmp_path / "absent", "f").load() is None


@pytest.mark.parametrize("damage", ["torn arrays", "no arrays", "torn manifest", "another epoch", "no object"])
def test_a_damaged_one_falls_back_to_the_one_before_and_says_so(damage, tmp_path, capsys):
    kept = Checkpoints(tmp_path, "f")
    kept.save(snapshot(1))
    kept.save(snapshot(2, weights=np.ones(100)))
    arrays, manifest = tmp_path / "000002.npz", tmp_path / "000002.json"
    {
        "torn arrays": lambda: arrays.write_bytes(arrays.read_bytes()[:50]),
        "no arrays": arrays.unlink,
        "torn manifest": lambda: manifest.write_text(manifest.read_text()[:50]),
        "another epoch": lambda: manifest.write_text(manifest.read_text().replace('"epoch": 2', '"epoch": 7')),
        "no object": lambda: manifest.write_text("[]"),
    }[damage]()

    assert kept.load().epoch == 1
    assert "000002.json is damaged" in " ".join(capsys.readouterr().err.split())


def test_another_fingerprint_is_refused(tmp_path):
    Checkpoints(tmp_path, "flowers").save(snapshot())

    with pytest.raises(RunError, match=r"expected the fingerprint ants, came flowers. Bring back"):
        Checkpoints(tmp_path, "ants").load()


def test_another_format_is_refused(tmp_path, monkeypatch):
    Checkpoints(tmp_path, "f").save(snapshot())
    monkeypatch.setattr(checkpoint, "FORMAT", 2)

    with pytest.raises(RunError, match="a checkpoint of format 1, this boda reads 2"):
        Checkpoints(tmp_path, "f").load()


def test_other_versions_are_said(tmp_path, monkeypatch, capsys):
    Checkpoints(tmp_path, "f").save(snapshot(4))
    monkeypatch.setattr(checkpoint, "_versions", lambda: {"keras": "9"})

    assert Checkpoints(tmp_path, "f").load().epoch == 4
    assert "no longer exact to the bit" in " ".join(capsys.readouterr().err.split())


def test_a_pickled_array_is_not_opened(tmp_path):
    kept = Checkpoints(tmp_path, "f")
    kept.save(snapshot(weights=np.ones(3)))
    manifest, arrays = tmp_path / "000001.json", tmp_path / "000001.npz"
    with arrays.open("wb") as file:
        np.savez(file, allow_pickle=True, a0=np.array([print], dtype=object))
    whole = json.loads(manifest.read_text())
    whole["sha256"]["arrays"] = checkpoint.atomic.file_digest(arrays)
    manifest.write_text(json.dumps(whole))

    assert kept.load() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_stage_of_a_save_the_newest_whole_one_loads(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED_AT, tmp_path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = [line.split(":") for line in done.stdout.splitlines()]
    assert [int(epoch) for _, epoch, _ in found] == [2, 2, 2, 2, 2, 2, 3, 3, 3], found
    assert all(float(total) == 1000.0 * int(epoch) for _, epoch, total in found)


def test_a_full_disk_leaves_the_old_one(tmp_path):
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", DISK_FULL, tmp_path], capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["True", "1"], done.stderr


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="everything may be written by this user")
def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(RunError, match=r"No checkpoint can be written to .* Make room"):
        Writer(Checkpoints(tmp_path, "f")).write(snapshot())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match=r"No checkpoint can be written to .*file.*Make room"):
        Writer(Checkpoints(tmp_path / "file", "f")).write(snapshot())


def test_writing_takes_no_more_than_its_share_of_the_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Checkpoints, "save", lambda *_: now.__setitem__(0, now[0] + 2.0))
    writer = Writer(Checkpoints(tmp_path, "f", every=30.0, share=0.05))
    writer.write(snapshot())

    due = {}
    for seconds in (2 + 29, 2 + 31, 2 + 39, 2 + 41):
        now[0] = float(seconds)
        due[seconds - 2] = (writer.is_due(), writer.is_due_within())
    assert due == {29: (False, False), 31: (False, False), 39: (False, False), 41: (True, True)}


def test_within_an_epoch_they_are_some_seconds_apart(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    writer = Writer(Checkpoints(tmp_path, "f", every=30.0))

    now[0] = 29.0
    assert (writer.is_due(), writer.is_due_within()) == (True, False)
    now[0] = 31.0
    assert writer.is_due_within()


def test_without_checkpoints_nothing_is_due():
    assert not Writer(None).is_due()
