"""Rungs: the levers of transfer learning, each a change of the base recipe; which are wanted, and the user's own."""

from __future__ import annotations

import dataclasses
import importlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from boda.errors import RecipeError
from boda.recipe.toml import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.recipe import Recipe
    from boda.recipe.sequence import SequenceRecipe

R = TypeVar("R", "Recipe", "SequenceRecipe")
OfPictures = Literal["base", "as-is", "head", "augment", "view", "thaw", "scratch", "together"]
OfSequences = Literal["cell", "size", "drop", "reading"]
Kind = OfPictures | OfSequences
COSTLY = {"thaw", "scratch", "cell", "size", "drop", "reading"}
BASE, TOGETHER = "head", "together"
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One lever: the base recipe with a change.

    Args:
        name: what `--rungs` takes, and its folder; small letters, digits, `.`, `_` and `-`.
        title: in plain words.
        kind: "base", "as-is", "head", "augment", "view" (how the network looks at pictures), "thaw", "scratch", or
            "together" (several levers that help); of sequences "cell", "size", "drop" (what is left out by chance), or
            "reading" (how a sequence is read).
        change: entries of the recipe, named as `--set` names them, such as {"head.dropout": 0.3}.
        does: what it does, one sentence or two.
        when: when it helps.
        gain: expected rise of the accuracy, as a share; a guess.
    """

    name: str
    title: str
    kind: Kind
    change: Mapping[str, Any] = field(default_factory=dict)
    does: str = ""
    when: str = ""
    gain: float = 0.0

    @property
    def is_costly(self) -> bool:
        """Whether layers of the backbone are trained, or a whole network of sequences."""
        return self.kind in COSTLY

    def to_json(self) -> dict[str, Any]:
        """A dict from whose entries the same rung is made."""
        return {**dataclasses.asdict(self), "change": dict(self.change)}

    def recipe(self, base: R) -> R:
        """`base` with the change."""
        return base.replace(**{name.replace(".", "_", 1): value for name, value in ordered(self.change)})


def ordered(change: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The entries of a change, stages first, since `stage.NAME` changes those that are there."""
    return sorted(change.items(), key=lambda entry: entry[0] != "stages")


def chosen(every: Sequence[Rung], names: Sequence[str] | None, own: Sequence[Rung] = ()) -> tuple[Rung, ...]:
    """Those of `every` that `names` wants (all where it is None), and `own`; the base, the first, always.

    Raises:
        RecipeError: a name is not among them, occurs twice, or is "together".
    """
    known = {rung.name: rung for rung in every}
    if strangers := [name for name in names or () if name not in known]:
        raise RecipeError(
            f"There is no rung {strangers[0]}. Known: {', '.join(known)}. "
            "A rung that would change nothing of the base is left out."
        )
    some = [rung for rung in every if names is None or rung.name in {every[0].name, *names}]
    if TOGETHER in {rung.name for rung in own}:
        raise RecipeError(f"{TOGETHER} is boda's name for the rung of all that helps. Give yours another name.")
    if twice := [rung.name for rung in own if rung.name in {each.name for each in some}]:
        raise RecipeError(f"There is a rung {twice[0]} already. Give yours another name.")
    if len({rung.name for rung in own}) < len(own):
        raise RecipeError(f"Rungs must have names that differ. Received: {', '.join(rung.name for rung in own)}.")
    return (*some, *own)


def with_stage_settings(rungs: Sequence[Rung], settings: Mapping[str, Any]) -> tuple[Rung, ...]:
    """`rungs`, with entries such as {"stage.epochs": 4} in the change of each that thaws such a stage.

    What a rung changes itself has its way.

    Raises:
        RecipeError: none of them thaws the stage.
    """
    for entry in settings:
        if not any(_has_stage(rung, entry) for rung in rungs):
            stages = [str(rung.change["stages"]) for rung in rungs if rung.is_costly and "stages" in rung.change]
            raise RecipeError(
                f"{entry} changes a stage that no rung trains. Trained: {'; '.join(stages) or 'none'}. "
                "Choose a rung that thaws it, such as last-5, or leave the entry out."
            )
    return tuple(
        dataclasses.replace(rung, change={**some, **rung.change})
        if (some := {entry: value for entry, value in settings.items() if _has_stage(rung, entry)})
        else rung
        for rung in rungs
    )


def _has_stage(rung: Rung, entry: str) -> bool:
    """Whether the rung trains the stage that `entry` is of; "stage" is each that trains the backbone."""
    which = entry.partition(".")[0]
    stages = rung.change.get("stages", "")
    names = [name.strip() for name in (stages.split(",") if isinstance(stages, str) else map(str, stages))]
    return rung.is_costly and (which == "stage" or which in names)


def own_rung(text: str) -> Rung:
    """A rung from words such as "wide=head.hidden=1024" or "calm=head.dropout=0.5; head.ema=0.99"; values are TOML.

    Raises:
        RecipeError: the words have another form.

    >>> own_rung("wide=head.hidden=1024").change
    {'head.hidden': 1024}
    """
    name, _, rest = text.partition("=")
    pairs = [entry.partition("=") for entry in rest.split(";") if entry.strip()]
    if not NAME.fullmatch(name.strip()) or not pairs or not all(equals for _, equals, _ in pairs):
        raise RecipeError(
            "A rung must be NAME=ENTRY=VALUE, its name of small letters, digits, '.', '_' and '-', such as "
            f"wide=head.hidden=1024. Received: {text!r}"
        )
    change = {entry.strip(): value_of(value.strip()) for entry, _, value in pairs}
    title, does, when = _words(next(iter(change)))
    shown = "; ".join(f"{entry} = {value}" for entry, value in change.items())
    return Rung(
        name=name.strip(), title=f"{title}: {shown}" if title else shown, kind=_kind(change), change=change,
        does=does, when=when, gain=0.005,
    )  # fmt: skip


def together(helpful: Sequence[tuple[Rung, float]]) -> Rung | None:
    """One rung of all head and augmentation levers that help, given with their differences; None below two.

    Where two change the same entry, the one with the larger difference has its way.
    """
    some = sorted((pair for pair in helpful if pair[0].kind in {"head", "augment"}), key=lambda pair: pair[1])
    if len(some) < 2:
        return None
    change = {entry: value for rung, _ in some for entry, value in rung.change.items()}
    names = [rung.name for rung, _ in some]
    return Rung(
        name=TOGETHER,
        title="What helps, together",
        kind="together",
        change=change,
        does=f"Combines the levers that help on their own: {', '.join(names)}.",
        when="Where they mend different faults; levers against the same fault do not add up.",
    )


def _kind(change: Mapping[str, Any]) -> Kind:
    tables = {entry.partition(".")[0] for entry in change}
    if change.get("stages") == "scratch":
        return "scratch"
    if tables & {"stages", "stage"}:
        return "thaw" if change.get("stages") not in {"head", "as-is"} else "as-is"
    if tables & {"size", "resize", "backbone", "weights", "precision"}:
        return "view"
    return "augment" if {"head.augment", "head.views"} & set(change) else "head"


def _words(entry: str) -> tuple[str, str, str]:
    """Title, what it does and when it helps, from the table of levers where it is there and knows the entry."""
    try:
        words = importlib.import_module("boda.training.lever_words").WORDS
    except ImportError:
        return "", "", ""
    known = words.get(entry)
    return (known.title, known.does, known.helps) if known else ("", "", "")
