"""The report's sections on the mistakes of a Run of boxes: by kind, precision against recall, the worst pictures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import iou, pairwise_iou
from boda.reports import box_figures, box_words
from boda.reports.box_facts import Picture, pictures_of
from boda.reports.box_overlay import TRUTH, class_colours, draw_boxes
from boda.reports.page import Html, Section, element, join, name, note, photo, table
from boda.reports.words import clean, number, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

TITLES = {"worst": "The worst pictures", "usual": "Usual pictures"}
MOST_NAMED = 8
JPEG_QUALITY = 88
FOUND = (255, 196, 0)  # where there is one class


def errors_section(contents: Contents) -> Section | None:
    """The mistakes by kind, as bars, with what to do about each."""
    counts = contents.val.get("errors")
    if not counts:
        return None
    rows = [(words, counts.get(kind) or 0, what, advice) for kind, words, what, advice in box_words.KINDS]
    figure = box_figures.errors([(words, count) for words, count, _, _ in rows])
    drawn = contents.draw("errors", figure, "Bars: mistakes by kind")
    body = join(
        note(
            "Every shown box that is not right, and every object without a box, is of one kind. "
            "The longest bar is where work pays most."
        ),
        element("p", box_words.threshold_sentence(contents.calibration)),
        drawn if any(count for _, count, _, _ in rows) else element("p", "No mistake at all.", class_="fine"),
        table(
            ("kind", "what it is", "what to do about it", "count"),
            [(_whole(words), what, advice, f"{count:,}") for words, count, what, advice in rows],
            words=3,
        ),
    )
    return Section("errors", "What goes wrong", body)


def curves_section(contents: Contents) -> Section | None:
    """Precision against recall, at an overlap of 0.5 and of 0.75, over all and by class."""
    told = contents.curves
    panels = [
        (title, lines)
        for key, title in (("50", "Found at all (overlap 0.5)"), ("75", "Fitting (overlap 0.75)"))
        if (lines := _lines(told, key))
    ]
    if not panels:
        return None
    body = join(
        note(
            "The lower the confidence that is asked for, the more objects are found (to the right), "
            "and the more boxes are wrong (downwards). A good line stays on top as far to the right as it can."
        ),
        contents.draw("precision_recall", box_figures.precision_recall(panels), "Curves: precision against recall"),
    )
    return Section("curves", "Found against right", body)


def pictures_section(contents: Contents) -> Section | None:
    """The worst and some usual pictures, with true and found boxes drawn."""
    listed = contents.pictures.get("boxes") or []
    if not listed or not contents.predictions:
        return None
    known = {one.name: one for one in pictures_of(contents)}
    groups = [(title, [one for one in listed if one.get("why") == why]) for why, title in TITLES.items()]
    body = join(
        note(
            "What the model sees, and what it should have seen. The worst first; "
            "look whether the true box is right: wrong labels gather here."
        ),
        _legend(contents.classes),
        *(
            join(
                element("h3", title),
                element(
                    "div",
                    *(_card(contents, entry, known) for entry in entries),
                    class_="cards",
                    style="align-items:start",
                ),
            )
            for title, entries in groups
            if entries
        ),
        element("p", "Any picture, with its boxes drawn on a copy:"),
        element("pre", "boda predict RUN PICTURE --draw FOLDER"),
    )
    return Section("pictures", "Pictures worth a look", body)


def _whole(words: str) -> Html:
    """Words that are never broken."""
    return element("span", words, style="white-space:nowrap")


def _lines(told: Mapping[str, Any], key: str) -> dict[str, Sequence[float | None]]:
    """Over all first, then each class where there are several; nothing where over all is missing."""
    whole = (told.get("all") or {}).get(key)
    if not whole:
        return {}
    classes = told.get("classes") or {}
    lines = {clean(who): some[key] for who, some in classes.items() if some.get(key)} if len(classes) > 1 else {}
    return {"all classes" if len(classes) > 1 else "all objects": whole, **lines}


def _card(contents: Contents, entry: Mapping[str, Any], known: Mapping[str, Picture]) -> Html:
    one = known.get(str(entry.get("name")))
    alt = f"Picture {clean(entry.get('name'))} with true and found boxes"
    words = _words(one, contents.metrics["task"]) if one else ""
    return element(
        "div",
        photo(_drawn(contents, entry, one), alt),
        element("p", words) if words else None,
        element("p", name(entry.get("name")), class_="file"),
        class_="card whole",
    )


def _drawn(contents: Contents, entry: Mapping[str, Any], one: Picture | None) -> bytes | None:
    """The thumbnail with the boxes over it, as JPEG; None where it is missing."""
    from PIL import Image

    data = contents.picture(entry.get("file"))
    if data is None or one is None:
        return data
    pixels = np.asarray(Image.open(io.BytesIO(data), formats=("JPEG",)).convert("RGB"))
    scale = (pixels.shape[1] / max(one.width, 1), pixels.shape[0] / max(one.height, 1))
    several = len(contents.classes) > 1
    pixels = draw_boxes(pixels, one.boxes, colours=TRUTH, scale=scale, dashed=True)
    names = [contents.classes[label] for label in one.found.labels] if several else [""] * len(one.found)
    colours = class_colours(contents.classes) if several else FOUND
    pixels = draw_boxes(pixels, one.found.boxes, names, one.found.scores, colours, scale=scale)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _words(one: Picture, task: str) -> str:
    """The overlap of the one box, or how many objects there are and how many of them were found."""
    if task == "locate":
        both = len(one.boxes) and len(one.found)
        return f"overlap {number(float(iou(one.boxes[:1], one.found.best(1).boxes)[0]), 2)}" if both else "no box"
    fitting = (pairwise_iou(one.boxes, one.found.boxes) >= 0.5) & (one.labels[:, None] == one.found.labels)
    hit = int(fitting.any(axis=1).sum())
    return f"{hit} of {plural(len(one.boxes), 'object')} found; {plural(len(one.found), 'box', 'boxes')} shown"


def _legend(classes: Sequence[str]) -> Html:
    """What the lines mean."""
    colours = class_colours(classes) if len(classes) > 1 else {"found, with its confidence": FOUND}
    shown = list(colours.items())[:MOST_NAMED]
    entries = [_swatch(TRUTH, "dashed", "true box"), *(_swatch(colour, "solid", who) for who, colour in shown)]
    more = f" and {len(colours) - len(shown)} more classes" if len(colours) > len(shown) else None
    return element(
        "p", *entries, more, style="display:flex;flex-wrap:wrap;gap:6px 20px;align-items:center;max-width:none"
    )


def _swatch(colour: tuple[int, int, int], line: str, words: str) -> Html:
    ground = "display:inline-block;background:#3b4650;padding:4px;border-radius:3px"
    edge = f"display:block;width:28px;height:12px;border:2px {line} rgb{colour}"
    drawn = element("span", element("span", style=edge), style=ground)
    return element("span", drawn, name(words), style="display:inline-flex;gap:8px;align-items:center")
