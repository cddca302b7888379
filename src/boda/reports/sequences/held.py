"""What a Run of sequences holds beside the files of every Run: inside.json and samples.json; how figures are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import canvas
from boda.reports.page import Html, drawing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from boda.reports.contents import Contents


def inside_of(contents: Contents) -> dict[str, Any]:
    """What was seen inside the network; empty where nothing was kept."""
    return _read(contents, "inside.json", {})


def samples_of(contents: Contents) -> list[dict[str, Any]]:
    """What was generated after an epoch, the first epoch first."""
    return _read(contents, "samples.json", [])


def metrics_of(contents: Contents) -> dict[str, Any]:
    """The figures with the Run's task and unit, which their words depend on.

    Where the report is on the test part, since choices were made on the validation part, that is what "val" holds.
    """
    told = {key: contents.about[key] for key in ("task", "unit") if contents.about.get(key)}
    swapped = {"val": contents.val, "test": None} if contents.metrics.get("reported") == "test" else {}
    return {**contents.metrics, **told, **swapped}


def draw_inline(name: str, figure: Figure, alt: str) -> Html:
    """The figure as inline SVG, where there is no Run to keep a PNG in."""
    return drawing(canvas.to_svg(figure, name), alt)


def renamed(figure: Figure, noun: str) -> Figure:
    """A figure that was made for pictures, with `noun` on its axes and in its legend."""
    for axes in figure.axes:
        axes.set_xlabel(axes.get_xlabel().replace("pictures", noun))
        axes.set_ylabel(axes.get_ylabel().replace("pictures", noun))
    for legend in figure.legends:
        for text in legend.get_texts():
            text.set_text(text.get_text().replace("pictures", noun))
    return figure


def table_of(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A dict below `key`, empty where there is none or something else."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _read(contents: Contents, name: str, otherwise: Any) -> Any:
    found = contents.run.read_json(name) if contents.run.has(name) else otherwise
    return found if isinstance(found, type(otherwise)) else otherwise
