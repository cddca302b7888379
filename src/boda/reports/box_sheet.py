"""Turns what `boda look` found in pictures with boxes into one HTML page that opens offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.data.box_findings import aspects, centres
from boda.reports import box_plots, canvas
from boda.reports.about_data import data_sentence, formats_table, path_line, problems_section
from boda.reports.box_words import share
from boda.reports.page import Html, Section, document, drawing, element, join, listing, name, note, photo, table
from boda.reports.sheet import encoded, pictures_beside
from boda.reports.words import base_name, clean, number, percent, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from matplotlib.figure import Figure

    from boda.data.box_census import Census
    from boda.reports.sheet import Row

CARDS = 8  # odd boxes of each kind that are shown
COLUMNS = "display:block;columns:285px;column-gap:16px"  # pictures of any height, one below the other
SMALL = "row-gap:0;grid-template-columns:repeat(auto-fill,minmax(190px,1fr))"
ODD = {
    "duplicated": (
        ("object marked twice", "objects marked twice"),
        "Two boxes of one class in the same place (IoU above 0.95). One of them can never be found.",
    ),
    "inverted": (
        ("inverted box", "inverted boxes"),
        "The right edge lies left of the left one, or the lower above the upper. Dropped.",
    ),
    "outside": (
        ("box outside its picture", "boxes outside their pictures"),
        "Nothing of the box lies in its picture. Dropped.",
    ),
    "zero area": (
        ("box without area", "boxes without area"),
        "No width or no height: a click instead of a drag? Dropped.",
    ),
    "not finite": (
        ("box without finite numbers", "boxes without finite numbers"),
        "A coordinate is no finite number. Dropped.",
    ),
    "partly outside": (
        ("box that reached beyond the edge", "boxes that reached beyond the edge"),
        "Part of the box lies outside its picture. Clipped at the edge.",
    ),
    "nested": (
        ("box within another of its class", "boxes within another of their class"),
        "One object before another is fine. A part of an object, or a group that is marked as one, is not.",
    ),
    "tiny": (
        ("tiny box", "tiny boxes"),
        "Below 8 pixels on a side as the network sees it, or below a thousandth of the picture. Is there an object?",
    ),
}


def box_look_html(
    summary: Mapping[str, Any],
    census: Census,
    rows: Sequence[Row],
    odd: Mapping[str, Sequence[tuple[np.ndarray, str]]],
    thumbnails: Mapping[str, np.ndarray],
) -> str:
    """One HTML page: counts, the bar to beat, sizes and places, problems, odd boxes, samples with their boxes.

    Args:
        summary: what look.json holds, with its table `boxes`.
        census: the boxes, for the figures.
        rows: a title, and pictures (h, w, 3) uint8 with their boxes drawn and with captions.
        odd: kind to pictures of odd boxes with captions.
        thumbnails: by sample name, to show copies side by side.
    """
    left_out = {**summary, "imbalance": None}  # told of boxes, among the warnings
    sections = [
        _data_section(summary, census),
        _constant_section(summary["boxes"].get("constant")),
        _shapes_section(summary["boxes"], census),
        problems_section(left_out, lambda group: pictures_beside(group, thumbnails)),
        _odd_section(summary["boxes"]["odd"], odd),
        _samples_section(rows),
    ]
    data = summary.get("data") or "A look at the data"
    heading = join(element("div", "boda · look", class_="mark"), element("h1", base_name(data)), path_line(data))
    foot = "Made by boda look. This file needs no network."
    return document(f"{base_name(data)}: boda look", heading, [s for s in sections if s is not None], foot)


def _data_section(summary: Mapping[str, Any], census: Census) -> Section:
    found, counts = summary["boxes"], summary["boxes"]["counts"]
    several = len(census.classes) > 1 or len(counts) > 1
    figure = _draw("boxes_by_class", box_plots.boxes_by_class(counts), "Bars: the number of boxes of each class")
    body = join(
        note("How many objects of each class are marked, in how many pictures. Look for classes with few of them."),
        element("p", f"{data_sentence(summary, census.classes)} {objects_sentence(found)}"),
        figure if several else None,
        _counts_table(summary, census.classes),
        formats_table(summary),
        listing([clean(text, 400) for text in found["notes"]]) if found.get("notes") else None,
    )
    return Section("data", "The data", body)


def objects_sentence(found: Mapping[str, Any]) -> str:
    """How many boxes there are, how many a picture has, and whether pictures without them are among them."""
    each, bare = found["per_picture"], found["unlabelled_count"]
    least, most = each["min"], each["max"]
    spread = f"{least} a picture" if least == most else f"{least} to {most} a picture, {each['mean']:.3g} on average"
    without = f"{plural(bare, 'picture')} without a box" if bare else "no picture is without one"
    return f"{plural(found['n'], 'box', 'boxes')}, {spread}; {without}."


def _counts_table(summary: Mapping[str, Any], classes: Sequence[str]) -> Html:
    """A row a class: pictures and boxes in each part."""
    boxes, pictures = summary["boxes"]["counts"], summary.get("counts") or {}
    head = [f"{what}{'' if part == 'all' else f', {clean(part)}'}" for part in boxes for what in ("boxes", "pictures")]
    rows = [
        (name(label), *(f"{of.get(part, {}).get(label, 0):,}" for part in boxes for of in (boxes, pictures)))
        for label in classes
    ]
    return table(("class", *head), rows)


def _constant_section(constant: Mapping[str, Any] | None) -> Section | None:
    if constant is None:
        return None
    x, y, width, height = constant["box"]
    asked = "the largest object of each" if constant["largest"] else "their objects"
    n, on = constant["n"], constant["measured_on"]
    known = "all pictures" if on == "all" else "the training pictures"
    measured = f"{plural(n, 'picture')}{'' if on == 'all' else f' of the part {on}'}"
    body = join(
        note(
            "An answer that never looks: the mean box, given for every picture. "
            "Where objects lie in the middle and are large, it comes far. Only what a model adds to it was learnt."
        ),
        element(
            "dl",
            _figure("mean IoU of the mean box", number(constant["mean_iou"]), "0 is apart, 1 is equal"),
            _figure("overlaps by half or more", percent(constant["iou_50"], 0), "IoU of 0.5 or more"),
            _figure("its size", f"{percent(width, 0)} x {percent(height, 0)}", "of the picture's width and height"),
            _figure("its centre", f"{percent(x, 0)}, {percent(y, 0)}", "from the left, from the top"),
            class_="figures",
        ),
        element("p", f"The mean over {known}, compared with {asked} in {measured}.", class_="muted"),
    )
    return Section("constant", "The bar to beat", body)


def _shapes_section(found: Mapping[str, Any], census: Census) -> Section | None:
    if not len(census):
        return None
    constant = (found.get("constant") or {}).get("box")
    sides = census.relative_sides
    both = box_plots.sizes_and_places(sides, census.labels, census.classes, centres(census), constant)
    shapes = box_plots.numbers_and_shapes(found["per_picture"]["histogram"], aspects(census))
    border = f"{plural(found['at_border_count'], 'box touches', 'boxes touch')} the picture's edge"
    low, middle, high, largest = (share(found["area_share"][key]) for key in ("min", "25 %", "75 %", "max"))
    body = join(
        note(
            "Each point is a box; on a dashed line all cover the same share of the picture. "
            "A model expects what it has seen: sizes and places that are missing here will be found badly later."
        ),
        _draw("sizes", both, "Width against height of the boxes, and a map of their centres"),
        _draw("shapes", shapes, "Bars: boxes a picture, and width to height of the boxes"),
        element(
            "p",
            f"Half of the boxes cover between {middle} and {high} of their picture; "
            f"the smallest {low}, the largest {largest}. "
            f"{border} ({percent(found['at_border_share'], 0)}): their objects may go on beyond it.",
        ),
    )
    return Section("shapes", "Sizes and places", body)


def _odd_section(
    told: Mapping[str, Mapping[str, Any]], pictures: Mapping[str, Sequence[tuple[np.ndarray, str]]]
) -> Section:
    blocks = [_odd_block(kind, told[kind], pictures.get(kind, ())) for kind in ODD if told[kind]["count"]]
    body = join(
        note("Boxes that are often slips of whoever drew them. Objects are counted from 1 within their picture."),
        *(blocks or [element("p", "Nothing: no box is tiny, doubled, nested, inverted or outside.", class_="fine")]),
    )
    return Section("odd", "Odd boxes", body)


def _odd_block(kind: str, told: Mapping[str, Any], pictures: Sequence[tuple[np.ndarray, str]]) -> Html:
    titles, why = ODD[kind]
    listed = told["listed"]
    rows = [join(name(o["file"]), f", {clean(o['object'])} ({clean(o['label'])}): {clean(o['what'], 200)}")
            for o in listed]  # fmt: skip
    if told["count"] > len(listed):
        rows.append(join(f"… and {told['count'] - len(listed):,} more"))
    cards = element("div", *(_card(pixels, text) for pixels, text in pictures[:CARDS]), class_="cards", style=SMALL)
    return join(
        element("h3", plural(told["count"], *titles)),
        element("p", why),
        cards if pictures else None,
        listing(rows, most=6),
    )


def _samples_section(rows: Sequence[Row]) -> Section | None:
    shown = [
        join(
            element("h3", clean(title)),
            element("div", *(_card(pixels, text) for pixels, text in cells), class_="cards", style=COLUMNS),
        )
        for title, cells in rows
        if len(cells)
    ]
    if not shown:
        return None
    text = "A few pictures of each class with their boxes, drawn at random: is every object marked, and marked closely?"
    return Section("samples", "Samples", join(note(text), *shown))


def _card(pixels: np.ndarray, caption: str) -> Html:
    return element(
        "div",
        photo(encoded(pixels, "JPEG"), f"Picture with its boxes: {clean(caption)}"),
        element("p", name(caption), class_="file"),
        class_="card whole",
        style="margin-bottom:16px",
    )


def _figure(what: str, value: str, small: str) -> Html:
    return element("div", element("dt", what), element("dd", value, element("small", small)))


def _draw(anchor: str, figure: Figure, alt: str) -> Html:
    return drawing(canvas.to_svg(figure, anchor), alt)
