"""What tests share: a cache of their own, a few pictures, one trained Run, the command, and the real data."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

import boda
from boda.cli import app
from boda.progress import Settings

sys.path.insert(0, str(Path(__file__).parent))

import tiny_sequences
from box_model import make_detect_run, make_locate_run

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("untimed")

TINTS = {"berry": (200, 40, 60), "leaf": (40, 180, 60), "water": (40, 80, 220)}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Features and networks of the tests, away from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BODA_CACHE", str(folder))
        patch.delenv("BODA_CACHE_LIMIT", raising=False)
        yield folder


@pytest.fixture(scope="session")
def data_dir():
    """The real data; a test that needs it is skipped where it is missing, but not in CI."""
    for place in (os.environ.get("BODA_DATA"), Path(__file__).parents[2] / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    if os.environ.get("CI"):
        pytest.fail("The real data is missing; set BODA_DATA.")
    return pytest.skip("The real data is missing; set BODA_DATA.")


@pytest.fixture(scope="session")
def picture():
    """Blotches in a class's tint, (h, w, 3) uint8; other numbers give pictures that are no copies."""

    def paint(name, number=0, size=(48, 40)):
        rng = np.random.default_rng([*name.encode(), number])
        coarse = rng.integers(0, 256, (6, 6, 3)) * 0.5 + np.array(TINTS[name]) * 0.5
        blotches = Image.fromarray(coarse.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        return np.asarray(blotches)

    return paint


@pytest.fixture(scope="session")
def plant():
    """Write files below a folder: text, bytes, or a grey picture of (width, height)."""

    def write(folder, files):
        for name, content in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, tuple):
                Image.new("RGB", content, "grey").save(place)
            else:
                place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return write


@pytest.fixture(scope="session")
def make_photos(picture):
    """Write `count` pictures a class as FOLDER/CLASS/NUMBER.png."""

    def make(folder, count=8, classes=tuple(TINTS), first=0):
        for name in classes:
            (folder / name).mkdir(parents=True)
            for number in range(first, first + count):
                Image.fromarray(picture(name, number)).save(folder / name / f"{number}.png")
        return folder

    return make


@pytest.fixture(scope="session")
def photos(tmp_path_factory, make_photos):
    """A folder of three classes with eight pictures each, for tests that only read it."""
    return make_photos(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="session")
def unseen(tmp_path_factory, make_photos):
    """Two pictures a class that no training has seen."""
    return make_photos(tmp_path_factory.mktemp("data") / "unseen", count=2, first=100)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, photos):
    """One Run on `photos`, for tests that only read it."""
    return boda.train(photos, out=tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture(scope="session")
def locate_run(tmp_path_factory):
    """A Run that finds one box a picture, for tests that only read it."""
    return make_locate_run(tmp_path_factory.mktemp("boxes") / "locate")


@pytest.fixture(scope="session")
def detect_run(tmp_path_factory):
    """A Run that finds many boxes a picture, for tests that only read it."""
    return make_detect_run(tmp_path_factory.mktemp("boxes") / "detect")


@pytest.fixture(scope="session")
def sequence_data(tmp_path_factory):
    """The path of a task's sequences, for tests that only read them; "lines" is a language of labelled lines."""
    folder, made = tmp_path_factory.mktemp("sequences"), {}

    def get(kind):
        if kind not in made:
            made[kind] = tiny_sequences.write(kind, folder)
        return made[kind]

    return get


@pytest.fixture(scope="session")
def train_sequences():
    """Train on the sequences of a task, a few units for two epochs, without a report."""

    def train(kind, data, out, **more):
        given = {"reading": tiny_sequences.READING.get(kind), **tiny_sequences.SMALL[kind], **more}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("boda.verbs.sequence_work.write_report", lambda run: run.path)
            return boda.train(data, out=out, **given)

    return train


@pytest.fixture(scope="session")
def sequence_run(tmp_path_factory, sequence_data, train_sequences):
    """The Run of a task, trained when it is first asked for, for tests that only read it."""
    folder, made = tmp_path_factory.mktemp("sequence-runs"), {}

    def get(kind):
        if kind not in made:
            made[kind] = train_sequences(kind, sequence_data(kind), folder / kind)
        return made[kind]

    return get


@pytest.fixture
def without_report(monkeypatch):
    """Train without drawing the report, which takes most of a small training's time."""
    monkeypatch.setattr("boda.verbs.work.write_report", lambda run: run.path)


@pytest.fixture
def command(capsys, monkeypatch):
    """Call `boda ARGS` in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(app, "_answer_to_signals", lambda: None)
    monkeypatch.setattr(Settings, "quiet", Settings.quiet)

    def call(*args):
        capsys.readouterr()
        code = app.run([str(arg) for arg in args])
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def python(tmp_path):
    """Run a script in a process of its own, in an empty folder, without what the tests have imported."""

    def start(script, *args, env=None, check=True, stdin=None):
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, args)],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            input=stdin,
            timeout=120,
        )
        if check:
            assert done.returncode == 0, done.stderr.decode()
        return done

    return start
