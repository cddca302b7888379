"""Answers of boxes written as others read them: COCO results, YOLO text, and copies of the pictures with boxes drawn.

Nothing is ever written over or beside the pictures: folders must be new or empty, files must be new.
"""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.boxes import convert
from boda.data import decode
from boda.errors import ImageError, RunError
from boda.progress import say
from boda.reports.words import clean
from boda.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from boda.box_answers import BoxAnswer

JPEG_QUALITY = 92


def keep(
    answers: Iterable[BoxAnswer],
    classes: Sequence[str],
    *,
    coco: Path | str | None = None,
    yolo: Path | str | None = None,
    draw: Path | str | None = None,
    pictures: Sequence[str] = (),
) -> Iterator[BoxAnswer]:
    """Pass `answers` on as they come, and write them down on the way.

    Args:
        answers: of files.
        classes: names in the order of the model's outputs.
        coco: a new file for COCO results, written at the end: a list of `image_id`, `category_id`, `bbox` (xywh) and
            `score`, with `file_name` and `category` beside them. `image_id` is the number that is the file's name where
            that holds for all that were answered and each is another, else the place among all `answers`, from 1,
            those that could not be read counted. `category_id` is the place among `classes`, from 1, which is said at
            the end: a COCO file of your own may count otherwise.
        yolo: a new or empty folder for NAME.txt a picture, `class cx cy w h confidence` a line, relative, and
            classes.txt.
        draw: a new or empty folder for NAME.jpg, a copy of the picture with its boxes.
        pictures: what was asked for; nothing is written into folders among them.

    Raises:
        RunError: one of the places is taken, is given twice, or lies within a folder of `pictures`. Nothing is made
            then.
    """
    asked = {"coco": coco, "yolo": yolo, "draw": draw}
    places = {name: Path(place) for name, place in asked.items() if place is not None}
    for place in places.values():
        _refuse_within(place, pictures)
    _refuse_twice(places)
    for name, place in places.items():
        (_refuse_taken_file if name == "coco" else _refuse_taken_folder)(place)
    for folder in (place for name, place in places.items() if name != "coco"):
        folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, Any] = {"coco": CocoResults, "yolo": YoloFolder, "draw": DrawnFolder}
    return _passing(answers, [kinds[name](place, classes) for name, place in places.items()])


def _passing(answers: Iterable[BoxAnswer], sinks: Sequence[Any]) -> Iterator[BoxAnswer]:
    for answer in answers:
        for sink in sinks:
            sink.add(answer)
        yield answer
    for sink in sinks:
        sink.close()


class CocoResults:
    """COCO's list of results, written when all answers are there."""

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        self.path, self._names = path, list(classes)
        self._answers: dict[int, BoxAnswer] = {}
        self._count = 0

    def add(self, answer: BoxAnswer) -> None:
        """Remember one picture's boxes, or count a picture that could not be read."""
        self._count += 1
        if answer.error is None:
            self._answers[self._count] = answer

    def close(self) -> None:
        """Write the file, and say what its category numbers mean."""
        ids = image_ids([answer.path for answer in self._answers.values()], list(self._answers))
        results = [line for i, one in zip(ids, self._answers.values(), strict=True) for line in self._lines(i, one)]
        text = ",\n".join(json.dumps(line) for line in results)
        atomic.write_text(self.path, f"[\n{text}\n]\n" if results else "[]\n")
        say(categories_sentence(self.path, self._names))

    def _lines(self, image_id: int, answer: BoxAnswer) -> Iterator[dict[str, Any]]:
        corners = convert(answer.boxes, "xyxy", "xywh")
        for box, label, confidence in zip(corners, answer.labels, answer.confidences, strict=True):
            yield {
                "image_id": image_id,
                "category_id": self._names.index(label) + 1,
                "bbox": [round(float(side), 2) for side in box],
                "score": confidence,
                "file_name": answer.path,
                "category": label,
            }


class YoloFolder:
    """A text file a picture, as YOLO's own tools write them, and the classes' names beside."""

    def __init__(self, folder: Path, classes: Sequence[str]) -> None:
        self.folder, self._names, self._free = folder, list(classes), FreeNames(("classes",))
        atomic.write_text(folder / "classes.txt", "".join(f"{name}\n" for name in self._names))

    def add(self, answer: BoxAnswer) -> None:
        """Write one picture's boxes; a picture without any gets an empty file, one that was not read none."""
        if answer.error is not None:
            return
        size = (answer.width, answer.height)
        rows = zip(convert(answer.boxes, "xyxy", "yolo", size), answer.labels, answer.confidences, strict=True)
        lines = [
            f"{self._names.index(label)} {' '.join(f'{side:.6f}' for side in box)} {confidence:.6f}\n"
            for box, label, confidence in rows
        ]
        atomic.write_text(self.folder / f"{self._free.take(answer.path)}.txt", "".join(lines))

    def close(self) -> None:
        """All is written already."""


class DrawnFolder:
    """A copy of each picture with its boxes drawn over it."""

    def __init__(self, folder: Path, classes: Sequence[str]) -> None:
        self.folder, self._names, self._free = folder, list(classes), FreeNames()

    def add(self, answer: BoxAnswer) -> None:
        """Write one picture's copy; one that cannot be read any more is passed over."""
        from PIL import Image

        from boda.reports.box_overlay import draw_boxes

        if answer.error is not None:
            return
        try:
            pixels = decode.decode(Sample(answer.path, Path(answer.path)).read_bytes())
        except (ImageError, OSError):
            return
        drawn = draw_boxes(pixels, answer.boxes, answer.labels, answer.confidences, names=self._names)
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(drawn)).save(buffer, "JPEG", quality=JPEG_QUALITY)
        atomic.write_bytes(self.folder / f"{self._free.take(answer.path)}.jpg", buffer.getvalue())

    def close(self) -> None:
        """All is written already."""


class FreeNames:
    """Names for files of one folder, from the names of pictures of many: the second `a.jpg` becomes `a-2`.

    Example:
        >>> free = FreeNames()
        >>> free.take("x/a.jpg"), free.take("y/a.png"), free.take("b.jpg")
        ('a', 'a-2', 'b')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}  # some systems take A and a for one

    def take(self, path: str) -> str:
        """A name that was not given before."""
        stem, number = Path(path).stem or "picture", 1
        name = stem
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name.casefold())
        return name


def categories_sentence(path: Path, names: Sequence[str]) -> str:
    """What the category numbers of COCO results mean.

    Example:
        >>> categories_sentence(Path("r"), ["cat", "dog"])
        'r: category_id is 1 for cat, 2 for dog. Where your own COCO file counts otherwise, go by category, the name.'
    """
    shown = [f"{number} for {clean(name, 30)}" for number, name in enumerate(names, start=1)]
    some = [*shown[:3], "…", shown[-1]] if len(shown) > 8 else shown
    told = f"{path}: category_id is {', '.join(some)}."
    return f"{told} Where your own COCO file counts otherwise, go by category, the name."


def image_ids(paths: Sequence[str], places: Sequence[int] | None = None) -> list[int]:
    """COCO's numbers of pictures: their names where all are numbers, each another, else `places`, usually 1, 2, 3.

    Example:
        >>> image_ids(["val/000139.jpg", "val/000285.jpg"]), image_ids(["a.jpg", "7.jpg"])
        ([139, 285], [1, 2])
    """
    stems = [Path(path).stem for path in paths]
    if all(stem.isascii() and stem.isdigit() for stem in stems) and len({int(stem) for stem in stems}) == len(stems):
        return [int(stem) for stem in stems]
    return list(range(1, len(stems) + 1) if places is None else places)


def _refuse_within(place: Path, pictures: Sequence[str]) -> None:
    for folder in map(Path, pictures):
        if folder.is_dir() and place.resolve().is_relative_to(folder.resolve()):
            raise RunError(f"{place} lies within {folder}, the pictures' folder, which boda never writes to.")


def _refuse_twice(places: Mapping[str, Path]) -> None:
    for (name, place), (other, beside) in itertools.combinations(places.items(), 2):
        if place.resolve() == beside.resolve():
            raise RunError(f"{name} and {other} are both {place}; give each a place of its own.")


def _refuse_taken_file(path: Path) -> None:
    if path.exists():
        raise RunError(f"{path} is there already, and nothing is written over. Give another name.")
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be made: there is no folder {path.parent}.")


def _refuse_taken_folder(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} is there already and not empty; pictures and labels go into a new or empty folder.")
