"""A Recipe says what to train; it is frozen, compared by value, and read from and written to TOML."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from boda.errors import RecipeError
from boda.recipe import toml
from boda.recipe.boxes import USUAL, BoxRecipe, refuse_what_boxes_lack, usual_levers, usual_thaw
from boda.recipe.checks import between_0_and_1, is_whole, one_of, plain_numbers, refuse_wrong, whole_from
from boda.recipe.head import HeadRecipe
from boda.recipe.levers import refuse_other_mixes
from boda.recipe.stage import PATTERN, Stage, checked, stage_like, stages_of

DEFAULT_BACKBONE = "efficientnet_lite0"
LEAST_SIZE, LARGEST_SIZE = 32, 1024

CHECKS = {
    "backbone": ("the name of a network", lambda value: isinstance(value, str)),
    "weights": ("'pretrained', 'none' or a file", lambda value: value is None or isinstance(value, str)),
    "size": (
        f"none or {LEAST_SIZE} to {LARGEST_SIZE} pixels",
        lambda value: value is None or (is_whole(value) and LEAST_SIZE <= value <= LARGEST_SIZE),
    ),
    "resize": one_of("squash", "crop", "letterbox"),
    "precision": one_of("f32", "bf16"),
    "validation_split": between_0_and_1(),
    "folds": whole_from(2),
    "precision_wanted": between_0_and_1(),
    "augmentation": (
        "a table of steps, [[augmentation.steps]]",
        lambda value: value is None or isinstance(value, str),
    ),
    "head": (
        "a table of the head's entries, such as head.dropout = 0.3",
        lambda value: isinstance(value, HeadRecipe),
    ),
    "boxes": (
        "a table of what finds boxes, such as boxes.channels = 96",
        lambda value: value is None or isinstance(value, BoxRecipe),
    ),
    "stages": (
        "a list of stages, such as head,last-5",
        lambda value: isinstance(value, tuple) and all(isinstance(stage, Stage) for stage in value),
    ),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train.

    Args:
        backbone: a row of `boda backbones`.
        weights: "pretrained", None (the architecture alone), or a weights-only HDF5 file.
        size: side of the square that the network sees, in pixels; None is what its weights were trained with.
        resize: "squash" fits the whole picture into the square; "crop" keeps the aspect and cuts the centre;
            "letterbox" keeps it with grey around. Boxes take squash or letterbox, all else squash or crop.
        precision: "f32", or "bf16" for speed on machines that have it.
        validation_split: share held out for the report where the data has no validation part.
        folds: inner folds of the training part by which every choice is made.
        precision_wanted: the precision for which the report's abstain threshold is chosen.
        head: the layers on top.
        stages: what is trained, one after the other; "head,last-5" may stand for them.
        augmentation: the pipeline that `augment = "own"` means, as TOML (`Pipeline.to_toml`).
        boxes: what finds boxes; None where the task has none.
    """

    backbone: str = DEFAULT_BACKBONE
    weights: str | None = "pretrained"
    size: int | None = None
    resize: Literal["squash", "crop", "letterbox"] = "squash"
    precision: Literal["f32", "bf16"] = "f32"
    validation_split: float = 0.2
    folds: int = 5
    precision_wanted: float = 0.95
    head: HeadRecipe = field(default_factory=HeadRecipe)
    stages: tuple[Stage, ...] = (Stage(thaw="head"),)
    augmentation: str | None = None
    boxes: BoxRecipe | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        plain_numbers(self)
        given: Any
        for name in ("weights", "size"):
            given = getattr(self, name)
            object.__setattr__(self, name, str(given) if isinstance(given, Path) else _none_where_said(given))
        given = self.stages
        object.__setattr__(self, "boxes", _none_where_said(self.boxes))
        if isinstance(given, str):
            given = stages_of(given, boxes=self.boxes is not None)
        elif isinstance(given, (list, tuple)):
            given = tuple(stage if isinstance(stage, Stage) else _stage(stage) for stage in given)
        object.__setattr__(self, "stages", given)
        refuse_wrong(self, CHECKS)
        checked(self.stages, boxes=self.boxes is not None)
        if self.resize == ("letterbox" if self.boxes is None else "crop"):
            what = "boxes, which may lie anywhere," if self.boxes is not None else "classes"
            other = "squash or letterbox" if self.boxes is not None else "squash or crop"
            raise RecipeError(f"resize of {what} must be {other}. Received: resize={self.resize!r}")
        if self.boxes is not None:
            refuse_what_boxes_lack(self.stages)
        refuse_other_mixes((self.head, *self.stages), boxes=self.boxes is not None)
        own = [levers for levers in (self.head, *self.stages) if levers.augment == "own"]
        if own and self.augmentation is None:
            raise RecipeError(f"{own[0].PREFIX}augment is 'own', but the recipe has no table [augmentation].")

    def replace(self, **changes: Any) -> Recipe:
        """A copy with `changes`.

        `head.NAME` may be given as `head_NAME`; `stage_NAME` changes every stage that trains the backbone, and
        `last-5_NAME` (which Python takes in `**{...}` only) that stage alone.
        """
        tables: dict[str, dict[str, Any]] = {}
        for key, value in changes.items():
            table, entry = _table_of(key)
            tables.setdefault(table, {})[entry] = value
        rest, head, boxes = tables.pop("", {}), tables.pop("head", {}), tables.pop("boxes", {})
        if head:
            rest["head"] = _build(HeadRecipe, {**toml.entries(self.head), **head}, "head.")
        if boxes:
            rest["boxes"] = _build(BoxRecipe, {**toml.entries(self.boxes or BoxRecipe()), **boxes}, "boxes.")
        if self.boxes is not None and isinstance(rest.get("stages"), str):
            rest["stages"] = tuple(stage_like(self.stages[-1], word.strip()) for word in rest["stages"].split(","))
        changed: Recipe = _build(Recipe, {**toml.entries(self), **rest}, "")
        for table, entries in tables.items():
            changed = changed._with_stages(table, entries)
        return changed

    def _with_stages(self, which: str, changes: dict[str, Any]) -> Recipe:
        """A copy with `changes` in the stage `which`, or in all that train the backbone where it is "stage"."""
        meant = [s for s in self.stages if s.trains_backbone and which in {"stage", s.thaw}]
        if not meant:
            raise RecipeError(
                f"{which}.{next(iter(changes))} changes a stage that is not there. The stages are "
                f"{','.join(self.stage_names)}. Add one, such as stages=head,{'last-5' if which == 'stage' else which}"
            )
        stages = tuple(
            _build(Stage, {**toml.entries(stage), **changes}, f"{which}.") if stage in meant else stage
            for stage in self.stages
        )
        return dataclasses.replace(self, stages=stages)

    def with_augment(self, strength: str) -> Recipe:
        """A copy in which pictures are varied with `strength`, for the head and for each stage that thaws layers."""
        changed = self.replace(head_augment=strength)
        return changed.replace(stage_augment=strength) if any(s.trains_backbone for s in self.stages) else changed

    @classmethod
    def usual(cls, task: str, pictures: int | None = None) -> Recipe:
        """What to begin with for `task`, such as "classify" or "detect", with so many pictures to learn from."""
        if task not in USUAL:
            return cls()
        usual, levers = USUAL[task], usual_levers(task, pictures)
        thaw = usual_thaw(pictures)
        stage = Stage(thaw=thaw, label_smoothing=0.0, augment="default", clip_norm=10.0, **levers)
        head = HeadRecipe(augment="default", **levers)
        return cls(**usual["own"], boxes=BoxRecipe(**usual["boxes"]), head=head, stages=(stage,))

    @property
    def stage_names(self) -> tuple[str, ...]:
        """What thaws in each stage, such as ("head", "last-5")."""
        return tuple(stage.thaw for stage in self.stages)

    def to_toml(self) -> str:
        """TOML that `from_toml` reads back to an equal Recipe; None is written as an absent key, or as "none"."""
        own = {name: value for name, value in toml.entries(self).items() if name not in {"head", "stages", "boxes"}}
        blocks = [toml.lines({**own, "weights": "none" if self.weights is None else self.weights})]
        blocks.append(["[head]", *toml.lines(toml.entries(self.head))])
        if self.boxes is not None:
            blocks.append(["[boxes]", *toml.lines(toml.entries(self.boxes))])
        blocks += [["[[stages]]", *toml.lines(stage.entries())] for stage in self.stages]
        return "\n".join("\n".join([*block, ""]) for block in blocks)

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Read what `to_toml` wrote, or what a person did; unknown keys are refused with the nearest name.

        Stages may be named ("head,last-5"), listed, or stand as tables [[stages]].
        """
        table = toml.parse(text)
        if isinstance(head := table.get("head", {}), dict):
            table["head"] = _build(HeadRecipe, head, "head.")
        if isinstance(boxes := table.get("boxes"), dict):
            table["boxes"] = _build(BoxRecipe, boxes, "boxes.")
        if isinstance(stages := table.get("stages"), list):
            table["stages"] = tuple(_stage(entry) for entry in stages)
        if isinstance(steps := table.get("augmentation"), dict):
            table["augmentation"] = toml.pipeline(steps)
        return _build(cls, table, "")

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe file."""
        try:
            return cls.from_toml(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecipeError) as error:
            raise RecipeError(f"{path}: {error}") from error


def _table_of(key: str) -> tuple[str, str]:
    """The table and the entry that a name such as `head_dropout` or `last-5_epochs` means."""
    table, _, entry = key.partition("_")
    is_table = table in {"head", "stage", "boxes"} or (PATTERN.fullmatch(table) is not None and entry != "")
    return (table, entry) if is_table and entry else ("", key)


def _stage(entry: object) -> Stage:
    """A stage from its table, or from its name."""
    if not isinstance(entry, dict):
        return Stage.usual(str(entry))
    _build(Stage, {"thaw": "head", **entry}, "stage.")  # the names first, for an error that tells them
    return Stage.usual(**{"thaw": "", **entry})


def _build(cls: type, values: dict[str, Any], prefix: str) -> Any:
    """`cls(**values)`, with unknown names refused."""
    known = {f.name for f in dataclasses.fields(cls)}
    for name in values:
        if name not in known:
            raise RecipeError(f"A recipe has no entry {prefix}{name}.{_hint(name, prefix)}")
    return cls(**values)


def _hint(name: str, prefix: str) -> str:
    """The nearest entry, of the head too, since people leave its prefix out."""
    of_head = [f.name for f in dataclasses.fields(HeadRecipe)]
    kind = {"head.": HeadRecipe, "boxes.": BoxRecipe, "": Recipe}.get(prefix, Stage)
    own = [f.name for f in dataclasses.fields(kind)]
    if near := difflib.get_close_matches(name, own, n=1):
        return f" Did you mean {prefix}{near[0]}?"
    if near := difflib.get_close_matches(name, of_head, n=1):
        return f" Did you mean head.{near[0]} (in Python head_{near[0]})?"
    return f" Known: {', '.join([*own, *([] if prefix else [f'head.{other}' for other in of_head])])}."


def _none_where_said(value: Any) -> Any:
    """None where the word stands, since TOML has no other way to say it."""
    return None if value == "none" else value
