"""Write the made and the measured parts of docs/sequences.md, and draw its pictures.

    python docs/sequences.py --runs FOLDER           train what FOLDER lacks (ten minutes on two cores), and write all
    python docs/sequences.py                         write what needs no Run
    python docs/sequences.py [--runs FOLDER] --check   fail where the page is not what source and Runs say

Between two marks, <!-- made: NAME --> or <!-- measured: NAME --> and <!-- end -->, stands what the function of that
name returns. What is measured comes from the Runs of docs/sequence_runs.py.
"""
# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sequence_pictures as pictures
import sequence_runs as runs

import boda
from boda.data.sequences.vocabulary import Vocabulary
from boda.explain.sequences.fresh import fresh_weights
from boda.explain.sequences.reach import back, faded
from boda.metrics.classify import softmax
from boda.models.cells import CELLS
from boda.models.sequence_plan import Plan
from boda.models.sequence_weights import weight_shapes
from boda.models.step import Recurrent
from boda.reports import canvas
from boda.reports.sequences import forecast_figures, inside_figures
from boda.reports.sequences import words as say
from boda.reports.sequences.text import score_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "sequences.md"
PICTURES = DOCS / "pictures" / "sequences"

FORMULAS = {
    "rnn": "h = tanh(x W + h' U)",
    "lstm": "c = f c' + i tanh(x W + h' U), h = o tanh(c)",
    "gru": "h = z h' + (1 - z) tanh(x W + r (h' U))",
    "mingru": "h = (1 - z) h' + z (x W)",
}
WIDTH, READS = 128, 64
LINE = "KING RICHARD: What is the matter?"
BACK = 100  # steps that are looked back on
PLACES = 20  # of the held-out text from which they are
TRUNCATED = {"bptt-16": (16, 16), "lstm": (64, 64), "bptt-overlapping": (32, 64), "bptt-512": (512, 512)}
MEASURED_ON = {
    "names": "18 languages by a name",
    "spaces": "where words begin",
    "writer": "names, written",
    "lstm": "Shakespeare, 250,000 letters",
    "chorales": "Bach's chorales",
    "addition": "sums",
    "kiosk": "a made series",
}


# What needs no Run -----------------------------------------------------------------------------------------------


def cells() -> str:
    """The formula, what is carried on, and the numbers to learn of each cell."""
    rows = []
    for name in runs.CELLS:
        layer = {"cell": name, "units": WIDTH}
        plan = {"format": 1, "task": "tag", "input": {"kind": "numbers", "size": READS}, "layers": [layer]}
        shapes = weight_shapes(Plan.from_json({**plan, "head": {"kind": "each", "outputs": 1}}))
        count = sum(int(np.prod(shape)) for key, shape in shapes.items() if key.startswith("layer"))
        carried = "h and c" if CELLS[name].states == 2 else "h"
        rows.append((f"`{name}`", f"`{FORMULAS[name]}`", carried, f"{count:,}", CELLS[name].says))
    return table(("cell", "one step", "carried on", f"weights, {WIDTH} units on {READS} inputs", "in words"), rows)


def padding() -> str:
    """How an answer changes with the zeros behind a sequence, heeded and not."""
    plan = {"format": 1, "task": "classify", "input": {"kind": "ids", "size": 10, "embedding": 8}}
    plan |= {"layers": [{"cell": "lstm", "units": 16}], "head": {"kind": "last", "outputs": 3}, "decoder": None}
    network = Recurrent(Plan.from_json(plan), fresh_weights(plan, np.random.default_rng(0)))
    ids = [5, 7, 6, 9]
    right = network.run(np.array([ids])).outputs
    rows = []
    for zeros in (0, 4, 16):
        x = np.array([ids + [0] * zeros])
        taken_for_steps = [x.shape[1]]
        answers = network.run(x).outputs, network.run(x, lengths=taken_for_steps).outputs
        apart = [np.abs(answer - right).max() / np.abs(right).max() for answer in answers]
        rows.append((str(zeros), *(f"{100 * value:.0f} %" for value in apart)))
    return table(("zeros behind", "with a mask, the answer is off by", "without one"), rows)


def jamo() -> str:
    """One word, composed and in jamo."""
    rows = []
    vocabulary = Vocabulary.of(["한국어"], "characters")
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "한국어")
        told = ", ".join(str(i) for i in vocabulary.encode(text))
        rows.append((form, "한국어", str(len(text)), told))
    return table(("form", "on the screen", "characters in Python", "ids in boda"), rows)


def unknown() -> str:
    """A sentence with a word that was never seen."""
    vocabulary = Vocabulary.of(["the cat sat on the mat"], "words")
    ids = vocabulary.encode("the cat sat on the sofa")
    return f"```\nthe cat sat on the sofa\n{' '.join(map(str, ids))}\n{vocabulary.decode(ids)}\n```"


# What is read from Runs ------------------------------------------------------------------------------------------


def classify(folder: Path) -> str:
    """Many to one."""
    asked = ("predict", "runs/names", "--text", "Schneider", "--text", "Kim", "--text", "Papadopoulos")
    return shown(folder, "names", asked)


def one_to_many(folder: Path) -> str:
    """A label becomes a text."""
    labels = "Korean", "Russian", "Italian", "Japanese"
    asked = [("predict", "runs/writer", "--generate", "20", "--temperature", "0.5", "--label", name) for name in labels]
    return shown(folder, "writer", *asked)


def tag(folder: Path) -> str:
    """A tag for each letter."""
    return shown(folder, "spaces", ("predict", "runs/spaces", "--text", "t o b e o r n o t t o b e"))


def language(folder: Path) -> str:
    """The next letter, again and again."""
    asked = ("predict", "runs/lstm", "--generate", "160", "--from", "ROMEO:", "--temperature", "0.7")
    return shown(folder, "lstm", asked)


def music(folder: Path) -> str:
    """The next keys, again and again."""
    return shown(folder, "chorales", ("predict", "runs/chorales", "--generate", "6", "--temperature", "0.5"))


def pairs(folder: Path) -> str:
    """A text for a text."""
    return shown(folder, "addition", ("predict", "runs/addition", "--text", "12+34", "--text", "907+86"))


def forecast(folder: Path) -> str:
    """The steps ahead, with intervals."""
    return shown(folder, "kiosk", ("predict", "runs/kiosk"))


def by_hand(folder: Path) -> str:
    """What the loop of the page prints."""
    model = boda.load(folder / "runs" / "lstm")
    state, vocabulary = model.initial_state(1), model.encoder.vocabulary
    for i in vocabulary.encode("ROMEO"):
        output, state = model.step(np.array([i]), state)
    share = softmax(output)[0]
    best = np.argsort(-share)[:4]
    told = ", ".join(f"{name!r} {share[i]:.2f}" for name, i in zip(vocabulary.names_of(best), best, strict=True))
    return f"After `ROMEO` this network expects {told}."


def reach(folder: Path) -> str:
    """How far back the gradient reaches in each trained cell, and what it came to."""
    rows = []
    for name, norms in reaches(folder).items():
        metrics = metrics_of(folder, name)
        after = faded(norms)
        there = f"after {after} steps" if after else f"not within {BACK} steps"
        far = f"{100 * norms[20]:.2g} %, {100 * norms[-1]:.2g} %"
        bits = f"{metrics['val']['bits']:.3f}"
        rows.append((inside_figures.NAMES[name], there, far, bits))
    head = ("cell", "below 1 % for good", f"left after 20 and {BACK - 1} steps", "bits a letter")
    return table(head, rows)


def truncated(folder: Path) -> str:
    """The same LSTM with gradients cut at several lengths."""
    rows = []
    for name, (every, length) in TRUNCATED.items():
        metrics, took = metrics_of(folder, name), runs.took(folder, name)
        found = f"{metrics['val']['bits']:.3f}", f"{took['megabytes']:,} MB"
        rows.append((str(every), str(length), *found))
    return table(("k1, `bptt_every`", "k2, `bptt`", "bits a letter", "peak memory of the process"), rows)


def baselines(folder: Path) -> str:
    """Every Run beside its baselines."""
    rows = []
    for name, title in MEASURED_ON.items():
        metrics = metrics_of(folder, name)
        reported = {**metrics, "val": metrics[metrics["reported"]]}
        (_, figure, _), (_, ours, spread), *theirs = score_rows(reported)
        rivals = "; ".join(f"{who} {value}" for who, value, _ in theirs)
        verdict = {"better": "better", "worse": "worse", "same": "no difference shown"}[say.verdict(reported)[0]]
        lower = " (lower is better)" if say.lead(reported)[1].lower else ""
        rows.append((title, f"{figure}{lower}", f"{ours} ({spread})", rivals, verdict))
    head = ("Run", "figure", "the network (95 % interval)", "baselines", "against the strongest")
    return plain(table(head, rows))


def copies(folder: Path) -> str:
    """How many names stand in several languages, or twice in one."""
    files = sorted((folder / "names").glob("*.txt"))
    lines = [(line.strip(), file.stem) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    seen, kinds = Counter(name for name, _ in lines), Counter(name for name, _ in set(lines))
    copied = sum(count for count in seen.values() if count > 1)
    several = sum(count > 1 for count in kinds.values())
    return (
        f"Of the {len(lines):,} lines of the first example, {copied:,} have a name that stands there more than once, "
        f"and {several} names stand in several languages, so that no model can be right on all of them."
    )


def reaches(folder: Path) -> dict[str, np.ndarray]:
    """For each trained cell the norms by steps back, the median over some places of the held-out text."""
    text = (folder / "shakespeare.txt").read_text(encoding="utf-8")
    starts = np.linspace(0.9 * len(text), len(text) - BACK, PLACES).astype(int)
    found = {}
    for name in runs.CELLS:
        model = boda.load(folder / "runs" / name)
        pieces = model.encoder.encode([text[start : start + BACK] for start in starts])
        found[name] = np.median([back(model.network, piece) for piece in pieces], axis=0)
    return found


def metrics_of(folder: Path, name: str) -> dict[str, Any]:
    """metrics.json of a Run."""
    return dict(json.loads((folder / "runs" / name / "metrics.json").read_text(encoding="utf-8")))


def shown(folder: Path, name: str, *asked: Sequence[str]) -> str:
    """Commands as a person types them, with what they print."""
    lines = [f"$ boda {shlex.join(runs.command(name))}"]
    for words in asked:
        command = [str(Path(sys.executable).with_name("boda")), *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603 - our own
        lines += [f"$ boda {shlex.join(words)}", *(line.rstrip() for line in done.stdout.rstrip().splitlines())]
    return "```\n" + "\n".join(lines) + "\n```"


# Pictures of Runs ------------------------------------------------------------------------------------------------


def draw_measured(folder: Path) -> dict[str, bytes]:
    """The pictures that show Runs, by name, as PNG."""
    kiosk = json.loads((folder / "runs" / "kiosk" / "predictions.json").read_text(encoding="utf-8"))["series"][0]
    return {
        "memory": draw_memory(folder),
        "reach": draw_reach(folder),
        "attention": draw_attention(folder),
        "forecast": canvas.to_png(forecast_figures.forecast(kiosk, 0.9)),
    }


def draw_memory(folder: Path) -> bytes:
    """The hidden states and the memory cells of an LSTM over a line, a row a unit: the 24 that vary most."""
    model = boda.load(folder / "runs" / "lstm")
    passed = model.network.run(model.encoder.encode([LINE])[0][None], record=True).layers[-1]
    titles = {"h": "hidden state h: what the next layer sees", "c": "memory cell c: what is kept"}
    with canvas.style():
        fig, rows = canvas.figure(canvas.WIDTH, 4.8, 2, 1)
        for axes, (name, title) in zip(rows, titles.items(), strict=True):
            values = passed[name][0]
            few = values[:, np.argsort(-values.var(axis=0), kind="stable")[:24]].T
            limit = np.abs(few).max()
            image = axes.imshow(few, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
            axes.set_xticks(range(len(LINE)), [say.token_words(c) for c in LINE])
            axes.set_yticks([])
            axes.set_title(title)
            canvas.tidy(axes)
            bar = fig.colorbar(image, ax=axes, pad=0.01)
            bar.outline.set_visible(False)
    return canvas.to_png(fig)


def draw_reach(folder: Path) -> bytes:
    """The gradient against steps back, a line a trained cell."""
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.4)
        for name, norms in reaches(folder).items():
            axes.plot(norms, color=inside_figures.CELLS[name], linewidth=1.8, label=inside_figures.NAMES[name])
        axes.axhline(0.01, color=canvas.MUTED, linewidth=1, linestyle=":")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda norm, _: f"{norm:g}")
        axes.set(xlabel="steps back from the last one", ylabel="gradient, 1 at the last step")
        canvas.tidy(axes, grid="both")
        fig.legend(loc="outside upper left", ncols=4)
    return canvas.to_png(fig)


def draw_attention(folder: Path) -> bytes:
    """Where each digit of an answer looked."""
    inside = json.loads((folder / "runs" / "addition" / "inside.json").read_text(encoding="utf-8"))
    one = max(inside["attention"], key=lambda each: len(each["source"]))
    return canvas.to_png(inside_figures.attention(one["weights"], one["source"], one["answer"]))


# The page --------------------------------------------------------------------------------------------------------


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def plain(text: str) -> str:
    """Narrow blanks as plain ones."""
    return text.replace("\u202f", " ")


MADE: dict[str, Callable[[], str]] = {"cells": cells, "padding": padding, "jamo": jamo, "unknown": unknown}
MEASURED: dict[str, Callable[[Path], str]] = {
    "classify": classify,
    "one_to_many": one_to_many,
    "tag": tag,
    "language": language,
    "music": music,
    "pairs": pairs,
    "forecast": forecast,
    "by_hand": by_hand,
    "reach": reach,
    "truncated": truncated,
    "baselines": baselines,
    "copies": copies,
}


def write(page: str, folder: Path | None = None) -> str:
    """The page with what is made between its marks, and, where there are Runs, what is measured."""
    for name, make in MADE.items():
        page = replaced(page, f"made: {name}", make())
    if folder is not None:
        for name, measure in MEASURED.items():
            page = replaced(page, f"measured: {name}", measure(folder))
    return page


def replaced(page: str, mark: str, text: str) -> str:
    """The page with `text` between a mark and the next end."""
    before, found, rest = page.partition(f"<!-- {mark} -->\n")
    if not found:
        raise SystemExit(f"{PAGE.name} has no mark <!-- {mark} -->.")
    return f"{before}{found}{text}\n{rest[rest.index('<!-- end -->') :]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where the Runs are, or are to be")
    parser.add_argument("--check", action="store_true", help="write nothing")
    given = parser.parse_args(arguments)
    if given.runs and not given.check:
        runs.make_all(given.runs)
    old = PAGE.read_text(encoding="utf-8")
    new = write(old, given.runs)
    if not given.check:
        PICTURES.mkdir(parents=True, exist_ok=True)
        drawn = pictures.draw_all() | (draw_measured(given.runs) if given.runs else {})
        for name, picture in drawn.items():
            (PICTURES / f"{name}.png").write_bytes(picture)
        PAGE.write_text(new, encoding="utf-8")
        old = new
    print(f"{PAGE.name} is {'' if old == new else 'not '}what the source says")
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
