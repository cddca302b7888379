"""The report's sections on the data: what the sequences are, what is wrong with them, how they were split.

Each takes what data.json holds, so that `boda look` shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.about_making import bars
from boda.reports.page import Html, Section, element, join, listing, name, note, table
from boda.reports.sequences import figures
from boda.reports.sequences.held import metrics_of, table_of
from boda.reports.sequences.measures import short
from boda.reports.sequences.words import noun, step_noun, token_words
from boda.reports.words import NOTHING, clean, percent, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

    from boda.reports.contents import Contents

    Draw = Callable[[str, Figure, str], Html]

PARTS = {
    "train": "what it learns from; every choice is made inside it",
    "val": "what this report is measured on; nothing was chosen by it",
    "test": "kept aside",
}
MOST_CLASSES = 50
MOST_SERIES = 6
MOST_SAMPLES = 24
GROUPS = (
    (
        "leaks",
        "the same in two parts at once",
        "What was learnt from is no fair question; the figures flatter. Remove one of each.",
    ),
    ("conflicts", "the same, with different answers", "Look at them: is one of the answers wrong?"),
    (
        "duplicates",
        "the very same, more than once",
        "Where boda makes the split they stay in one part, but count twice.",
    ),
)


def data_section(contents: Contents) -> Section | None:
    """Counts, lengths, classes, alphabet, samples."""
    if not contents.data.get("n"):
        return None
    told = {**contents.data, "task": contents.about.get("task"), "unit": contents.about.get("unit")}
    return section_of(told, contents.draw)


def section_of(data: Mapping[str, Any], draw: Draw) -> Section:
    """The same from data.json with `task` and `unit`; `draw` makes a figure part of the page."""
    body = join(
        note("What the data is made of. Look for classes with few examples, for lengths that differ, for odd signs."),
        element("p", data_sentence(data)),
        listing([clean(text, 300) for text in data["notes"]]) if data.get("notes") else None,
        _series(data, draw),
        _classes(data),
        _lengths(data, draw),
        _alphabet(data),
        _samples(data),
    )
    return Section("data", "The data", body)


def data_sentence(data: Mapping[str, Any]) -> str:
    """How many sequences there are, of which length, in which parts.

    >>> data_sentence({"n": 3, "task": "tag", "lengths": {"least": 2, "median": 4, "most": 9}})
    '3 sentences, of 2 to 9 words (half of them up to 4).'
    """
    one, many = ("series", "series") if data.get("task") == "forecast" else (noun(data), f"{noun(data)}s")
    text = plural(data.get("n") or 0, one, many) + _span_words(data)
    parts = [f"{plural(count, one, many)} in {clean(part)}" for part, count in table_of(data, "parts").items() if part]
    given = f" In parts: {', '.join(parts)}." if len(parts) > 1 else ""
    return f"{text}.{given}"


def _span_words(data: Mapping[str, Any]) -> str:
    """Of which length they are, empty where that is not known."""
    least, middle, most = (table_of(data, "lengths").get(key) for key in ("least", "median", "most"))
    if least is None or most is None:
        return ""
    step = step_noun(data)
    if least == most:
        return f", {'all ' if data.get('n') != 1 else ''}of {plural(int(most), step)}"
    return f", of {least:,.0f} to {most:,.0f} {step}s (half of them up to {middle or 0:,.0f})"


def problems_section(data: Mapping[str, Any]) -> Section:
    """What was left out, copies, leaks, contradictions, warnings."""
    warnings = [clean(text, 300) for text in data.get("warnings") or []]
    found = [block for block in (_bad(data), *(_group(data, *row) for row in GROUPS)) if block is not None]
    body = join(
        note(
            "What boda noticed in the data. "
            "Each point can make a model worse, or its figures better than they should be."
        ),
        listing(warnings) if warnings else None,
        *found,
        None
        if found or warnings
        else element("p", "Nothing: everything could be read, nothing occurs twice.", class_="fine"),
    )
    return Section("problems", "Problems found", body)


def problems_of_run(contents: Contents) -> Section | None:
    """The same, of a Run."""
    return problems_section(contents.data) if contents.data else None


def split_section(contents: Contents) -> Section | None:
    """Which share serves for what, and by which method."""
    parts = contents.split.get("parts")
    if not parts:
        return None
    metrics, method = metrics_of(contents), contents.split.get("method")
    digest, notes = str(contents.split.get("digest") or ""), contents.split.get("notes") or []
    body = join(
        note("A model must be measured on what it has not learnt from. Here is what served for what."),
        _series_parts() if metrics.get("task") == "forecast" else _parts_table(parts, metrics),
        element("p", f"Method: {clean(method, 200)}; seed {clean(contents.split.get('seed', NOTHING))}.")
        if method
        else None,
        listing([clean(text, 300) for text in notes]) if notes else None,
        element("p", "Fingerprint of the split: ", element("code", clean(digest[:16])), class_="muted")
        if digest
        else None,
    )
    return Section("split", "The split", body)


def _parts_table(parts: Mapping[str, Sequence[str]], metrics: Mapping[str, Any]) -> Html:
    total = sum(map(len, parts.values())) or 1
    rows = [
        (part, PARTS.get(part, ""), f"{len(names):,}", percent(len(names) / total, 0))
        for part, names in parts.items()
        if names
    ]
    return table(("part", "what for", f"{noun(metrics)}s", "share"), rows, words=2)


def _series_parts() -> Html:
    return element(
        "p", "Every series is cut by time: the network learns from its beginning and is measured on its end."
    )


def _series(data: Mapping[str, Any], draw: Draw) -> Html | None:
    some = [one for one in data.get("series") or [] if one.get("values")]
    if not some:
        return None
    rows = [
        (
            name(figures.series_name(one)),
            f"{one.get('n') or 0:,}",
            f"{one.get('missing') or 0:,}",
            short(one.get("least")),
            short(one.get("mean")),
            short(one.get("most")),
            f"{one['season']}" if (one.get("season") or 0) > 1 else NOTHING,
        )
        for one in some
    ]
    steps = ", ".join(dict.fromkeys(clean(one["step"]) for one in some if one.get("step")))
    return join(
        element("p", f"A step is {steps}.") if steps else None,
        draw("series", figures.series(some[:MOST_SERIES]), "The series, one above the other"),
        table(("series", "steps", "filled in", "least", "mean", "most", "season"), rows[:MOST_CLASSES]),
    )


def _classes(data: Mapping[str, Any]) -> Html | None:
    counts = table_of(data, "classes")
    if len(counts) < 2:
        return None
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    rows = [(clean(label, 40), float(n), f"{n:,}") for label, n in ordered]
    hidden = element("details", element("summary", f"{len(rows) - MOST_CLASSES:,} more"), bars(rows[MOST_CLASSES:]))
    title = "Tags" if data.get("task") == "tag" else "Classes"
    return join(element("h3", title), bars(rows[:MOST_CLASSES]), hidden if len(rows) > MOST_CLASSES else None)


def _lengths(data: Mapping[str, Any], draw: Draw) -> Html | None:
    histogram = table_of(table_of(data, "lengths"), "histogram")
    edges, counts = histogram.get("edges") or [], histogram.get("counts") or []
    if len(counts) < 2 or len(edges) != len(counts) + 1:
        return None
    figure = figures.lengths(edges, counts, f"{noun(data)}s", step_noun(data))
    return join(element("h3", "How long they are"), draw("lengths", figure, "Histogram of lengths"))


def _alphabet(data: Mapping[str, Any]) -> Html | None:
    alphabet = table_of(data, "alphabet")
    if not alphabet.get("size"):
        return None
    step = step_noun(data)
    common = (alphabet.get("common") or [])[:40]
    shown = [join(element("b", element("bdi", token_words(str(token)))), f" {count:,}  ") for token, count in common]
    scripts = ", ".join(f"{clean(script)} {count:,}" for script, count in table_of(alphabet, "scripts").items())
    once = f"; {plural(alphabet['once'], step)} of these only once" if alphabet.get("once") else ""
    return join(
        element("h3", f"Its {step}s"),
        element(
            "p", f"{plural(alphabet['size'], f'different {step}')}{once}. {f'Scripts: {scripts}.' if scripts else ''}"
        ),
        element("p", "The commonest: ", *shown, class_="muted") if shown else None,
    )


def _samples(data: Mapping[str, Any]) -> Html | None:
    some = (data.get("samples") or [])[:MOST_SAMPLES]
    if not some:
        return None
    rows = [
        (element("bdi", _sample_text(one)), name(_label(one.get("label"))), name(one.get("name", ""))) for one in some
    ]
    labelled = any(one.get("label") is not None for one in some)
    shown = rows if labelled else [(text, where) for text, _, where in rows]
    head = ("sequence", "answer", "where") if labelled else ("sequence", "where")
    return join(element("h3", "Some of them, evenly spread"), table(head, shown, words=3))


def _sample_text(one: Mapping[str, Any]) -> str:
    if one.get("text") is not None:
        return clean(one["text"], 160)
    if one.get("frames") is not None:
        return f"{plural(one['frames'], 'frame')}, {short(one.get('sounding'))} keys at a time"
    return clean(" ".join(map(str, one.get("tokens") or one.get("events") or [])), 160) or NOTHING


def _label(label: Any) -> str:
    if label is None:
        return ""
    return clean(" ".join(map(str, label)) if isinstance(label, (list, tuple)) else label, 120)


def _bad(data: Mapping[str, Any]) -> Html | None:
    bad = data.get("bad") or []
    if not bad:
        return None
    items = [join(name(one.get("name")), ": ", clean(one.get("reason"), 200)) for one in bad]
    count = data.get("bad_count") or len(bad)
    if count > len(bad):
        items.append(join(f"… and {count - len(bad):,} more"))
    return join(element("h3", f"{plural(count, 'row or file', 'rows or files')} left out, and why"), listing(items))


def _group(data: Mapping[str, Any], key: str, title: str, why: str) -> Html | None:
    count, groups = data.get(f"{key}_count") or 0, data.get(key) or []
    if not count:
        return None
    items = [_names(group) for group in groups if isinstance(group, (list, tuple))]
    return join(
        element("h3", f"{plural(count, noun(data))}: {title}"), element("p", why), listing(items) if items else None
    )


def _names(group: Sequence[str]) -> Html:
    shown = [part for one in group[:6] for part in (" = ", name(one))][1:]
    return join(*shown, f" and {len(group) - 6} more" if len(group) > 6 else None)
