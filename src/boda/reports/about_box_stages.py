"""The report's section on the stages of a Run of boxes: which were kept, what they gained, and their curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import canvas
from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.words import clean, number, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from boda.reports.contents import Contents

TITLES = {"head": "the new layers alone", "all": "all layers"}
PANELS = (("loss", "Loss: lower is better"), ("iou", "Overlap (IoU) of what is learned from: higher is better"))


def stages_section(contents: Contents) -> Section | None:
    """The outcome of each stage on pictures held back, and the curves of its epochs."""
    outcomes = contents.metrics.get("stages") or []
    lines = [line for line in contents.history if line.get("stage")]
    if not outcomes and not lines:
        return None
    told = (
        "Each stage was tried on training pictures held back; it was kept where it was better there than what came "
        "before, and was then trained again on all training pictures."
    )
    body = join(
        note(told),
        _table(outcomes) if outcomes else None,
        contents.draw("stages", curves(lines), "Curves: loss and overlap by epoch of each stage") if lines else None,
    )
    return Section("stages", "Stage by stage", body)


def curves(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss and overlap by epoch, the stages one after the other: of the trials, and of the training on everything.

    Args:
        lines: of history.jsonl, with `stage`, `epoch`, `loss` and `iou`; `fold` is None for the training on everything.
    """
    trials = _mean_of_folds([line for line in lines if line.get("fold") is not None])
    whole = _mean_of_folds([line for line in lines if line.get("fold") is None])
    shown = [panel for panel in PANELS if any(line.get(panel[0]) is not None for line in lines)] or [PANELS[0]]
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.0, columns=len(shown), squeeze=False)
        for panel, (key, title) in zip(axes[0], shown, strict=True):
            _draw(panel, trials, key, "tried, without the pictures held back", canvas.GREY)
            _draw(panel, whole, key, "on all training pictures", canvas.BLUE)
            _mark_stages(panel, whole or trials)
            panel.set(title=title, xlabel="epoch")
            panel.xaxis.get_major_locator().set_params(integer=True)
            canvas.tidy(panel, grid="both")
        handles, names = axes[0, 0].get_legend_handles_labels()
        if names:
            fig.legend(handles, names, loc="outside lower left", ncols=2)
    return fig


def _mean_of_folds(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A line for each epoch of each stage, the mean over the folds."""
    epochs: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for line in lines:
        epochs.setdefault((str(line.get("stage")), int(line.get("epoch") or 0)), []).append(line)
    return [
        {"stage": stage, **{key: _mean([line.get(key) for line in some]) for key, _ in PANELS}}
        for (stage, _), some in epochs.items()
    ]


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else float("nan")


def _draw(axes: Axes, lines: Sequence[Mapping[str, Any]], key: str, words: str, colour: str) -> None:
    if lines:
        values = [line[key] for line in lines]
        axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=1.8, label=words)


def _mark_stages(axes: Axes, lines: Sequence[Mapping[str, Any]]) -> None:
    """A dotted line with its name where each stage begins."""
    stages = [line["stage"] for line in lines]
    for i, stage in enumerate(stages):
        if not i or stages[i - 1] != stage:
            axes.axvline(i + 0.5, color=canvas.MUTED, linewidth=0.8, linestyle=":")
            where: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "va": "top"}
            axes.annotate(f" {canvas.label(stage)}", (i + 0.5, 1), color=canvas.MUTED, **where)


def _table(outcomes: Sequence[Mapping[str, Any]]) -> Html:
    figure = clean(outcomes[0].get("figure") or "score")
    rows = [
        (
            name(TITLES.get(str(one.get("stage")), one.get("stage"))),
            "kept" if one.get("kept", True) else "rolled back",
            number(one.get("value")),
            number(one.get("value_before")),
            seconds(one.get("seconds")),
        )
        for one in outcomes
    ]
    held = plural(outcomes[0].get("n") or 0, "picture")
    told = element("p", f"{figure} on the {held} held back.", class_="muted") if outcomes[0].get("n") else None
    return join(table(("stage", "what became of it", figure, "before", "time of the trial"), rows, words=2), told)
