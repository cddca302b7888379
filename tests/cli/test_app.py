"""The command as a whole: exit codes, errors without tracebacks, signals, and what its help says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boda.cli.app import COMMANDS

HELP = Path(__file__).parent / "help.txt"

# Each picture takes half a second, so that a signal comes while features are computed.
SLOWLY = r"""
import os, signal, sys, time

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with Ctrl-C ignored
from boda.cli.app import main
from boda.data.view import View

real = View.pixels
def pixels(self, *args):
    if self.size > 100:
        os.write(1, b"working\n")
        time.sleep(0.5)
    return real(self, *args)
View.pixels = pixels
sys.argv[0] = "boda"
main()
"""

LIGHT = """
import sys
from boda.cli.app import run

code = run(["--help"])
heavy = {"numpy", "keras", "tensorflow", "rich", "PIL", "openvino"} & set(sys.modules)
sys.exit(f"imported {sorted(heavy)}" if heavy else code)
"""


def test_the_whole_help_is_the_stored_text(command, monkeypatch):
    """Where this fails because the help was meant to change, store it anew: COLUMNS=100 boda --help > help.txt."""
    monkeypatch.setenv("COLUMNS", "100")
    code, out, err = command("--help")

    assert (code, err) == (0, "")
    assert out == HELP.read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_its_own_name(name, command):
    code, out, _ = command(name, "--help")

    assert code == 0
    assert out.startswith(f"Usage: boda {name} ")


def test_help_imports_nothing_heavy(python):
    python(LIGHT)


def test_the_version_is_printed(command):
    import boda

    assert command("--version")[:2] == (0, f"boda, version {boda.__version__}\n")


def test_without_a_command_the_help_is_shown(command):
    code, out, err = command()

    assert code == 2
    assert "Usage: boda [OPTIONS] COMMAND" in out + err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["trian"], "No command 'trian'. Did you mean 'train'?"),
        (["zzz"], "No command 'zzz'. Commands: demo, look, train"),
        (["train"], "Give a folder, a file or a table, or --resume RUN"),
        (["train", "x", "--resume", "y"], "Give a folder, a file or a table, or --resume RUN"),
        (["train", "x", "--sead", "1"], "No such option '--sead'. (Did you mean one of: '--read', '--seed'"),
        (["train", "x", "--seed", "one"], "'one' is not a valid integer"),
        (["train", "x", "--seed", "-1"], "-1 is not in the range"),
        (["train", "x", "--set", "head.hidden"], "expected NAME=VALUE, such as head.dropout=0.3"),
        (["train", "x", "--recipe", "nowhere.toml"], "'nowhere.toml' does not exist"),
        (["predict"], "Missing argument 'RUN'"),
        (["predict", "x", "y", "--min-confidence", "2"], "expected a number from 0 to 1, or auto"),
        (["predict", "x", "y", "--top", "0"], "0 is not in the range"),
        (["completion", "csh"], "'csh' is not one of 'bash', 'zsh', 'fish'"),
    ],
)
def test_a_wrong_call_exits_2_and_says_what_is_wrong(args, said, command):
    code, out, err = command(*args)

    assert code == 2
    assert said in err
    assert out == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["train", "nowhere"], "nowhere"),
        (["train", "nowhere", "--backbone", "mobilnet"], "There is no backbone mobilnet. Did you mean mobilenet?"),
        (["train", "nowhere", "--set", "head.hiden=8"], "A recipe has no entry head.hiden. Did you mean head.hidden?"),
        (
            ["train", "nowhere", "--set", "head.dropout=high"],
            "head.dropout must be 0 to below 1. Received: head.dropout='high'",
        ),
        (["predict", "nowhere", "x.jpg"], "nowhere is neither a Run's folder nor a network"),
        (["report", "nowhere"], "nowhere is no Run"),
        (["backbones", "mobilnet"], "Did you mean mobilenet?"),
    ],
)
def test_an_error_that_the_user_can_mend_exits_1_in_one_line(args, said, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*args)

    assert code == 1
    assert said in err
    assert err.startswith("boda: ")
    assert len(err.splitlines()) == 1
    assert out == ""


def wait_until_it_works(process):
    """Until all threads run: a signal within CPython's own `Thread.start` makes it print a remark."""
    assert process.stdout.readline() == b"working\n"
    time.sleep(0.3)


@pytest.fixture
def empty_store(own_cache, tmp_path, monkeypatch):
    """A folder whose `cache` holds no features yet, but the networks that are converted already."""
    (own_cache / "networks").mkdir(exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "networks").symlink_to(own_cache / "networks")
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "stopped"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_while_features_are_computed_ends_in_order(number, code, said, photos, empty_store):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, "train", str(photos), "--out", "run"],
        cwd=empty_store,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until_it_works(process)
    began = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert process.returncode == code
    assert time.monotonic() - began < 10
    assert f"boda: {said}".encode() in err
    assert b"Traceback" not in err
    assert json.loads((empty_store / "run" / "run.json").read_text("utf-8"))["status"] == "interrupted"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_pictures_are_answered_ends_in_order(number, code, trained, unseen, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, "predict", str(trained.path), *[str(unseen)] * 20],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until_it_works(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert process.returncode == code
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o nosort"), ("zsh", "#compdef boda"), ("fish", "complete --no-files")]
)
def test_completion_scripts_are_printed(shell, mark, command):
    code, out, _ = command("completion", shell)

    assert code == 0
    assert mark in out
    assert "_BODA_COMPLETE" in out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="completion is tested where its shell is sure to be")
def test_completion_knows_commands_and_options(tmp_path):
    def complete(words, index):
        asked = {"_BODA_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(index)}
        start = [sys.executable, "-c", "from boda.cli.app import boda; boda(prog_name='boda')"]
        return subprocess.run(
            start, env={**os.environ, **asked}, cwd=tmp_path, capture_output=True, text=True, check=False
        ).stdout

    assert complete("boda pre", 1).split() == ["plain,predict"]
    assert "plain,--group-pattern" in complete("boda train --gr", 2)


def test_python_dash_m_boda_is_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "boda", "trian"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "Did you mean 'train'?" in done.stderr


def test_quiet_says_nothing_on_standard_error(photos, command, tmp_path):
    code, out, err = command("--quiet", "train", photos, "--out", tmp_path / "run", "--json")

    assert (code, err) == (0, "")
    assert json.loads(out)["val"]["n"] == 6
