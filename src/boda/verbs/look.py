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
from boda.verbs.augment_recipe import pipeline_of
from boda.verbs.augmented import Trying, try_augmentation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.augment import Augmentation, Pipeline
    from boda.data.findings import Audit

A_CLASS = 8  # samples on the sheet
TRIED = 200  # samples of each class from which those are chosen that are augmented
CLASSES = 60  # on the sheet; the counts show all
GROUPS = 24  # of copies whose pictures are shown


@dataclass(frozen=True)
class Overview:
    """What `look` found: a summary that json can say, and the files that show it.

    Of an augmentation, `summary["augment"]` holds steps, warnings and what was measured; else it is missing.
    """

    summary: dict[str, Any]
    page: Path
    sheet: Path
    augment_page: Path | None = None
    augment_sheet: Path | None = None

    def _repr_html_(self) -> str:
        told = [*self.summary["warnings"], *self.summary.get("augment", {}).get("warnings", ())]
        warnings = "".join(f"<li>{html.escape(text)}</li>" for text in told)
        found = f"<b>{self.summary['n']} pictures</b>, {self.summary['bad_count']} damaged"
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
        data: a folder, a CSV file, or whatever `train` takes.
        out: where look.html, sheet.png, look.json and bad_files.csv go; by default `boda-look/NAME`.
            Files of these names that an earlier look left there are replaced.
        deep: decode every picture, which finds damage and near copies; else headers only, some times faster.
        seed: of the samples on the sheet.
        augment: a Pipeline, a TOML file of one or with a table [augmentation], the name of a step, or "default":
            augment.html and augment.png then show draws beside their originals, and where `deep`, each step is tried
            on up to 200 pictures for what it does to labels (see `boda.training.label_risk`).
        reading: options of the reader, such as `label_column`.

    Raises:
        DataError: there is nothing to look at; it says what was expected.
        AugmentError: `augment` names no recipe and no step, or a step cannot take these pictures.
    """
    pipeline = None if augment is None else pipeline_of(augment, seed)
    is_folder = isinstance(data, (str, Path)) and Path(data).is_dir()
    name = Path(data).resolve().name if isinstance(data, (str, Path)) else type(data).__name__
    folder = Path(out) if out is not None else Path("boda-look") / (name or "pictures")
    if is_folder and folder.resolve().is_relative_to(Path(data).resolve()):
        raise BodaError(f"{folder} lies within the pictures' folder, which boda never writes to. Give another --out.")
    source = walk(Path(data)) if is_folder and not reading else _samples(read(data, **(reading or {})))
    drawn, pool = Drawn(seed), Drawn(seed, TRIED)
    source = source if pipeline is None else pool.watch(source)
    total = count_pictures(Path(data)) if is_folder else None
    with audit(drawn.watch(source), total=total, deep=deep) as found:
        summary = {"data": str(data) if isinstance(data, (str, Path)) else name, **found.to_json()}
        copies = _copies(found, Path(data)) if is_folder else {}
        folder.mkdir(parents=True, exist_ok=True)
        found.write_bad(folder / "bad_files.csv")
        pool.drop(bad.name for bad in found.bad())
    tried = None
    if pipeline is not None:
        about = {"data": name or "pictures", "recipe": _recipe_name(augment)}
        tried = try_augmentation(pipeline, pool.samples(), folder, about, measure=deep, seed=seed)
        summary["augment"] = tried.summary
    rows = drawn.rows()
    page, sheet = folder / "look.html", folder / "sheet.png"
    atomic.write_text(page, look_html(summary, rows, thumbnails=copies))
    atomic.write_bytes(sheet, sheet_png(rows))
    atomic.write_text(folder / "look.json", json.dumps(summary, indent=2) + "\n")
    return Overview(summary, page, sheet, *_files(tried))


def count_pictures(folder: Path) -> int:
    """How many files below `folder` have a picture's suffix; only for the time to go."""
    return sum(os.path.splitext(name)[1].lower() in SUFFIXES for _, _, files in os.walk(folder) for name in files)  # noqa: PTH122 - fast


def _recipe_name(augment: Any) -> str:
    return str(augment) if isinstance(augment, (str, Path)) else "a pipeline"


def _files(tried: Trying | None) -> tuple[Path | None, Path | None]:
    return (None, None) if tried is None else (tried.page, tried.sheet)


def _samples(dataset: Dataset) -> Iterator[Sample | BadFile]:
    yield from dataset.bad
    yield from dataset.samples


class Drawn:
    """A few samples of each class, drawn while all of them pass by (Vitter 1985, algorithm R)."""

    def __init__(self, seed: int, most: int = A_CLASS) -> None:
        self.most = most
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
        if len(kept) < self.most:
            kept.append(sample)
        elif (place := int(self.rng.integers(self.seen[label]))) < self.most:
            kept[place] = sample

    def samples(self) -> list[Sample]:
        """All that are kept."""
        return [sample for kept in self.kept.values() for sample in kept]

    def drop(self, names: Iterable[str]) -> None:
        """Forget the samples of these names."""
        bad = set(names)
        self.kept = {label: [s for s in kept if s.name not in bad] for label, kept in self.kept.items()}

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
