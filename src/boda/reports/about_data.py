"""The report's sections on the data: what it is, what is wrong with it, how it was split.

Each takes what data.json holds, so that `boda look` shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import figures
from boda.reports.page import Html, Section, element, join, listing, name, note, photo, table
from boda.reports.words import NOTHING, base_name, clean, percent, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from boda.reports.contents import Contents

MOST_BESIDE = 24  # groups that are shown as pictures; the others are listed
PARTS = {
    "train": "what the head learns from; every choice is made inside it",
    "val": "what this report is measured on; nothing was chosen by it",
    "test": "kept aside",
}


def data_section(contents: Contents) -> Section | None:
    """Classes, counts by part, sizes and samples."""
    counts = contents.data.get("counts")
    if not counts:
        return None
    figure = figures.class_counts(counts, contents.classes)
    body = join(
        note(
            "How many pictures each class has. "
            "Look for classes with few of them: there the figures below are least certain."
        ),
        element("p", data_sentence(contents.data, contents.classes)),
        contents.draw("class_counts", figure, "Bars: the number of pictures of each class, by part"),
        formats_table(contents.data),
        _samples(contents),
    )
    return Section("data", "The data", body)


def problems_section(
    data: Mapping[str, Any], beside: Callable[[Sequence[str]], Html | None] = lambda _: None
) -> Section:
    """Bad files, duplicates, leaks, conflicting labels, imbalance; `beside` may show the named pictures."""
    found = [block for block in (_bad_files(data), *_groups(data, beside), _imbalance(data)) if block is not None]
    warnings = [clean(text, 300) for text in data.get("warnings") or []]
    body = join(
        note(
            "What boda noticed in the files. "
            "Each point can make a model worse, or its figures better than they should be."
        ),
        listing(warnings) if warnings else None,
        *found,
        None
        if found or warnings
        else element("p", "Nothing: every file could be read, none occurs twice.", class_="fine"),
    )
    return Section("problems", "Problems found", body)


def split_section(contents: Contents) -> Section | None:
    """Which share of the pictures serves for what, and by which method."""
    parts = contents.split.get("parts")
    if not parts:
        return None
    total = sum(map(len, parts.values())) or 1
    rows = [
        (part, PARTS.get(part, ""), f"{len(names):,}", percent(len(names) / total, 0))
        for part, names in parts.items()
        if names
    ]
    method, digest = contents.split.get("method"), str(contents.split.get("digest") or "")
    body = join(
        note("A model must be measured on pictures that it has not learnt from. Here is who served for what."),
        table(("part", "what for", "pictures", "share"), rows, words=2),
        element("p", f"Method: {clean(method, 200)}; seed {clean(contents.split.get('seed', NOTHING))}.")
        if method
        else None,
        listing([clean(text, 300) for text in contents.split.get("notes") or []])
        if contents.split.get("notes")
        else None,
        element("p", "Fingerprint of the split: ", element("code", clean(digest[:16])), class_="muted")
        if digest
        else None,
    )
    return Section("split", "The split", body)


def data_sentence(data: Mapping[str, Any], classes: Sequence[str]) -> str:
    """How many pictures and classes there are, and how large the pictures."""
    n = data.get("n") or sum(sum(part.values()) for part in (data.get("counts") or {}).values())
    text = f"{plural(n, 'picture')} in {plural(len(classes), 'class', 'classes')}."
    sizes = data.get("sizes") or {}
    width, height = (sizes.get(side) or {} for side in ("width", "height"))
    if width.get("median") is None or height.get("median") is None:
        return text
    return f"{text} {_sizes_sentence(width, height)}"


def formats_table(data: Mapping[str, Any]) -> Html | None:
    """File formats, and how many pictures needed a conversion, in one line."""
    formats = [f"{count:,} {clean(kind)}" for kind, count in (data.get("formats") or {}).items()]
    notes = [f"{count:,} {clean(what).replace('-', ' ')}" for what, count in (data.get("notes") or {}).items()]
    if not formats and not notes:
        return None
    text = "; ".join(
        filter(
            None,
            (
                "Formats: " + ", ".join(formats) if formats else "",
                "while reading: " + ", ".join(notes) if notes else "",
            ),
        )
    )
    return element("p", f"{text}.", class_="muted")


def path_line(data: object) -> Html | None:
    """The whole path in small print, below a title that is its last name alone."""
    return None if base_name(data) == clean(data, 300) else element("p", clean(data, 300), class_="path")


def strip(pictures: Sequence[tuple[bytes | None, str]]) -> Html:
    """Pictures in a row, each with its caption."""
    shown = (
        element("figure", photo(jpeg, f"Picture: {clean(text)}"), element("figcaption", name(text)))
        for jpeg, text in pictures
    )
    return element("div", *shown, class_="strip")


def label_words(label: Any) -> str:
    """A label, or several, in words."""
    return ", ".join(map(str, label)) or "no label" if isinstance(label, (list, tuple)) else str(label)


def _sizes_sentence(width: Mapping[str, Any], height: Mapping[str, Any]) -> str:
    typical = f"{width['median']:.0f} by {height['median']:.0f} pixels"
    if _is_constant(width) and _is_constant(height):
        return f"All are {typical}."
    widths, heights = (
        f"are all {side['min']}" if _is_constant(side) else f"go from {side.get('min')} to {side.get('max')}"
        for side in (width, height)
    )
    return f"The typical picture is {typical}; widths {widths}, heights {heights}."


def _is_constant(side: Mapping[str, Any]) -> bool:
    return side.get("min") is not None and side.get("min") == side.get("max")


def _samples(contents: Contents) -> Html | None:
    samples = contents.pictures.get("samples") or []
    if not samples:
        return None
    pictures = [(contents.picture(s.get("file")), label_words(s.get("label"))) for s in samples]
    return join(element("h3", "Some of the pictures, with their labels"), strip(pictures))


def _bad_files(data: Mapping[str, Any]) -> Html | None:
    bad = data.get("bad") or []
    if not bad:
        return None
    items = [join(name(file.get("name")), ": ", clean(file.get("reason"), 200)) for file in bad]
    count = data.get("bad_count") or len(bad)
    return join(element("h3", f"{plural(count, 'file')} left out, and why"), listing(items))


def _groups(data: Mapping[str, Any], beside: Callable[[Sequence[str]], Html | None]) -> list[Html | None]:
    """Leaks, conflicts and duplicates: what each kind means, and its groups; duplicates that leak are leaks only."""
    kinds = (
        (
            "leaks",
            "in two parts at once",
            "A picture that was learnt from is no fair question; the figures flatter. Remove one of each.",
        ),
        ("conflicts", "(almost) the same picture under different labels", "Look at them: is one of the labels wrong?"),
        ("exact_duplicates", "the very same file, more than once", "They are kept in the same part, but count twice."),
        (
            "near_duplicates",
            "almost the same picture",
            (
                "Re-encoded, resized, mirrored, recoloured, or very nearly the same scene. "
                "Where boda makes the split, they stay in one part."
            ),
        ),
    )
    worse = [set(group) for key in ("leaks", "conflicts") for group in data.get(key) or []]
    blocks = []
    for key, title, why in kinds:
        groups, listed = data.get(key) or [], 0
        if key.endswith("_duplicates"):
            listed = sum(_is_told(group, worse) for group in groups)
            groups = [group for group in groups if not _is_told(group, worse)]
        total = max((data.get(f"{key}_count") or 0) - listed, len(groups))
        blocks.append(_group(groups, total, title, why, beside))
    return blocks


def _is_told(group: Sequence[str], worse: Sequence[set[str]]) -> bool:
    """Whether `group` lies within one of `worse`, or around it."""
    names = set(group)
    return any(names <= other or names >= other for other in worse)


def _group(
    groups: Sequence[Sequence[str]], total: int, title: str, why: str, beside: Callable[[Sequence[str]], Html | None]
) -> Html | None:
    """A kind of groups: those that `beside` can show as pictures, the others as text."""
    if not groups:
        return None
    shown, rows = [], []
    for nth, group in enumerate(groups):
        pictures = beside(group) if nth < MOST_BESIDE else None
        if pictures is None:
            rows.append(_names_of(group))
        else:
            shown.append(pictures)
    if total > len(groups):
        rows.append(join(f"… and {total - len(groups):,} more"))
    return join(
        element("h3", f"{plural(total, 'group')}: {title}"),
        element("p", why),
        element("div", *shown, class_="pairs") if shown else None,
        listing(rows) if rows else None,
    )


def _names_of(group: Sequence[str]) -> Html:
    return join(*_joined([name(file) for file in group[:6]]), f" and {len(group) - 6} more" if len(group) > 6 else None)


def _joined(names: Sequence[Html]) -> list[str]:
    """The names with a sign of equality between them."""
    return [part for file in names for part in (" = ", file)][1:]


def _imbalance(data: Mapping[str, Any]) -> Html | None:
    ratio = data.get("imbalance")
    if not isinstance(ratio, (int, float)) or ratio < 1.5:
        return None
    return join(
        element("h3", f"Imbalance: the largest class has {ratio:.1f} times as many pictures as the smallest"),
        element(
            "p",
            "Trust balanced accuracy and the per-class table more than plain accuracy; "
            'class_weight = "balanced" in the recipe may help.',
        ),
    )
