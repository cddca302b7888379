"""`boda look` for sequences: lengths, classes, alphabet, samples, series, damage and copies, as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda import atomic
from boda.data.findings import write_bad
from boda.data.sequences import read_sequences
from boda.data.sequences.audit import audit_sequences
from boda.errors import BodaError, RecipeError
from boda.reports.sequences.look_page import look_page
from boda.verbs.look import Overview
from boda.verbs.material import name_of

if TYPE_CHECKING:
    from boda.augment import Augmentation, Pipeline


def look_sequences(
    data: Any,
    *,
    out: Path | str | None = None,
    augment: Pipeline | Augmentation | Path | str | None = None,
    reading: dict[str, Any] | None = None,
) -> Overview:
    """Write look.html, look.json and bad_files.csv of sequences into `out`, by default `boda-look/NAME`.

    Raises:
        DataError: there is nothing to look at; it says what was expected.
        RecipeError: `augment` is given, which is for pictures.
    """
    if augment is not None:
        raise RecipeError(f"Augmentation is for pictures, and {name_of(data)} holds sequences. Leave augment out.")
    name = Path(data).resolve().name if isinstance(data, (str, Path)) else type(data).__name__
    folder = Path(out) if out is not None else Path("boda-look") / (name or "sequences")
    _refuse_within(data, folder)
    dataset = read_sequences(data, **(reading or {}))
    found = audit_sequences(dataset)
    summary = {"data": name_of(data), "kind": "sequences", "notes": list(dataset.notes), **found}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "bad_files.csv").open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        write_bad(dataset.bad, file)
    atomic.write_text(folder / "look.html", look_page(summary))
    atomic.write_text(folder / "look.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return Overview(summary, folder / "look.html")


def _refuse_within(data: Any, folder: Path) -> None:
    """The data's folder is read-only to boda."""
    if isinstance(data, (str, Path)) and Path(data).is_dir() and folder.resolve().is_relative_to(Path(data).resolve()):
        raise BodaError(f"{folder} lies within the data's folder, which boda never writes to. Give another --out.")
