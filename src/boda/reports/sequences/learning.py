"""The report's section on learning: loss by epoch, and where it was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.page import Section, element, join, note
from boda.reports.sequences import figures
from boda.reports.sequences.measures import short
from boda.reports.words import plural, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

UNITS = {
    "classify": "loss (nats)",
    "tag": "loss (nats a word)",
    "language": "loss (nats a step)",
    "music": "loss (nats a frame)",
    "pairs": "loss (nats a token)",
}


def learning_section(contents: Contents) -> Section | None:
    """The curves of the loss, and in words whether it learned by heart."""
    lines = [line for line in contents.history if "epoch" in line and "loss" in line]
    if not lines:
        return None
    unit = UNITS.get(str(contents.about.get("task")), "loss")
    body = join(
        note(
            "The loss after each pass over the training part: how surprised the network is by the right answers. "
            "Look at the gap: where the inner validation gets worse while the training part gets better, "
            "it learns by heart."
        ),
        element("p", learning_sentence(lines)),
        contents.draw("learning", figures.learning(lines, unit), "Curves: loss by epoch"),
    )
    return Section("learning", "How it learned", body)


def learning_sentence(lines: Sequence[Mapping[str, Any]]) -> str:
    """How many epochs, which one was best, and what an epoch takes."""
    inner = [(line["val_loss"], line["epoch"]) for line in lines if isinstance(line.get("val_loss"), (int, float))]
    text = f"{plural(len(lines), 'epoch')}"
    took = sorted(line["seconds"] for line in lines if isinstance(line.get("seconds"), (int, float)))
    if took:
        text += f", {seconds(took[len(took) // 2])} each"
    if not inner:
        return f"{text}."
    loss, epoch = min(inner)
    after = len(lines) - 1 - [line["epoch"] for line in lines].index(epoch)
    text = f"{text}. The inner validation was best at epoch {epoch} (loss {short(loss)})"
    if not after:
        return f"{text}, the last one: longer training may still help."
    return f"{text}; its weights were kept, since the {plural(after, 'epoch')} after it brought nothing."
