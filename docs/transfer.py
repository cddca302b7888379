"""Write the measured parts of docs/transfer-learning.md, from ladders that were climbed.

    boda ladder PHOTOS --out LADDER
    python docs/transfer.py flowers=LADDER ants_bees=ANOTHER

Between two marks of the page, <!-- measured: NAME --> and <!-- end -->, the script puts the table of the ladder that is
given for NAME, its verdict and its forest plot.
"""
# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from boda.errors import BodaError
from boda.reports import canvas, ladder_figures, ladder_words, learning_figure
from boda.run import Run
from boda.training.lever_words import WORDS

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "transfer-learning.md"
PICTURES = DOCS / "pictures" / "transfer-learning"


def block(name: str, ladder: dict[str, Any]) -> str:
    """What is measured on one data set, as Markdown."""
    _, _, verdict = ladder_words.headline(ladder)
    lines = [
        (
            f"{ladder['n']} pictures to learn from, {len(ladder['classes'])} classes, {ladder['folds']} folds, "
            f"{ladder['repeats']} repeats for rungs that train the head alone, boda {ladder['versions']['boda']}."
        ),
        "",
        "| rung | accuracy | log loss | difference, points (95 %) | verdict | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
        *(row(rung, ladder) for rung in sorted(ladder["rungs"], key=standing)),
        "",
        verdict,
        *held_out(ladder),
        "",
        f"![How much each rung gains or loses]({draw(name, ladder)})",
    ]
    if (curve := ladder.get("learning_curve")) and curve.get("sentence"):
        lines += ["", f"How many more pictures? {curve['sentence']} {curve.get('warning', '')}".rstrip()]
        lines += ["", f"![Accuracy against the number of pictures]({draw_curve(name, curve)})"]
    return "\n".join(lines)


def standing(rung: dict[str, Any]) -> float:
    """The best first, those without a figure last."""
    return -(rung.get("accuracy") or 0.0)


def row(rung: dict[str, Any], ladder: dict[str, Any]) -> str:
    """A line of the table."""
    if rung.get("accuracy") is None:
        return f"| {rung['name']} | | | | {ladder_words.reason(rung)} | |"
    difference = ""
    if rung.get("interval"):
        low, high = (100 * end for end in rung["interval"])
        difference = f"{100 * rung['difference']:+.1f} ({low:+.1f} to {high:+.1f})"
    verdict = "the base" if rung["name"] == ladder["base"] else ladder_words.verdict_words(rung).replace("\u00a0", " ")
    cells = (rung["name"], f"{rung['accuracy']:.3f}", f"{rung['log_loss']:.3f}", difference, verdict)
    return f"| {' | '.join(cells)} | {rung['seconds']:.0f} |"


def held_out(ladder: dict[str, Any]) -> list[str]:
    """What the winner reached on the pictures that no choice has seen."""
    winner = ladder.get("winner") or {}
    if not (found := winner.get("held_out")):
        return []
    low, high = found["accuracy_interval"]
    return [
        "",
        (
            f"The winner, `{winner['name']}`, on {found['n']} held-out pictures: accuracy {found['accuracy']:.3f} "
            f"({low:.3f} to {high:.3f}), log loss {found['log_loss']:.3f}."
        ),
    ]


def draw(name: str, ladder: dict[str, Any]) -> str:
    """The forest plot; its path within the docs."""
    return write(f"{name}-forest.png", canvas.to_png(ladder_figures.forest(ladder)))


def draw_curve(name: str, curve: dict[str, Any]) -> str:
    """The learning curve; its path within the docs."""
    return write(f"{name}-pictures.png", canvas.to_png(learning_figure.learning_curve(curve)))


def write(name: str, data: bytes) -> str:
    """Write a picture; its path within the docs."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_bytes(data)
    return f"pictures/transfer-learning/{name}"


def levers() -> str:
    """The table of levers, from their words."""
    lines = ["| entry | what it does | when it helps |", "| --- | --- | --- |"]
    lines += [f"| `{lever.name}` | {lever.does} | {lever.helps} |" for lever in WORDS.values()]
    return "\n".join(lines)


def replaced(page: str, mark: str, text: str) -> str:
    """The page with `text` between `mark` and the next end."""
    pattern = rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)"
    if not re.search(pattern, page, flags=re.DOTALL):
        raise SystemExit(f"{PAGE.name} has no mark <!-- {mark} -->.")
    return re.sub(pattern, lambda found: f"{found[1]}{text}\n{found[2]}", page, flags=re.DOTALL)


def main(arguments: list[str]) -> int:
    """Put each ladder's block into the page."""
    page = replaced(PAGE.read_text(encoding="utf-8"), "levers", levers())
    for argument in arguments:
        name, _, folder = argument.partition("=")
        try:
            text = block(name, Run.open(folder).read_json("ladder.json"))
        except BodaError as error:
            print(error, file=sys.stderr)
            return 1
        page = replaced(page, f"measured: {name}", text)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
