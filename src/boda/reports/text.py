"""Turns Runs into tables for the terminal: the summary that ends `boda train`, and the list of `boda runs`.

Names go in as rich Text, never as markup, so that brackets in them stay what they are; rich itself
measures Hangul as two columns wide and honours NO_COLOR.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.recipe import Recipe
from boda.recipe.sequence import SequenceRecipe
from boda.reports import box_text, box_words
from boda.reports.contents import Contents
from boda.reports.sequences import text as sequence_text
from boda.reports.sequences import words as sequence_words
from boda.reports.words import (
    BASELINES,
    NOTHING,
    abstain_sentence,
    base_name,
    calibration_sentence,
    clean,
    interval,
    is_interval,
    leaks_sentence,
    number,
    percent,
    plural,
    score_name,
    seconds,
    verdict,
    worst_confusions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import Group
    from rich.table import Table

    from boda.run import Run

_WORDS: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"}
_FIGURE: dict[str, Any] = {"no_wrap": True, "justify": "right"}
COLUMNS: tuple[tuple[str, int, dict[str, Any]], ...] = (  # heads, largest widths, and rich's ways of filling a column
    ("run", 10, _WORDS),
    ("data", 12, _WORDS),
    ("backbone", 18, _WORDS),
    ("recipe", 60, {"overflow": "fold"}),
    ("seed", 10, _FIGURE),
    ("n", 9, _FIGURE),
    ("figure (95 %)", 36, {"no_wrap": True}),
    ("log\nloss", 7, _FIGURE),
    ("time", 8, _FIGURE),
    ("date", 16, {"no_wrap": True}),
)
LENGTHS = (0, 100, 500, 5000)  # of the longest sequence, for which usual recipes differ
DECIDED = ("cell", "units", "layers", "epochs")  # of sequences: shown elsewhere, or chosen by how much data there is
COLOURS = {"better": "green", "same": "yellow", "worse": "red", "none": "dim"}


def summary(run: Run) -> Group:
    """What a training came to: the score beside the baselines, trust, the worst confusions, time, what next."""
    from rich.console import Group
    from rich.text import Text

    contents = Contents.read(run)
    if sequence_words.is_sequences(contents.about):
        return Group(Text("\n".join(sequence_text.summary_lines(contents))))
    boxes = box_words.is_boxes(contents.metrics)
    kind, sentence = (box_words.verdict if boxes else verdict)(contents.metrics)
    scores = (box_text.scores if boxes else _scores)(contents.metrics)
    parts: list[Any] = [scores, Text(sentence, style=COLOURS[kind]), Text("")]
    parts.append(_box_facts(contents) if boxes else _facts(contents))
    if contents.next:
        parts += [Text(""), Text("What next", style="bold"), _next(contents)]
    return Group(*parts)


def runs_table(runs: Iterable[Run]) -> Table:
    """A line a Run: what it was made of, what its recipe changes, how good it is, how long it took and when.

    A Run that was not finished has its status in the place of its accuracy.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for head, most, look in COLUMNS:
        table.add_column(head, max_width=most, **look)
    for run in runs:
        table.add_row(*map(_plain, _line(run)))
    return table


def _line(run: Run) -> list[str]:
    about = run.about
    metrics = run.metrics if run.has("metrics.json") else {}
    score = _compact_score
    if sequence_words.is_sequences(about):
        score, metrics = sequence_text.compact_score, _reported(metrics, about)
    val, status = metrics.get("val") or {}, str(about.get("status", NOTHING))
    return [
        run.path.name or str(run.path),
        base_name(about.get("data") or NOTHING),
        _network(run),
        _changes(run),
        str(about.get("seed", NOTHING)),
        f"{val['n']:,}" if val.get("n") else NOTHING,
        score(metrics) if status == "complete" else status,
        number(val.get("log_loss")),
        _whole_seconds((metrics.get("seconds") or {}).get("total")),
        str(about.get("created") or NOTHING)[:16].replace("T", " "),
    ]


def _reported(metrics: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """The figures with the unit that words need; "val" is the part that is reported on."""
    return {**metrics, "unit": about.get("unit"), "val": metrics.get(metrics.get("reported") or "val")}


def _changes(run: Run) -> str:
    """The entries of a Run's recipe that are not its task's usual ones, but for the backbone, such as "resize=crop"."""
    if not run.has("recipe.toml"):
        return NOTHING
    try:
        if sequence_words.is_sequences(run.about):
            return _sequence_changes(SequenceRecipe.read(run.path / "recipe.toml"), run.about)
        recipe = Recipe.read(run.path / "recipe.toml")
    except RecipeError:  # of another version of boda
        return "cannot be read"
    task = "" if recipe.boxes is None else str(run.about.get("task"))
    beside_each = (_beside(recipe, Recipe.usual(task, pictures)) for pictures in _pictures_to_learn_from(run))
    changed = [f"{key}={_written(value)}" for key, value in min(beside_each, key=len).items()]
    return " ".join(entry for entry in changed if not entry.startswith("backbone=")) or "default"


def _sequence_changes(recipe: SequenceRecipe, about: Mapping[str, Any]) -> str:
    """The same of sequences, without what the data decides, and the cell, which has a column of its own."""
    task, unit = str(about.get("task")), str(about.get("unit"))
    beside_each = [_apart(recipe, SequenceRecipe.usual(task, longest=longest, unit=unit)) for longest in LENGTHS]
    changed: list[str] = min(beside_each, key=len)
    return " ".join(changed) or "default"


def _apart(recipe: SequenceRecipe, usual: SequenceRecipe) -> list[str]:
    known, entries = dataclasses.asdict(usual), dataclasses.asdict(recipe).items()
    return [f"{key}={_written(value)}" for key, value in entries if value != known[key] and key not in DECIDED]


def _network(run: Run) -> str:
    """The backbone; of sequences the cell and its width, such as "gru 128"."""
    if sequence_words.is_sequences(run.about) and run.has("recipe.toml"):
        try:
            recipe = SequenceRecipe.read(run.path / "recipe.toml")
        except RecipeError:  # of another version of boda
            return NOTHING
        return f"{recipe.cell} {recipe.units}" + (f", {recipe.layers} layers" if recipe.layers > 1 else "")
    return str((run.about.get("backbone") or {}).get("name") or NOTHING)


def _pictures_to_learn_from(run: Run) -> list[int | None]:
    """How many pictures the usual recipe may have been made for; the Run does not say it.

    It is made before damaged pictures are left out and, where the data gives no parts, before some are held out.
    """
    if not run.has("split.json"):
        return [None]
    parts = run.read_json("split.json")["parts"]
    bad = (run.read_json("data.json").get("bad_count") or 0) if run.has("data.json") else 0
    train, whole = len(parts["train"]), sum(map(len, parts.values()))
    return [train, whole, train + bad, whole + bad]


def _beside(recipe: Recipe, usual: Recipe) -> dict[str, Any]:
    """The entries of `recipe` that are others than those of `usual`."""
    staged = usual.replace(stages=",".join(recipe.stage_names))
    known = {**_entries(staged), "stages": ",".join(usual.stage_names)}
    return {key: value for key, value in _entries(recipe).items() if value != known.get(key)}


def _entries(recipe: Recipe) -> dict[str, Any]:
    """The entries by the names that `--set` takes."""
    entries = dataclasses.asdict(recipe)
    tables = {table: entries.pop(table) or {} for table in ("head", "boxes")}
    thawing = [stage for stage in recipe.stages if stage.trains_backbone]
    stages = {f"{stage.thaw}.{key}": value for stage in thawing for key, value in stage.entries().items()}
    own = "augmentation" if recipe.augmentation is None else "given"
    plain = {**entries, "stages": ",".join(recipe.stage_names), "augmentation": own}
    return {**plain, **{f"{table}.{key}": value for table in tables for key, value in tables[table].items()}, **stages}


def _written(value: object) -> str:
    return f"[{','.join(map(str, value))}]" if isinstance(value, tuple) else str(value).lower().replace(" ", "_")


def _whole_seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}\u202fs"


def _compact_score(metrics: Mapping[str, Any]) -> str:
    """The leading score and its interval, such as "90.0 % (85 to 93)"."""
    val = metrics.get("val") or {}
    if box_words.is_boxes(metrics):
        return box_text.compact_score(metrics)
    key, words = score_name(metrics)
    ends, whole = val.get(f"{key}_interval"), key == "accuracy"
    spread = [f"{100 * end:.0f}" if whole else number(end, 2) for end in ends] if is_interval(ends) else []
    shown = percent(val.get(key)) if whole else f"{words} {number(val.get(key))}"
    return shown + (f" ({' to '.join(spread)})" if spread else "")


def _scores(metrics: Mapping[str, Any]) -> Table:
    """The leading score of boda and of the baselines, with their intervals."""
    from rich.table import Table

    val = metrics.get("val") or {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"on {val.get('n', 0):,} validation pictures")
    table.add_column(score_name(metrics)[1], justify="right")
    table.add_column("95 % interval")
    table.add_row("boda", _score(metrics, val), _spread(metrics, val), style="bold")
    for name, scores in (metrics.get("baselines") or {}).items():
        table.add_row(_plain(BASELINES.get(name, name)), _score(metrics, scores), _spread(metrics, scores))
    return table


def _outcome(one: Mapping[str, Any]) -> str:
    """What became of a stage, such as "last-5 rolled back (log loss 0.144 on inner folds, 0.122 before)"."""
    before = "" if one.get("log_loss_before") is None else f", {number(one['log_loss_before'])} before"
    fate = "kept" if one.get("kept") else "rolled back"
    return f"{clean(one.get('stage'))} {fate} (log loss {number(one.get('log_loss'))} on inner folds{before})"


def _facts(contents: Contents) -> Table:
    """A word and a sentence a row: calibration, abstaining, confusions, time, report."""
    val = contents.val
    rows = _warnings(contents.data, leaks_sentence)
    if contents.metrics.get("stages"):
        rows.append(("stages", "; ".join(map(_outcome, contents.metrics["stages"]))))
    if val.get("ece") is not None:
        rows.append(("calibration", calibration_sentence(val)))
    if contents.calibration.get("abstain"):
        rows.append(("abstaining", abstain_sentence(contents.calibration)))
    worst = worst_confusions(val.get("confusion") or [], contents.classes, 3)
    if worst:
        rows.append(
            ("mix-ups", "; ".join(f"{clean(a, 30)} → {clean(b, 30)} ({count} of {n})" for a, b, count, n in worst))
        )
    return _pairs([*rows, *_ending(contents)])


def _box_facts(contents: Contents) -> Table:
    """A word and a sentence a row: other scores, mistakes, margin, confidence, time, report."""
    warnings = _warnings(contents.data, box_words.leaks_sentence)
    return _pairs([*warnings, *box_text.facts(contents), *_ending(contents)])


def _ending(contents: Contents) -> list[tuple[str, str]]:
    """How long it took, and where the report is."""
    spent = contents.metrics.get("seconds") or {}
    features = f" (features {seconds(spent['features'])})" if "features" in spent else ""
    return [
        ("time", f"{seconds(spent.get('total'))}{features}"),
        ("report", str(contents.run.path / "report.html")),
    ]


def _warnings(data: Mapping[str, Any], leaks_words: Callable[[int], str]) -> list[tuple[str, str]]:
    """What the reader must know of the data before the figures are believed."""
    bad, leaks, rows = data.get("bad_count") or 0, data.get("leaks_count") or 0, []
    if bad:
        rows.append(("left out", f"{plural(bad, 'file')} that cannot be read, see bad_files.csv"))
    if leaks:
        rows.append(("careful", f"{leaks_words(leaks)} boda look shows {'it' if leaks == 1 else 'them'}"))
    return rows


def _next(contents: Contents) -> Table:
    return _pairs([(step.get("command") or "", step.get("title") or "") for step in contents.next])


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for left, right in rows:
        table.add_row(_plain(left, "cyan"), _plain(right))
    return table


def _score(metrics: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    key, _ = score_name(metrics)
    return percent(scores.get(key)) if key == "accuracy" else number(scores.get(key))


def _spread(metrics: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    key, _ = score_name(metrics)
    ends = scores.get(f"{key}_interval")
    if key != "accuracy" and is_interval(ends):
        return f"{number(ends[0])} to {number(ends[1])}"
    return interval(ends)


def _plain(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(clean(text, 1000), style=style)
