"""`boda why`: a Run and pictures, to what speaks for each answer, on a page with a sheet a picture."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.answers import Model
from boda.data import read
from boda.errors import BodaError, RecipeError, RunError
from boda.explain.activation import Looker
from boda.explain.explanation import Explanation, explain_picture
from boda.explain.neighbours import Neighbours
from boda.explain.overlay import thumbnail
from boda.explain.training_part import compute_neighbours
from boda.progress import say, track
from boda.reports.why_page import why_html
from boda.reports.why_sheet import why_png
from boda.run import Run
from boda.sample import Sample
from boda.verbs.material import refuse_boxes
from boda.verbs.predict import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from boda.answers import Answer
    from boda.verbs.predict import Picture

PAGE = "why.html"
NEIGHBOUR_SIDE = 160


def why(
    run: Run | Path | str,
    pictures: Picture | Iterable[Picture],
    *,
    out: Path | str | None = None,
    label: str | None = None,
    neighbours: int = 5,
) -> list[Explanation]:
    """Say where the Run's network looks in pictures, and which training pictures they resemble.

    Args:
        run: a complete Run, or its folder.
        pictures: files, folders (searched through), globs, or arrays (h, w, 3) uint8; one or several.
        out: a folder, new or empty, that gets `why.html` and a PNG a picture; without it nothing is written.
        label: the class to explain, such as the one that you expected; by default each picture's answer.
        neighbours: how many training pictures are named for each; 0 looks for none.

    Returns:
        An Explanation a picture, in order; one that cannot be read has its reason in `error`.

    Raises:
        RunError: there is no complete Run, or `out` holds something.
        RecipeError: the Run has no class `label`, or `neighbours` is below 0.
    """
    run = run if isinstance(run, Run) else Run.open(run, complete=True)
    refuse_boxes(str(run.about.get("task")), "boda why")
    if run.about.get("kind") == "sequences":
        raise RunError(f"boda why looks at pictures, and {run.path} answers on sequences; its report shows saliency.")
    model = Model.load(run)
    output = None if label is None else _index(label, model.classes)
    if neighbours < 0:
        raise RecipeError(f"neighbours must be 0 or more. Received: neighbours={neighbours}")
    folder = None if out is None else _make_empty(Path(out))
    learnt_from = _training_part(run) if neighbours else {}
    known = _neighbours(run, learnt_from) if neighbours else None
    asked = list(expand(_several(pictures)))
    looker = Looker.of(run)
    answers = track(zip(asked, model.predict(asked), strict=True), "pictures", len(asked))
    found = [_explain(picture, answer, looker, model, output, known, neighbours) for picture, answer in answers]
    return found if folder is None else _written(found, folder, run, learnt_from)


def next_folder(run: Run) -> Path:
    """The next number in the Run's folder `why`, which is not there yet."""
    place = run.path / "why"
    taken = [int(p.name) for p in place.iterdir() if p.name.isdecimal()] if place.is_dir() else []
    return place / f"{max(taken, default=0) + 1:03d}"


def _explain(
    picture: Picture,
    answer: Answer,
    looker: Looker,
    model: Model,
    output: int | None,
    known: Neighbours | None,
    count: int,
) -> Explanation:
    if answer.error is not None:
        return Explanation(answer.path, error=answer.error)
    sample = Sample(answer.path, picture if isinstance(picture, np.ndarray) else Path(picture))
    return explain_picture(
        sample,
        looker,
        model.view,
        model.classes,
        model.probabilities,
        output=output,
        neighbours=known,
        count=count,
    )


def _training_part(run: Run) -> dict[str, Sample]:
    """The Run's training pictures by their names, where its data is still there; else nothing, which is said."""
    about = run.about
    try:
        dataset = read(str(about["data"]), **about.get("reading", {}))
        wanted = set(run.read_json("split.json")["parts"]["train"])
    except (BodaError, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        say(f"The training pictures cannot be shown: {error}")
        return {}
    return {sample.name: sample for sample in dataset.samples if sample.name in wanted}


def _neighbours(run: Run, learnt_from: Mapping[str, Sample]) -> Neighbours | None:
    """What the Run keeps of its training part, or what its data gives; None where there is neither."""
    kept = Neighbours.read(run)
    if kept is not None or not learnt_from:
        return kept
    try:
        return compute_neighbours(run, list(learnt_from.values()))
    except (BodaError, OSError) as error:
        say(f"The training pictures cannot be compared with: {error}")
        return None


def _written(
    found: Sequence[Explanation], folder: Path, run: Run, learnt_from: Mapping[str, Sample]
) -> list[Explanation]:
    """Write a sheet for each of `found` and the page of all, and say where each sheet is."""
    from boda import atomic

    thumbnails = _thumbnails(found, learnt_from)
    done = []
    for number, one in enumerate(found, start=1):
        if one.error is None:
            sheet = folder / f"{number:03d}.png"
            atomic.write_bytes(sheet, why_png(one, thumbnails))
            done.append(replace(one, sheet=sheet))
        else:
            done.append(one)
    atomic.write_text(folder / PAGE, why_html(done, str(run.path), thumbnails))
    return done


def _thumbnails(found: Sequence[Explanation], learnt_from: Mapping[str, Sample]) -> dict[str, np.ndarray]:
    """Small pictures of the neighbours that can still be read, by name."""
    small = {}
    for name in dict.fromkeys(n.name for one in found for n in one.neighbours if n.name in learnt_from):
        try:
            small[name] = thumbnail(learnt_from[name], NEIGHBOUR_SIDE)
        except (BodaError, OSError):
            continue  # its name and label are shown all the same
    return small


def _several(pictures: Picture | Iterable[Picture]) -> Iterable[Picture]:
    if isinstance(pictures, (str, Path)) or (isinstance(pictures, np.ndarray) and pictures.ndim != 4):
        return [pictures]
    return pictures


def _index(label: str, classes: Sequence[str]) -> int:
    if label in classes:
        return classes.index(label)
    near = difflib.get_close_matches(label, classes, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"It knows {', '.join(classes[:10])}."
    raise RecipeError(f"The Run has no class {label}. {hint}")


def _make_empty(path: Path) -> Path:
    """The folder `path`, made where it is missing; RunError where it holds something, lest that is overwritten."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        holds: Any = next(path.iterdir(), None)
    except OSError as error:
        raise RunError(f"{path} cannot be made: {error.strerror}. Give another --out.") from error
    if holds is not None:
        raise RunError(f"{path} holds {holds.name} already; nothing is overwritten. Give a new folder as --out.")
    return path
