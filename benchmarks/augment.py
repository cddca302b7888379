"""boda's augmentation against what people use, on one core by CPU time, every peer in the same run.

    python benchmarks/augment.py                     every fill mode, then speed against picture size with a plot
    python benchmarks/augment.py --seconds 1 --rounds 2 --modes nearest --sizes 224

`augment_peers.py` has the recipe and the peers. Each runs in a process of its own and waits for its turn; in every
round all of them are measured one after the other, so that a slower machine is slower for all. Peers that are not
installed are named and left out: pip install tf_keras albumentationsx torch torchvision kornia.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from augment_peers import PEERS
from machine import ROOT, environment, facts, version_of

PLOT = ROOT / "docs" / "pictures" / "augment_speed.png"
REACH = {
    "tf_keras": {"nearest": 10, "constant": 10, "reflect": 10, "wrap": 7},
    "Keras 3 legacy": {"nearest": 10, "constant": 10, "reflect": 10, "wrap": 7},
    "Keras 3 layers": dict.fromkeys(("nearest", "constant", "reflect", "wrap"), 15),
    "AlbumentationsX": dict.fromkeys(("nearest", "constant", "reflect", "wrap"), 2.5),
    "torchvision v2": {"constant": 4},
    "kornia": dict.fromkeys(("nearest", "constant", "reflect"), 4),
}
OVER_SIZES = ("boda generator", "boda pipeline", "tf_keras", "Keras 3 layers", "AlbumentationsX")
VERSIONS = ("tf_keras", "albumentationsx", "torch", "torchvision", "kornia", "opencv-python-headless", "numba")


@dataclass
class Peer:
    """A child that measures when asked; `rates` are its images a CPU-second, round by round."""

    name: str
    fill_mode: str
    size: int
    rates: list[float] = field(default_factory=list)
    child: subprocess.Popen[str] | None = None
    why_not: str = ""

    def start(self) -> None:
        """Start the child; all of them make their first batches at the same time."""
        script = Path(__file__).with_name("augment_peers.py")
        command = [sys.executable, "-W", "ignore", script, self.name, self.fill_mode, str(self.size)]
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe, env=environment())

    def wait(self) -> None:
        """Wait until the child is ready."""
        if self.child and self._answer() != "ready":
            self.why_not = (self.child.stderr.read().strip().splitlines() or ["?"])[-1] if self.child.stderr else "?"
            self.child = None

    def measure(self, seconds: float) -> None:
        """One round."""
        if self.child and self.child.stdin:
            self.child.stdin.write(f"{seconds}\n")
            self.child.stdin.flush()
            self.rates.append(float(self._answer()))

    def stop(self) -> None:
        """End the child."""
        if self.child and self.child.stdin:
            self.child.stdin.close()
            self.child.wait()

    def _answer(self) -> str:
        while self.child and self.child.stdout and (line := self.child.stdout.readline()):
            if line.strip() == "ready" or line[0].isdigit():
                return line.strip()
        return ""


def run(names: list[str], fill_mode: str, size: int, rounds: int, seconds: float) -> dict[str, Peer]:
    """Measure peers in turn, `rounds` times."""
    peers = {name: Peer(name, fill_mode, size) for name in names}
    for peer in peers.values():
        peer.start()
    for peer in peers.values():
        peer.wait()
    for _ in range(rounds):
        for peer in peers.values():
            peer.measure(seconds)
    for peer in peers.values():
        peer.stop()
    return peers


def ratios(ours: Peer, theirs: Peer) -> list[float]:
    """How many times faster, round by round."""
    return [a / b for a, b in zip(ours.rates, theirs.rates, strict=True)]


def spread(values: list[float], digits: int = 1) -> str:
    """Median, from the least to the most."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})" if values else ""


def print_mode(fill_mode: str, peers: dict[str, Peer]) -> None:
    """The table of one fill mode."""
    print(f"\n### fill_mode = {fill_mode!r}\n")
    print("| what | images a CPU-second | boda's generator is so many times faster | its pipeline | to reach |")
    print("| --- | --- | --- | --- | --- |")
    generator, pipeline = peers["boda generator"], peers["boda pipeline"]
    for name, peer in peers.items():
        if not peer.rates:
            print(f"| {name} | {peer.why_not} | | | |")
            continue
        faster = [spread(ratios(ours, peer)) if not name.startswith("boda") else "" for ours in (generator, pipeline)]
        if name.endswith("boxes"):
            faster = ["", f"with boxes, {spread(ratios(peer, pipeline), 2)} of its speed"]
        reach = REACH.get(name, {}).get(fill_mode, 0.9 if name.endswith("boxes") else "")
        print(f"| {name} | {spread(peer.rates, 0)} | {faster[0]} | {faster[1]} | {reach} |")


def print_sizes(by_size: dict[int, dict[str, Peer]]) -> None:
    """Images a CPU-second against the side of the pictures, as a table and a plot."""
    print("\n### Speed against picture size, fill_mode = 'reflect', images a CPU-second\n")
    print("| side in pixels | " + " | ".join(OVER_SIZES) + " |")
    print("| --- " * (len(OVER_SIZES) + 1) + "|")
    for size, peers in by_size.items():
        print(f"| {size} | " + " | ".join(spread(peers[name].rates, 0) for name in OVER_SIZES) + " |")
    draw(by_size)
    print(f"\n![Speed against picture size](../{PLOT.relative_to(ROOT).as_posix()})")


def draw(by_size: dict[int, dict[str, Peer]]) -> None:
    """The plot, in the report's colours."""
    from boda.reports.canvas import BLUE, GREEN, GREY, ORANGE, PURPLE, figure, style, tidy, to_png

    with style():
        fig, axes = figure(7.2, 4.2)
        for name, colour in zip(OVER_SIZES, (BLUE, GREEN, ORANGE, PURPLE, GREY), strict=True):
            rates = {size: median(peers[name].rates) for size, peers in by_size.items() if peers[name].rates}
            if rates:
                axes.plot(list(rates), list(rates.values()), color=colour, marker="o", markersize=4, label=name)
        axes.set(xscale="log", yscale="log", xlabel="side of the picture in pixels", ylabel="images a CPU-second")
        axes.set_xticks(list(by_size), [str(size) for size in by_size])
        axes.set_yticks([10, 100, 1000, 10000], ["10", "100", "1,000", "10,000"])
        axes.minorticks_off()
        axes.legend(frameon=False)
        tidy(axes, grid="y")
        PLOT.parent.mkdir(parents=True, exist_ok=True)
        PLOT.write_bytes(to_png(fig))


def main() -> None:
    """Run and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU-seconds of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--modes", nargs="*", default=["nearest", "constant", "reflect", "wrap"])
    parser.add_argument("--sizes", nargs="*", type=int, default=[64, 128, 224, 384, 512, 1024])
    chosen = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    print(facts())
    print("Peers: " + ", ".join(f"{name} {version}" for name in VERSIONS if (version := version_of(name))) + ".")
    for mode in chosen.modes:
        print_mode(mode, run(list(PEERS), mode, 224, chosen.rounds, chosen.seconds))
    if chosen.sizes:
        rounds = min(chosen.rounds, 3)
        print_sizes({n: run(list(OVER_SIZES), "reflect", n, rounds, chosen.seconds) for n in chosen.sizes})


if __name__ == "__main__":
    main()
