"""Nothing phones home: no connection, no process, and nothing of boda's in the user's home.

Two questions to the system itself are let through: matplotlib lists the fonts, and Python asks for the processor.
Matplotlib keeps its list of fonts in its own cache, and Keras its settings in .keras/keras.json, as they do for
everybody who imports them.
"""

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
        if args[0] not in (["fc-list", "--help"], ["uname", "-p"]):
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


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home, with no sign that this is a test."""
    for name in ("CI", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "home"


@pytest.mark.skipif(os.name == "nt", reason="the watched calls are those of POSIX")
@pytest.mark.parametrize("settings", [[], pytest.param(DEEP, marks=pytest.mark.slow)], ids=["linear", "with Keras"])
def test_training_and_predicting_call_nobody_and_write_nothing_at_home(settings, photos, unseen, python, home):
    python(WATCHED.replace("SETTINGS", repr(settings)), photos, unseen / "leaf" / "100.png")

    written = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    theirs = {Path(".keras", "keras.json")} if settings else set()
    assert {path for path in written if path.parent != Path(".cache", "matplotlib")} == theirs
