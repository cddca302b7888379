"""What every benchmark here needs: where the pictures are, what machine this is, and a child process timed.

    python benchmarks/machine.py

prints the machine's facts alone.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("BODA_DATA") or ROOT.parent / "shared" / "data")
PACKAGES = ("boda", "keras", "tensorflow-cpu", "tensorflow", "openvino", "numpy", "scipy", "pillow")
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # they would tune one machine's NumPy
BODA = shutil.which("boda", path=str(Path(sys.executable).parent))
HEAVY = "keras, openvino, PIL.Image, scipy.optimize, sklearn.base, matplotlib.figure"


@dataclass(frozen=True)
class Timed:
    """A process that ended well: seconds on the wall and of all its threads, what it printed, its peak memory in MB."""

    wall: float
    cpu: float
    stdout: str
    peak: float

    @property
    def last_line(self) -> str:
        """Where the children of these benchmarks put their JSON."""
        return self.stdout.rstrip().rpartition("\n")[2]


def timed(command: Sequence[str | Path], **variables: str | Path) -> Timed:
    """Run `command` to its end, with `variables` in its environment; RuntimeError with its last words if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, env=environment(**variables))
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"{shlex.join(map(str, command))} ended with {child.returncode}:\n{read(err)[-2000:]}")
        peak = usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
        return Timed(wall, usage.ru_utime + usage.ru_stime, read(out), peak)


def read(file: tempfile._TemporaryFileWrapper[bytes]) -> str:
    """All that was written to `file`."""
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def environment(**variables: str | Path) -> dict[str, str]:
    """This process's environment without `UNSET`, and with `variables`."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return {**kept, **{name: str(value) for name, value in variables.items()}}


def boda(*words: str | Path) -> list[str]:
    """The command `boda` of this environment with its arguments."""
    return [*([BODA] if BODA else [sys.executable, "-m", "boda"]), *map(str, words)]


def itself(*words: str | Path) -> list[str]:
    """The running script as a child with other arguments."""
    return [sys.executable, sys.argv[0], *map(str, words)]


def data(name: str) -> Path:
    """The folder `name` of the real data; SystemExit where it is missing."""
    if not (DATA / name).is_dir():
        raise SystemExit(f"The data {name} is missing. Set BODA_DATA to the folder that holds it.")
    return DATA / name


def warm_up(*folders: Path) -> None:
    """Bring libraries and pictures into the system's file cache, so that the first process has no slower disk."""
    timed([sys.executable, "-W", "ignore", "-c", f"import {HEAVY}"])
    for file in (file for folder in folders for file in folder.rglob("*") if file.is_file()):
        file.read_bytes()


def facts() -> str:
    """The machine, the versions, how busy it was, and the command, as Markdown."""
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := version_of(name)))
    load = f" Load before the start: {os.getloadavg()[0]:.1f}." if hasattr(os, "getloadavg") else ""
    return (
        f"{processor()}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}, {time.strftime('%Y-%m-%d')}.\n"
        f"Python {platform.python_version()}, {versions}.{load}\n\n"
        f"    {shlex.join(['python', f'benchmarks/{Path(sys.argv[0]).name}', *sys.argv[1:]])}\n"
    )


def processor() -> str:
    """The processor's name, as Linux gives it where this is Linux."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def version_of(name: str) -> str | None:
    """The installed version of the package `name`."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median, and from the least to the most in brackets.

    >>> spread([3.0, 1.0, 2.0])
    '2.0 (1.0 to 3.0)'
    """
    middle = f"{median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)) + "\n"


def note(text: str) -> None:
    """Say how far it is, on standard error; standard output is for RESULTS.md."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(facts())
