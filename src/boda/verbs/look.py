"""`boda look`: what is in a folder of pictures, before anything is trained on it."""

from __future__ import annotations

import html
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.data import read
from boda.data.audit import audit
from boda.data.decode import SUFFIXES
from boda.data.folders import walk
from boda.errors import BodaError, ImageError
from boda.explain import thumbnail
from boda.reports.sheet import look_html, sheet_png
from boda.sample import BadFile, Dataset, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.data.findings import Audit

A_CLASS = 8  # samples on the sheet
CLASSES = 60  # on the sheet; the counts show all
GROUPS = 24  # of copies whose pictures are shown


@dataclass(frozen=True)
class Overview:
    """What `look` found: a summary that json can say, and the files that show it."""

    summary: dict[str, Any]
    page: Path
    sheet: Path

    def _repr_html_(self) -> str:
        warnings = "".join(f"<li>{html.escape(text)}</li>" for text in self.summary["warnings"])
        found = f"<b>{self.summary['n']} pictures</b>, {self.summary['bad_count']} damaged"
        return f"{found}<ul>{warnings}</ul>page: {html.escape(str(self.page))}"


def look(
    data: Any, *, out: Path | str | None = None, deep: bool = True, seed: int = 0, reading: dict[str, Any] | None = None
) -> Overview:
    """Look through labelled pictures and write a page, a contact sheet and the list of damaged files.

    Args:
        data: a folder, a CSV file, or whatever `train` takes.
        out: where look.html, sheet.png, look.json and bad_files.csv go; by default `boda-look/NAME`.
            Files of these names that an earlier look left there are replaced.
        deep: decode every picture, which finds damage and near copies; else headers only, some times faster.
        seed: of the samples on the sheet.
        reading: options of the reader, such as `label_column`.

    Raises:
        DataError: there is nothing to look at; it says what was expected.
    """
    is_folder = isinstance(data, (str, Path)) and Path(data).is_dir()
    name = Path(data).resolve().name if isinstance(data, (str, Path)) else type(data).__name__
    folder = Path(out) if out is not None else Path("boda-look") / (name or "pictures")
    if is_folder and folder.resolve().is_relative_to(Path(data).resolve()):
        raise BodaError(f"{folder} lies within the pictures' folder, which boda never writes to. Give another --out.")
    source = walk(Path(data)) if is_folder and not reading else _samples(read(data, **(reading or {})))
    drawn = Drawn(seed)
    total = count_pictures(Path(data)) if is_folder else None
    with audit(drawn.watch(source), total=total, deep=deep) as found:
        summary = {"data": str(data) if isinstance(data, (str, Path)) else name, **found.to_json()}
        copies = _copies(found, Path(data)) if is_folder else {}
        folder.mkdir(parents=True, exist_ok=True)
        found.write_bad(folder / "bad_files.csv")
    rows = drawn.rows()
    page, sheet = folder / "look.html", folder / "sheet.png"
    atomic.write_text(page, look_html(summary, rows, thumbnails=copies))
    atomic.write_bytes(sheet, sheet_png(rows))
    atomic.write_text(folder / "look.json", json.dumps(summary, indent=2) + "\n")
    return Overview(summary, page, sheet)


def count_pictures(folder: Path) -> int:
    """How many files below `folder` have a picture's suffix; only for the time to go."""
    return sum(os.path.splitext(name)[1].lower() in SUFFIXES for _, _, files in os.walk(folder) for name in files)  # noqa: PTH122 - fast


def _samples(dataset: Dataset) -> Iterator[Sample | BadFile]:
    yield from dataset.bad
    yield from dataset.samples


class Drawn:
    """A few samples of each class, drawn while all of them pass by (Vitter 1985, algorithm R)."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.kept: dict[str, list[Sample]] = {}
        self.seen: dict[str, int] = {}

    def watch(self, samples: Iterable[Sample | BadFile]) -> Iterator[Sample | BadFile]:
        """Yield `samples` as they are."""
        for sample in samples:
            if isinstance(sample, Sample):
                self._consider(sample)
            yield sample

    def _consider(self, sample: Sample) -> None:
        label = sample.label if isinstance(sample.label, str) else ", ".join(sample.label or ("no label",))
        if label not in self.kept and len(self.kept) == CLASSES:
            return
        kept = self.kept.setdefault(label, [])
        self.seen[label] = self.seen.get(label, 0) + 1
        if len(kept) < A_CLASS:
            kept.append(sample)
        elif (place := int(self.rng.integers(self.seen[label]))) < A_CLASS:
            kept[place] = sample

    def rows(self) -> list[tuple[str, list[tuple[np.ndarray, str]]]]:
        """(class, [(thumbnail, name)]) for the sheet; what cannot be decoded is passed over."""
        rows = []
        for label, samples in sorted(self.kept.items()):
            shown = [(pixels, Path(s.name).name) for s in samples if (pixels := _thumbnail(s)) is not None]
            rows.append((f"{label} ({self.seen[label]:,})", shown))
        return rows


def _thumbnail(sample: Sample) -> np.ndarray | None:
    try:
        return thumbnail(sample, 160)
    except (ImageError, OSError):
        return None


def _copies(found: Audit, root: Path) -> dict[str, np.ndarray]:
    """Thumbnails by name of the first groups of copies, so that they can be compared by eye."""
    thumbnails: dict[str, np.ndarray] = {}
    for groups in (found.leaks(), found.conflicts(), found.exact_groups(), found.near_groups()):
        for _, members in zip(range(GROUPS), groups, strict=False):
            for member in members[:4]:
                if (
                    member.name not in thumbnails
                    and (pixels := _thumbnail(Sample(member.name, root / member.name))) is not None
                ):
                    thumbnails[member.name] = pixels
    return thumbnails
