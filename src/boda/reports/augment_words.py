"""Augmentation in words: what was drawn, in a few signs, and what a step does to the labels, in a sentence."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from boda.augment.effects import Effect, Move, Paint, Scene, Tone
from boda.augment.tone import CONTRAST, GREY, HUE, LINEAR, POSTERIZE, SATURATION, SHIFT, SOLARIZE
from boda.reports.words import clean, percent, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from boda.augment.labels import Labels
    from boda.augment.pipeline import Pipeline

MINUS, TIMES = "\u2212", "\u00d7"
FAMILIES = {
    "RandomFlip": "for digits, text and whatever has a handedness a flip makes another thing",
    "RandomRotation": "where up and down matter, as in 6 and 9, a turn makes another thing",
    "RandomHue": "where colour tells the classes apart, it makes one class look like another",
    "RandomSaturation": "where colour tells the classes apart, it takes the colour away",
    "RandomGrayscale": "where colour tells the classes apart, it takes the colour away",
    "RandomColorDegeneration": "where colour tells the classes apart, it takes the colour away",
    "RandomColorJitter": "where colour tells the classes apart, it makes one class look like another",
    "RandomChannelShift": "where shade tells the classes apart, it makes one class look like another",
    "RandomInvert": "where shade or colour tells the classes apart, it makes one class look like another",
    "RandomBrightness": "pictures may become too dark or too bright to tell",
    "RandomContrast": "pictures may become too flat to tell",
    "RandomCrop": "what tells the class may lie outside of the crop",
    "CenterCrop": "what tells the class may lie outside of the crop",
    "RandomTranslation": "what tells the class may leave the picture",
    "RandomZoom": "what tells the class may leave the picture, or become too small",
    "RandomErasing": "what tells the class may be erased",
    "Resizing": "the pictures become too small, or too distorted, to tell",
    "RandomGaussianBlur": "fine texture that tells the classes apart is lost",
}


def drawn_words(pipeline: Pipeline, shape: Sequence[int], given: Labels, *, epoch: int, sample: int) -> tuple[str, ...]:
    """What `pipeline` draws for one picture (h, w, c), a short piece for each step that does something."""
    rng, scene = pipeline.rng(epoch, sample), Scene(shape[0], shape[1], shape[2], given)
    pieces = []
    for step in pipeline.steps:
        try:
            effects = step.draw(rng, scene)
        except NotImplementedError:  # a step that mixes pictures draws in its own way
            pieces.append(type(step).__name__)
            continue
        pieces += [words for effect in effects if (words := _effect_words(type(step).__name__, effect, scene))]
        for effect in effects:
            scene = scene.after(effect)
    return tuple(pieces)


def warning_words(risk: Mapping[str, Any]) -> str:
    """Why a step is warned of, from a `StepRisk` as JSON."""
    name, kind = clean(risk["step"], 120), risk["kind"]
    why = FAMILIES.get(kind, "look at the draws, whether they still show what their labels say")
    if risk["verdict"] == "harms a class":
        return f"{name}: {_classes_words(risk)}; {why}."
    lo, hi = risk["interval"]
    low, high = f"{100 * lo:.0f}", f"{100 * hi:.0f}"
    near = plural(risk["right_before"], "picture")
    answered = f"{risk['lost']} of {near} that were nearest to their own class are no longer"
    gained = f", {risk['gained']} others came to it" if risk["gained"] else ""
    text = f"{name}: {answered}{gained} (a fall of {100 * risk['fall']:.0f} points, 95\u202f% interval {low} to {high})"
    return f"{text}; {why}.{confused_words(risk)}"


def confused_words(risk: Mapping[str, Any], most: int = 3) -> str:
    """Which classes are taken for which after the step, the commonest first, as a sentence with a space before it."""
    pairs = [(clean(a, 40), clean(b, 40), n) for a, b, n in risk["confused"][:most] if n > 1]
    said = [f"{a} {'' if i else 'is taken '}for {b} ({n}{'' if i else ' times'})" for i, (a, b, n) in enumerate(pairs)]
    return f" Most often {', '.join(said)}." if said else ""


def verdict_words(risk: Mapping[str, Any]) -> str:
    """A few words for the table."""
    if risk["verdict"] == "harms a class":
        return f"harms {', '.join(clean(name, 40) for name in risk['classes'][:3])}"
    return str(risk["verdict"])


def share_words(risk: Mapping[str, Any]) -> tuple[str, str, str]:
    """The share that is nearest to its own class before and after, and the fall with its interval, in points."""
    lo, hi = risk["interval"]
    n = max(risk["n"], 1)
    change = f"{signed(-100 * risk['fall'])} ({signed(-100 * hi)} to {signed(-100 * lo)})"
    return percent(risk["right_before"] / n, 0), percent(risk["right_after"] / n, 0), change


def signed(value: float, unit: str = "") -> str:
    """A whole number with its sign.

    >>> signed(3.2, "°")
    '+3°'
    """
    whole = round(value)
    return f"{'+' if whole > 0 else MINUS if whole < 0 else ''}{abs(whole)}{unit}"


def _classes_words(risk: Mapping[str, Any]) -> str:
    told = []
    for name in risk["classes"][:3]:
        before, lost, _ = risk["by_class"][name]
        told.append(f"of class {clean(name, 40)} {lost} of {before}")
    return " and ".join(told) + " pictures that were nearest to it are no longer"


def _effect_words(kind: str, effect: Effect, scene: Scene) -> str:
    if isinstance(effect, Move):
        return _MOVES.get(kind, _moved)(effect.matrix, scene, effect)
    if isinstance(effect, Paint):
        return _split(kind)
    return "" if kind == "Rescaling" else " ".join(filter(None, map(_row_words, _tone_rows(effect))))


def _split(kind: str) -> str:
    """A step's name as words: RandomGaussianBlur is "gaussian blur"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.removeprefix("Random")).lower()


def _tone_rows(effect: Tone) -> list[list[float]]:
    rows: list[list[float]] = effect.operations.tolist()
    return rows


def _row_words(row: Sequence[float]) -> str:
    code, a, b = round(row[0]), row[1], row[2]
    if code == LINEAR and a == -1:
        return "inverted"
    if code == LINEAR:
        return " ".join(
            filter(None, (f"{TIMES}{a:.2f}" if abs(a - 1) > 5e-3 else "", _light(b) if abs(b) > 1e-3 else ""))
        )
    return _TONES[code](a, b) if code in _TONES else ""


def _light(added: float) -> str:
    return f"light {signed(added)}" if abs(added) >= 1 else f"light {'+' if added > 0 else MINUS}{abs(added):.2f}"


_TONES: dict[int, Callable[[float, float], str]] = {
    GREY: lambda a, _: "grey" if a >= 1 else f"grey {percent(a, 0)}",
    HUE: lambda a, _: f"hue {signed(60 * a, '°')}",
    SATURATION: lambda a, _: f"colour {TIMES}{a:.2f}",
    POSTERIZE: lambda a, _: plural(8 - round(math.log2(a)), "bit"),
    SOLARIZE: lambda _, b: f"solarized from {b:.0f}",
    CONTRAST: lambda a, _: f"contrast {TIMES}{a:.2f}",
    SHIFT: lambda a, _: f"channels {signed(a)}",
}


def _flipped(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    across, along = matrix[0, 0] < 0, matrix[1, 1] < 0
    return "flip " + ("\u2194" if across else "") + ("\u2195" if along else "")


def _turned(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    return f"turn {signed(math.degrees(math.atan2(matrix[0, 1], matrix[0, 0])), '°')}"


def _shifted(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    across, along = 100 * matrix[0, 2] / scene.width, 100 * matrix[1, 2] / scene.height
    return f"shift {signed(across)}, {signed(along)}\u202f%"


def _zoomed(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    across, along = matrix[0, 0], matrix[1, 1]
    both = f"{TIMES}{along:.2f}"
    return f"zoom {both}" if abs(across - along) < 5e-3 else f"zoom {TIMES}{across:.2f}, {both}"


def _slanted(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    across, along = (math.degrees(math.atan(matrix[i, j] / matrix[j, j])) for i, j in ((0, 1), (1, 0)))
    return f"slant {signed(across, '°')}, {signed(along, '°')}"


def _cut(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    left, top = (-matrix[i, 2] for i in (0, 1))
    if move.order is not None:  # the picture is smaller than the crop
        return "resized"
    return f"crop {move.size[1]}{TIMES}{move.size[0]} at {left:.0f}, {top:.0f}"


def _resized(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    return ""


def _moved(matrix: np.ndarray, scene: Scene, move: Move) -> str:  # noqa: ARG001 - as all of _MOVES
    return "perspective" if abs(matrix[2, :2]).any() else "moved"


_MOVES: dict[str, Callable[[np.ndarray, Scene, Move], str]] = {
    "RandomFlip": _flipped,
    "RandomRotation": _turned,
    "RandomTranslation": _shifted,
    "RandomZoom": _zoomed,
    "RandomShear": _slanted,
    "RandomCrop": _cut,
    "Resizing": _resized,
    "CenterCrop": _resized,
}
