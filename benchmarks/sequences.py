"""Sequences: music, text, sums, names and dates, each a `boda train` of its own, and the memory of truncated training.

    python benchmarks/sequences.py [--only jsb shakespeare shakespeare-long addition names dates memory] [--seeds 0 1 2]

jsb              Bach's chorales, each cell: nats a step on the test part, the protocol of Bai et al. 2018 (arXiv
                 1803.01271, table 1); everything is chosen on the valid part
shakespeare      tiny Shakespeare by characters in three minutes, nats a character on the last 10 %
shakespeare-long the same in thirty minutes
addition         sums of up to three digits, written out as text: exact match on unseen ones
names            18 languages: macro F1 beside the logistic regression on n-grams of the same Run
dates            dates in many spellings to ISO form: exact match
memory           peak memory of a truncated training on 1,000,000 memory-mapped steps beside 10,000
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import machine
import numpy as np

PARTS = ("jsb", "shakespeare", "shakespeare-long", "addition", "names", "dates", "memory")
CELLS = ("rnn", "gru", "lstm", "mingru")
RECIPES: dict[str, dict[str, object]] = {  # chosen on valid parts and on what is held back of training parts
    "rnn": {
        "cell": "rnn",
        "units": 200,
        "dropout": 0.1,
        "recurrent_dropout": 0.2,
        "epochs": 100,
        "learning_rate": 0.001,
    },
    "gru": {
        "cell": "gru",
        "units": 200,
        "dropout": 0.1,
        "recurrent_dropout": 0.5,
        "epochs": 150,
        "learning_rate": 0.0015,
    },
    "lstm": {"cell": "lstm", "units": 300},
    "mingru": {"cell": "mingru", "units": 200, "layers": 2, "dropout": 0.2, "epochs": 100},
    "shakespeare": {"cell": "gru", "units": 256, "batch_size": 32, "bptt": 64, "epochs": 4, "dropout": 0.0},
    "shakespeare-long": {
        "cell": "gru",
        "units": 384,
        "layers": 2,
        "batch_size": 32,
        "bptt": 64,
        "epochs": 8,
        "dropout": 0.2,
    },
    "addition": {},
    "names": {},
    "dates": {},
}
PAIRS = {"addition": 50_000, "dates": 20_000}  # of which a fifth is held out; as many sums as Keras's own example has
CHANNELS = 8
LONG, SHORT = 1_000_000, 10_000


def trained(data: Path, seed: int, recipe: dict[str, object], *words: str) -> dict:
    """The figures of one training, a process of its own, with its seconds and its peak memory."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "run"
        settings = [word for name, value in recipe.items() for word in ("--set", f"{name}={value}")]
        command = machine.boda("train", data, "--out", out, "--seed", str(seed), *settings, *words)
        process = machine.timed(command)
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    machine.note(f"{data.name} {' '.join(words)} {recipe}, seed {seed}: {process.wall:.0f} s")
    return {**metrics, "wall": process.wall, "cpu": process.cpu, "peak": process.peak}


def jsb_rows(seeds: list[int]) -> list[list[str]]:
    """A row a cell: the test part, and the valid part on which the epoch was chosen."""
    file = machine.data("sequences") / "JSB_Chorales.mat"
    rows = []
    for cell in CELLS:
        found = [trained(file, seed, RECIPES[cell]) for seed in seeds]
        test = machine.spread([one["test"]["nll"] for one in found], 3)
        valid = machine.spread([one["val"]["nll"] for one in found], 3)
        rows.append([cell, test, valid, machine.spread([one["wall"] for one in found], 0)])
    rivals = found[0]["baselines"]
    return [*rows, *([name, f"{figures['nll']:.3f}", "", ""] for name, figures in rivals.items())]


def text_rows(name: str, seeds: list[int]) -> list[list[str]]:
    """Nats a character on the last tenth, and the seconds of the whole process."""
    file = machine.data("sequences") / "tinyshakespeare.txt"
    rows = []
    for seed in seeds:
        found = trained(file, seed, RECIPES[name])
        lo, hi = found["val"]["nll_interval"]
        rivals = ", ".join(f"{rival} {figures['nll']:.3f}" for rival, figures in found["baselines"].items())
        rows.append([str(seed), f"{found['val']['nll']:.4f} ({lo:.3f} to {hi:.3f})", rivals, f"{found['wall']:.0f}"])
    return rows


def pair_rows(name: str, seeds: list[int]) -> list[list[str]]:
    """Exact match on pairs that were not learned from."""
    from boda.data.sequences.made import make_addition, make_dates, write_pairs

    make = {"addition": make_addition, "dates": make_dates}[name]
    rows = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / f"{name}.tsv"
            write_pairs(file, *make(PAIRS[name], seed))
            found = trained(file, seed, RECIPES[name])
        val = found["val"]
        lo, hi = val["exact_match_interval"]
        rows.append(
            [str(seed), f"{val['exact_match']:.4f} ({lo:.4f} to {hi:.4f})", str(val["n"]), f"{found['wall']:.0f}"]
        )
    return rows


def name_rows(seeds: list[int]) -> list[list[str]]:
    """Macro F1 of the network and of the strongest baseline, and the paired difference."""
    rows = []
    for seed in seeds:
        found = trained(machine.data("sequences") / "names", seed, RECIPES["names"])
        val, against = found["val"], found["against_baseline"]
        lo, hi = val["macro_f1_interval"]
        low, high = against["interval"]
        rows.append(
            [
                str(seed),
                f"{val['macro_f1']:.4f} ({lo:.3f} to {hi:.3f})",
                f"{found['baselines'][against['baseline']]['macro_f1']:.4f}",
                f"{against['difference']:+.4f} ({low:+.4f} to {high:+.4f}): {against['verdict']}",
                f"{found['wall']:.0f}",
            ]
        )
    return rows


def memory_rows() -> list[list[str]]:
    """Peak memory of one epoch with pieces of 64 steps, on a long and a short memory-mapped sequence."""
    peaks = {}
    with tempfile.TemporaryDirectory() as place:
        for steps in (SHORT, LONG):
            file = Path(place) / f"events{steps}.npy"
            np.save(file, np.random.default_rng(0).integers(0, CHANNELS, steps, dtype=np.int32))
            recipe = {"cell": "gru", "units": 32, "bptt": 64, "batch_size": 16, "epochs": 1}
            peaks[steps] = trained(file, 0, recipe)["peak"]
    return [[f"{steps:,}", f"{peak:.0f}", f"{peak / peaks[SHORT]:.3f}"] for steps, peak in peaks.items()]


def main() -> None:
    """Measure each part, and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    args = parser.parse_args()
    print(machine.facts(), flush=True)
    text = ("seed", "nats a character (95 %)", "baselines", "wall s")
    pairs = ("seed", "exact match (95 %)", "of", "wall s")
    names = ("seed", "macro F1 (95 %)", "n-gram logistic regression", "difference (95 %)", "wall s")
    tables = {
        "jsb": (("cell", "test, nats a step", "valid", "wall s"), lambda: jsb_rows(args.seeds)),
        "shakespeare": (text, lambda: text_rows("shakespeare", args.seeds)),
        "shakespeare-long": (text, lambda: text_rows("shakespeare-long", args.seeds[:1])),
        "addition": (pairs, lambda: pair_rows("addition", args.seeds)),
        "names": (names, lambda: name_rows(args.seeds)),
        "dates": (pairs, lambda: pair_rows("dates", args.seeds)),
        "memory": (("steps", "peak MB", "ratio"), memory_rows),
    }
    for name in args.only:
        header, rows = tables[name]
        print(f"### {name}\n\n{machine.table(header, rows())}", flush=True)


if __name__ == "__main__":
    main()
