"""What a Run holds, read once: every file but run.json may be missing, and is then empty."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from boda.reports import canvas
from boda.reports.page import Html, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from boda.run import Run


@dataclass(frozen=True)
class Contents:
    """The files of a Run, as plain dicts and lists, for the sections of its report."""

    run: Run
    about: dict[str, Any]
    metrics: dict[str, Any]
    data: dict[str, Any]
    split: dict[str, Any]
    calibration: dict[str, Any]
    predictions: dict[str, Any]
    curves: dict[str, Any]
    pictures: dict[str, Any]
    history: list[dict[str, Any]]
    next: list[dict[str, str]]
    recipe: str

    @classmethod
    def read(cls, run: Run) -> Contents:
        """Read them; RunError where a file is there but damaged."""
        names = ("metrics", "data", "split", "calibration", "predictions", "curves")
        tables = {name: _read(run, f"{name}.json", {}) for name in names}
        return cls(
            run=run,
            about=run.about,
            pictures=_pictures(run),
            history=[json.loads(line) for line in _text(run, "history.jsonl").splitlines() if line.strip()],
            next=_read(run, "next.json", []),
            recipe=_text(run, "recipe.toml"),
            **tables,
        )

    @property
    def val(self) -> dict[str, Any]:
        """The figures on the part that is reported on: the validation part, unless choices were made on it."""
        return self.metrics.get(self.metrics.get("reported") or "val") or {}

    @property
    def classes(self) -> list[str]:
        """Class names in the order of the outputs."""
        return list(self.about.get("classes") or [])

    def draw(self, name: str, figure: Figure, alt: str, caption: str | None = None) -> Html:
        """The figure as inline SVG; the same is written to RUN/figures/NAME.png."""
        self.run.write_bytes(f"figures/{name}.png", canvas.to_png(figure))
        return drawing(canvas.to_svg(figure, name), alt, caption)

    def picture(self, file: str | None) -> bytes | None:
        """The bytes of a picture that lies in the Run's folder; None where it is missing or elsewhere."""
        if not file or PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts or not self.run.has(file):
            return None
        if not (self.run.path / file).resolve().is_relative_to(self.run.path.resolve()):  # a link, in a stranger's Run
            return None
        return (self.run.path / file).read_bytes()


def _read(run: Run, name: str, otherwise: Any) -> Any:
    return run.read_json(name) if run.has(name) else otherwise


def _pictures(run: Run) -> dict[str, Any]:
    """By kind; those with boxes, which are a plain list, as "boxes"."""
    listed = _read(run, "pictures/pictures.json", {})
    return {"boxes": listed} if isinstance(listed, list) else listed


def _text(run: Run, name: str) -> str:
    return (run.path / name).read_text(encoding="utf-8") if run.has(name) else ""
