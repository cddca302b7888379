"""`boda look`: what is in a folder of pictures, before anything is trained on it."""

from __future__ import annotations

import html
import itertools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda import atomic
from boda.data import read
from boda.data.audit import audit
from boda.data.decode import SUFFIXES
from boda.data.findings import write_bad
from boda.data.folders import walk
from boda.data.recognise import reader_of_path
from boda.data.sequences import is_sequences
from boda.errors import BodaError, ImageError
from boda.explain import thumbnail
from boda.reports.box_sheet import box_look_html
from boda.reports.sheet import look_html, sheet_png
from boda.sample import BOX_TASKS, BadFile, Dataset, Sample
from boda.verbs.augment_recipe import pipeline_of
from boda.verbs.augmented import Trying, try_augmentation
from boda.verbs.drawn import A_CLASS, CLASSES, Drawn
from boda.verbs.look_boxes import BoxesSeen, sample_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np

    from boda.augment import Augmentation, Pipeline
    from boda.data.findings import Audit
    from boda.reports.sheet import Row

BOXED = 48  # samples with boxes on the sheet, in all
BOX_CELL, BOX_COLUMNS = 320, 4  # of the sheet with boxes
TRIED = 200  # samples of each class from which those are chosen that are augmented
GROUPS = 24  # of copies whose pictures are shown


@dataclass(frozen=True)
class Overview:
    """What `look` found: a summary that json can say, and the files that show it.

    Of an augmentation, `summary["augment"]` holds steps, warnings and what was measured; else it is missing.
    """

    summary: dict[str, Any]
    page: Path
    sheet: Path | None = None
    augment_page: Path | None = None
    augment_sheet: Path | None = None

    def _repr_html_(self) -> str:
        told = [*self.summary["warnings"], *self.summary.get("augment", {}).get("warnings", ())]
        warnings = "".join(f"<li>{html.escape(text)}</li>" for text in told)
        what = "sequences" if self.summary.get("kind") == "sequences" else "pictures"
        found = f"<b>{self.summary['n']} {what}</b>, {self.summary['bad_count']} damaged"
        pages = [str(page) for page in (self.page, self.augment_page) if page is not None]
        return f"{found}<ul>{warnings}</ul>page: {html.escape(', '.join(pages))}"


def look(
    data: Any,
    *,
    out: Path | str | None = None,
    deep: bool = True,
    seed: int = 0,
    augment: Pipeline | Augmentation | Path | str | None = None,
    reading: dict[str, Any] | None = None,
) -> Overview:
    """Look through labelled pictures and write a page, a contact sheet and the list of damaged files.

    Args:
        data: a folder, a CSV file, or whatever `train` takes; of boxes, they are drawn and looked at as well. Of
            sequences the page shows lengths, alphabet, samples and series, and there is no sheet.
        out: where look.html, sheet.png, look.json and bad_files.csv go; by default `boda-look/NAME`.
            Files of these names that an earlier look left there are replaced.
        deep: decode every picture, which finds damage and near copies; else headers only, some times faster.
        seed: of the samples on the sheet.
        augment: a Pipeline, a TOML file of one or with a table [augmentation], the name of a step, or "default":
            augment.html and augment.png then show draws beside their originals, and where `deep`, each step is tried
            on up to 200 pictures for what it does to labels (see `boda.training.label_risk`).
        reading: options of the reader, such as `label_column`, or `format` where a folder holds several.

    Raises:
        DataError: there is nothing to look at; it says what was expected.
        AugmentError: `augment` names no recipe and no step, or a step cannot take these pictures.
    """
    if is_sequences(data, **{name: (reading or {}).get(name) for name in ("task", "format")}):
        from boda.verbs.look_sequences import look_sequences

        return look_sequences(data, out=out, augment=augment, reading=reading or {})
    pipeline = None if augment is None else pipeline_of(augment, seed)
    is_folder = isinstance(data, (str, Path)) and Path(data).is_dir()
    name = Path(data).resolve().name if isinstance(data, (str, Path)) else type(data).__name__
    folder = Path(out) if out is not None else Path("boda-look") / (name or "pictures")
    if is_folder and folder.resolve().is_relative_to(Path(data).resolve()):
        raise BodaError(f"{folder} lies within the pictures' folder, which boda never writes to. Give another --out.")
    dataset = _read(data, is_folder=is_folder, reading=reading or {})
    boxed = dataset is not None and dataset.task in BOX_TASKS
    drawn, pool = Drawn(seed, _most(dataset) if boxed else A_CLASS), Drawn(seed, TRIED)
    source = _samples(dataset, with_bad=not boxed) if dataset is not None else walk(Path(data))
    source = source if pipeline is None else pool.watch(source)
    total = count_pictures(Path(data)) if dataset is None else len(dataset) + (0 if boxed else len(dataset.bad))
    with audit(drawn.watch(source), total=total, deep=deep) as found:
        summary = {"data": str(data) if isinstance(data, (str, Path)) else name, **found.to_json()}
        seen = BoxesSeen.of(dataset, found) if dataset is not None and boxed else None
        summary = summary if seen is None else seen.add_to(summary, found)
        root = Path(data) if is_folder else None if dataset is None else dataset.root
        copies = _copies(found, root) if root is not None and root.is_dir() else {}
        folder.mkdir(parents=True, exist_ok=True)
        _write_bad(folder / "bad_files.csv", itertools.chain(() if seen is None else seen.dataset.bad, found.bad()))
        pool.drop(bad.name for bad in found.bad())
    tried = None
    if pipeline is not None:
        about = {"data": name or "pictures", "recipe": _recipe_name(augment)}
        tried = try_augmentation(pipeline, pool.samples(), folder, about, measure=deep, seed=seed)
        summary["augment"] = tried.summary
    page, sheet = folder / "look.html", folder / "sheet.png"
    html_text, png = _pages(summary, drawn, copies, seen)
    atomic.write_text(page, html_text)
    atomic.write_bytes(sheet, png)
    atomic.write_text(folder / "look.json", json.dumps(summary, indent=2) + "\n")
    return Overview(summary, page, sheet, *_files(tried))


def _read(data: Any, *, is_folder: bool, reading: dict[str, Any]) -> Dataset | None:
    """What is read at once; None for folders of classes, which are walked as they are looked through."""
    if is_folder and not reading and reader_of_path(Path(data)) == "folders":
        return None
    return read(data, **reading)


def _most(dataset: Dataset | None) -> int:
    """How many samples with boxes of each class are shown."""
    classes = 1 if dataset is None else min(len(dataset.classes), CLASSES)
    return max(BOXED // (2 * max(classes, 2)), 2)


def _pages(
    summary: dict[str, Any], drawn: Drawn, copies: dict[str, np.ndarray], seen: BoxesSeen | None
) -> tuple[str, bytes]:
    """The page, and the contact sheet as PNG."""
    if seen is None:
        rows = _rows(drawn)
        return look_html(summary, rows, thumbnails=copies), sheet_png(rows)
    boxed = sample_rows(drawn.kept, drawn.seen, seen.dataset.classes)
    page = box_look_html(summary, seen.census, boxed, seen.odd_pictures(), copies)
    return page, sheet_png(boxed, BOX_COLUMNS, BOX_CELL)


def count_pictures(folder: Path) -> int:
    """How many files below `folder` have a picture's suffix; only for the time to go."""
    return sum(os.path.splitext(name)[1].lower() in SUFFIXES for _, _, files in os.walk(folder) for name in files)  # noqa: PTH122 - fast


def _recipe_name(augment: Any) -> str:
    return str(augment) if isinstance(augment, (str, Path)) else "a pipeline"


def _files(tried: Trying | None) -> tuple[Path | None, Path | None]:
    return (None, None) if tried is None else (tried.page, tried.sheet)


def _samples(dataset: Dataset, *, with_bad: bool) -> Iterator[Sample | BadFile]:
    yield from dataset.bad if with_bad else ()
    yield from dataset.samples


def _write_bad(path: Path, bad: Iterable[BadFile]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        write_bad(bad, file)


def _rows(drawn: Drawn) -> list[Row]:
    """(class, [(thumbnail, name)]) for the sheet; what cannot be decoded is passed over."""
    rows: list[Row] = []
    for label, samples in sorted(drawn.kept.items()):
        shown = [(pixels, Path(s.name).name) for s in samples if (pixels := _thumbnail(s)) is not None]
        rows.append((f"{label} ({drawn.seen[label]:,})", shown))
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
