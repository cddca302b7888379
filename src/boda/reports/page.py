"""Builds HTML from elements: text is escaped, always, unless it is `Html` already; pictures are inlined.

>>> element("p", "1 < 2 ", element("b", "really"), class_="note")
'<p class="note">1 &lt; 2 <b>really</b></p>'
"""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boda.reports.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
MOST_LISTED = 12
_VOID = {"img", "meta", "br", "hr"}


class Html(str):
    """Markup that is ready; any other string is escaped when it becomes a child of an element."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, with the name of its anchor and the heading that the contents list."""

    anchor: str
    title: str
    body: Html


def element(name: str, /, *children: str | None, **attributes: str | None) -> Html:
    """`<name attributes>children</name>`; None among either is left out, and `class_` is written `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str | None) -> Html:
    """The children one after the other, each escaped unless it is Html."""
    return Html("".join(c if isinstance(c, Html) else html.escape(c) for c in children if c is not None))


def note(text: str) -> Html:
    """What a section shows and what to look for, in one or two sentences."""
    return element("p", text, class_="note")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> Html:
    """A table whose first `words` columns are words, to the left, and the others figures, to the right."""
    kinds = ["word" if column < words else "figure" for column in range(len(head))]
    top = element(
        "tr", *(element("th", cell, scope="col", class_=kind) for cell, kind in zip(head, kinds, strict=True))
    )
    body = (
        element("tr", *(element("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    )
    return element("div", element("table", element("thead", top), element("tbody", *body)), class_="scroll")


def listing(items: Sequence[str], *, most: int = MOST_LISTED) -> Html:
    """A list; what goes beyond `most` items is folded away, and beyond 500 only counted."""
    rows = [element("li", item) for item in items[:500]]
    if len(items) > 500:
        rows.append(element("li", f"… and {len(items) - 500:,} more"))
    if len(rows) <= most:
        return element("ul", *rows)
    rest = element("details", element("summary", f"{len(items) - most:,} more"), element("ul", *rows[most:]))
    return join(element("ul", *rows[:most]), rest)


def drawing(svg: str, alt: str, caption: str | None = None) -> Html:
    """An SVG figure, which a screen reader reads as `alt`."""
    picture = element("div", Html(svg), role="img", aria_label=alt, class_="drawing")
    return element("figure", picture, None if caption is None else element("figcaption", caption))


def photo(jpeg: bytes | None, alt: str, kind: str = "jpeg") -> Html:
    """A picture inlined as a data URI, or a grey place where there is none."""
    if jpeg is None:
        return element("span", "not kept", class_="missing", role="img", aria_label=f"{alt} (not kept)")
    return element("img", src=f"data:image/{kind};base64,{base64.b64encode(jpeg).decode('ascii')}", alt=alt)


def name(text: object) -> Html:
    """A class or file name, set apart from the sentence around it and from its direction of writing."""
    return element("bdi", clean(text), class_="name")


def document(title: str, heading: Html, sections: Sequence[Section], foot: str) -> str:
    """The whole page, with its contents listed on top."""
    links = (element("a", section.title, href=f"#{section.anchor}") for section in sections)
    parts = (element("section", element("h2", s.title), s.body, id=s.anchor) for s in sections)
    head = join(
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(Path(__file__).with_name("report.css").read_text(encoding="utf-8"))),
    )
    body = join(
        element("header", heading),
        element("nav", *links, aria_label="Contents"),
        element("main", *parts),
        element("footer", foot),
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'
