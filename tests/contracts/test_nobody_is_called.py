"""Nothing phones home: no connection, no process, nothing written into the user's home."""

import os
from pathlib import Path

import pytest

WATCHED = """
import os, socket, subprocess, sys

calls = []
def watch(owner, name):
    def call(*args, **options):
        calls.append((name, str(args[1:])[:200]))
        raise OSError(f"{name} is watched")
    setattr(owner, name, call)

for name in ("connect", "connect_ex", "sendto", "sendmsg"):
    watch(socket.socket, name)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    watch(socket, name)
for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "execve"):
    watch(os, name)
real = subprocess.Popen
class Popen(real):
    def __init__(self, *args, **options):
        calls.append(("Popen", str(args)[:200]))
        raise OSError("Popen is watched")
subprocess.Popen = Popen

from boda.cli.app import run

photos, picture = sys.argv[1:]
codes = [
    run(["train", photos, "--out", "run", *SETTINGS]),
    run(["predict", "run", picture]),
    run(["report", "run"]),
    run(["look", photos]),
]
sys.exit(f"{codes} {calls}" if calls or any(codes) else 0)
"""
DEEP = ["--set", "head.hidden=4", "--set", "head.epochs=2"]


@pytest.mark.skipif(os.name == "nt", reason="the watched calls are those of POSIX")
@pytest.mark.parametrize("settings", [[], pytest.param(DEEP, marks=pytest.mark.slow)], ids=["linear", "with Keras"])
def test_training_and_predicting_call_nobody_and_write_nothing_at_home(settings, photos, unseen, python, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    away = {"CI": "", "HOME": str(home), "BODA_CACHE": str(tmp_path / "cache")}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME"):
        assert not os.environ.get(name) or Path(os.environ[name]).is_absolute()
    python(WATCHED.replace("SETTINGS", repr(settings)), photos, unseen / "leaf" / "100.png", env=away)

    assert [path for path in home.rglob("*") if path.is_file()] == []
