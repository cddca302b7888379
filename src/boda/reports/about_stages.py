"""The report's section on the stages: which were kept, what they gained, and the curves of their epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import canvas
from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.words import NOTHING, clean, is_interval, number, percent, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from boda.reports.contents import Contents

TITLES = {"all": "all layers", "scratch": "the architecture alone, from scratch"}


def stages_section(contents: Contents) -> Section | None:
    """The outcome of each stage on the inner split, the gain over the head alone, and the curves."""
    outcomes = contents.metrics.get("stages") or []
    if not outcomes:
        return None
    lines = [line for line in contents.history if line.get("stage")]
    body = join(
        note(
            "Each stage was tried on inner folds of the training part; it was kept where its log loss there "
            "(calibrated) or its accuracy was better than before, and was then trained again on all training pictures."
        ),
        _table(outcomes),
        _gain(contents.metrics),
        contents.draw("stages", curves(lines), "Curves: loss and accuracy by epoch of each stage") if lines else None,
        element("p", _reading(outcomes), class_="muted") if lines else None,
    )
    return Section("stages", "Stage by stage", body)


def curves(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss and accuracy by epoch, the stages one after the other: on the inner split, and of the training pictures.

    Args:
        lines: of history.jsonl, those with `stage`; `fold` is None for the training on everything.
    """
    inner = _mean_of_folds([line for line in lines if line.get("fold") is not None] or lines)
    with canvas.style():
        fig, panels = canvas.figure(canvas.WIDTH, 3.0, columns=2)
        for axes, key, held, title in (
            (panels[0], "loss", "val_calibrated_loss", "Loss: lower is better"),
            (panels[1], "accuracy", "val_accuracy", "Accuracy: higher is better"),
        ):
            places = range(1, len(inner) + 1)
            axes.plot(places, _values(inner, key), color=canvas.GREY, linewidth=1.5, label="training pictures, varied")
            axes.plot(
                places,
                _values(inner, held),
                color=canvas.BLUE,
                linewidth=2,
                marker="o",
                markersize=3,
                label="training pictures held back",
            )
            for place, stage in _beginnings(inner):
                axes.axvline(place - 0.5, color=canvas.MUTED, linewidth=0.8, linestyle=":")
                axes.annotate(
                    f" {stage}", (place - 0.5, 1), xycoords=("data", "axes fraction"), va="top", color=canvas.MUTED
                )
            axes.set_title(title)
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
            canvas.tidy(axes, grid="both")
        canvas.percent_axis(panels[1].yaxis)
        handles, names = panels[0].get_legend_handles_labels()
        fig.legend(handles, names, loc="outside lower left", ncols=2)
    return fig


def _mean_of_folds(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A line for each epoch of each stage, the mean over the folds."""
    epochs: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for line in lines:
        epochs.setdefault((str(line.get("stage")), int(line.get("epoch") or 0)), []).append(line)
    keys = ("loss", "accuracy", "val_calibrated_loss", "val_accuracy")
    return [
        {"stage": stage, **{key: sum(_values(some, key)) / len(some) for key in keys}}
        for (stage, _), some in epochs.items()
    ]


def _values(lines: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [float("nan") if line.get(key) is None else float(line[key]) for line in lines]


def _beginnings(lines: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """The place (from 1) at which each stage begins."""
    stages = [str(line.get("stage")) for line in lines]
    return [(i + 1, stage) for i, stage in enumerate(stages) if not i or stages[i - 1] != stage]


def _table(outcomes: Sequence[Mapping[str, Any]]) -> Html:
    head = ("stage", "what became of it", "log loss", "before", "accuracy", "before", "epochs", "time")
    rows = [
        (
            name(TITLES.get(str(one.get("stage")), one.get("stage"))),
            "kept" if one.get("kept") else "rolled back",
            number(one.get("log_loss")),
            number(one.get("log_loss_before")),
            percent(one.get("accuracy")),
            percent(one.get("accuracy_before")),
            clean(one.get("epochs", NOTHING)),
            seconds(one["seconds"]) if one.get("seconds") is not None else NOTHING,
        )
        for one in outcomes
    ]
    return table(head, rows, words=2)


def _gain(metrics: Mapping[str, Any]) -> Html | None:
    """What the stages gained on the validation part over the head alone, in a sentence."""
    gain = metrics.get("against_head")
    if not gain or not is_interval(gain.get("interval")):
        return None
    low, high = (f"{100 * end:+.1f}" for end in gain["interval"])
    after = (metrics.get("val") or {}).get("accuracy")
    return element(
        "p",
        f"On the validation pictures: {percent(gain.get('accuracy'))} with the head alone, {percent(after)} after the "
        f"stages, {100 * gain['difference']:+.1f} points ({low} to {high}): ",
        element("b", clean(gain.get("verdict", ""))),
        ".",
    )


def _reading(outcomes: Sequence[Mapping[str, Any]]) -> str:
    held = plural(outcomes[0].get("n") or 0, "picture")
    return (
        f"The blue line is measured on {held}, so it jumps; its loss is the calibrated one, which decides. "
        "Where it rises while the grey one falls, the network learns by heart: "
        "fewer epochs, a lower learning rate or more augmentation may help."
    )
