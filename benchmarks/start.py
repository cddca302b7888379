"""How long one waits for boda to start: help, import, and one answer, each a whole process.

    python benchmarks/start.py [--run RUN] [--rounds 7]

Without a Run, one is trained first on ten pictures a class of the flowers; the network is the same.
The peers are an empty Python and `import keras`. The processes take turns, so that all meet the same weather.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import machine

EACH = 10
TO_REACH = {"boda --help": "0.4", "boda predict RUN one.jpg": "1.5"}


def small_run(flowers: Path, room: Path) -> Path:
    """A Run below `room`, trained on a few pictures of each class."""
    for folder in sorted((flowers / "train").iterdir()):
        (room / "pictures" / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[:EACH]:
            shutil.copy(file, room / "pictures" / folder.name)
    machine.timed(machine.boda("train", room / "pictures", "--out", room / "run"), BODA_CACHE=room / "cache")
    return room / "run"


def commands(run: Path, picture: Path) -> dict[str, list[str]]:
    """What is timed."""
    python = [sys.executable, "-c"]
    return {
        "boda --help": machine.boda("--help"),
        'python -c "import boda"': [*python, "import boda"],
        "boda predict RUN one.jpg": machine.boda("predict", run, picture),
        "python -c pass (peer)": [*python, "pass"],
        'python -c "import keras" (peer)': [*python, "import keras"],
    }


def race(entrants: dict[str, list[str]], rounds: int) -> dict[str, list[machine.Timed]]:
    """Each of them once a round, after a round that does not count."""
    found: dict[str, list[machine.Timed]] = {name: [] for name in entrants}
    for number in range(rounds + 1):
        for name, command in entrants.items():
            process = machine.timed(command)
            if number:
                found[name].append(process)
        machine.note(f"round {number} of {rounds}")
    return found


def rows(found: dict[str, list[machine.Timed]]) -> list[list[str]]:
    """Seconds, and how they compare with `import keras`."""
    keras = median(p.wall for p in found['python -c "import keras" (peer)'])
    return [
        [
            f"`{name.removesuffix(' (peer)')}`{' (peer)' * name.endswith(' (peer)')}",
            machine.spread([p.wall for p in processes], 2),
            machine.spread([p.cpu for p in processes], 2),
            f"{median(p.wall for p in processes) / keras:.2f}",
            TO_REACH.get(name, ""),
        ]
        for name, processes in found.items()
    ]


def main() -> None:
    """Race, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    print(machine.facts())
    flowers = machine.data("flowers")
    with tempfile.TemporaryDirectory() as room:
        run = args.run or small_run(flowers, Path(room))
        found = race(commands(run, min(flowers.glob("val/*/*.jpg"))), args.rounds)
    print(
        machine.table(("whole process", "wall s", "CPU s", "share of `import keras`", "wall s to reach"), rows(found))
    )
    print(f"Median of {args.rounds}, from the least to the most in brackets.")


if __name__ == "__main__":
    main()
