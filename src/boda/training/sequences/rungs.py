"""The rungs of sequences: the levers of a recurrent network, each a change of the base recipe, and the user's own.

The guesses of gain only order the rungs where time is short; no verdict depends on them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.recipe.sequence_tasks import NEXT_STEP
from boda.training.rungs import COSTLY, TOGETHER, Rung, own_rung
from boda.training.sequences.pieces import MOST_WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe.sequence import SequenceRecipe
    from boda.training.rungs import Kind

BASE = "base"
FIXED = ("validation_split", "horizon", "context")  # what decides on which values all rungs are measured
SPELLING = ("tokens", "vocabulary", "lowercase")  # the same where what is told are tokens
KIND_OF: dict[str, Kind] = {
    "cell": "cell",
    "units": "size",
    "layers": "size",
    "embedding": "size",
    "dropout": "drop",
    "recurrent_dropout": "drop",
}
CELLS = {
    "rnn": (
        "The plain cell of Elman: one layer upon its own last answer, without gates.",
        "Short sequences; over many steps its gradients fade, and what was read early is lost.",
        -0.02,
    ),
    "gru": (
        "Two gates decide what is kept and what is read anew; three quarters of an LSTM's weights.",
        "Few sequences; it mostly does as well as an LSTM, and is quicker.",
        0.01,
    ),
    "lstm": (
        "Three gates around a memory that is added to, so that gradients come far back.",
        "Long sequences in which something early decides.",
        0.01,
    ),
    "mingru": (
        "Gates that look at the input alone, so that all steps are computed at once.",
        "Long sequences, where time counts; where the state must decide what is read, it falls behind.",
        -0.005,
    ),
}


def standard(base: SequenceRecipe, task: str, *, numbers: bool = False, long: int = 0) -> tuple[Rung, ...]:
    """The base, then all rungs that make sense for `task`: those that change the base and that the task can take.

    Args:
        base: what the rungs change.
        task: what a sequence is turned into.
        numbers: whether a step is numbers, which are not embedded.
        long: steps of a long text, through the whole of which gradients go back only where it is short; 0 for others.
    """
    first = Rung(name=BASE, title=_title(base), kind="base", does="The recipe as it is.", when="What all is held to.")
    every = (*_cells(), *_sizes(base, numbers=numbers), *_drops(base), *_readings(base, task))
    some = [rung for rung in every if _makes_sense(rung, base, task)]
    return first, *(rung for rung in some if rung.name != "whole" or long <= MOST_WHOLE)


def own(text: str, base: SequenceRecipe, task: str) -> Rung:
    """A rung from words such as "wide=units=512", or "calm=dropout=0.5; units=64"; values are TOML.

    Raises:
        RecipeError: the words have another form, the task cannot take it, or it would be measured on other values.
    """
    rung = own_rung(text)
    told = SPELLING if task in {*NEXT_STEP, "pairs"} else ()
    for name in rung.change:
        if name in (*FIXED, *told):
            raise RecipeError(
                f"{name} changes what is told, so that {rung.name} could not be compared with the base. "
                f"Give it for all rungs: --set {name}={rung.change[name]}."
            )
    rung.recipe(base).check_task(task)
    shown = "; ".join(f"{name} = {value}" for name, value in rung.change.items())
    kind = KIND_OF.get(next(iter(rung.change)), "reading")
    return dataclasses.replace(rung, title=shown, kind=kind, does=f"The base with {shown}.", when="", gain=0.01)


def together(helpful: Sequence[tuple[Rung, float]], base: SequenceRecipe, task: str) -> Rung | None:
    """One rung of all levers that help, given with their differences; None below two, or where they do not agree.

    Where two change the same entry, the one with the larger difference has its way.
    """
    some = sorted((pair for pair in helpful if pair[0].kind in COSTLY), key=lambda pair: pair[1])
    change = {entry: value for rung, _ in some for entry, value in rung.change.items()}
    names = [rung.name for rung, _ in some]
    rung = Rung(
        name=TOGETHER,
        title="What helps, together",
        kind="together",
        change=change,
        does=f"Combines the levers that help on their own: {', '.join(names)}.",
        when="Where they mend different faults; levers against the same fault do not add up.",
    )
    alone = any(change == dict(one.change) for one, _ in some)
    return rung if len(some) > 1 and not alone and _makes_sense(rung, base, task) else None


def _makes_sense(rung: Rung, base: SequenceRecipe, task: str) -> bool:
    """Whether the rung changes the base into something that the task can take."""
    try:
        recipe = rung.recipe(base)
        recipe.check_task(task)
    except RecipeError:
        return False
    return recipe != base


def _title(base: SequenceRecipe) -> str:
    layers = f"{base.layers} layers of " if base.layers > 1 else ""
    return f"The base: {layers}{base.units} {base.cell.upper()}{', from both ends' if base.bidirectional else ''}"


def _rung(name: str, title: str, change: dict[str, Any], does: str, when: str, gain: float = 0.005) -> Rung:
    kind = KIND_OF.get(next(iter(change)), "reading")
    return Rung(name=name, title=title, kind=kind, change=change, does=does, when=when, gain=gain)


def _cells() -> list[Rung]:
    return [_rung(name, f"Cell: {name}", {"cell": name}, *about) for name, about in CELLS.items()]


def _sizes(base: SequenceRecipe, *, numbers: bool) -> list[Rung]:
    half, double = max(1, base.units // 2), 2 * base.units
    deep = "Stacks recurrent layers, each of which reads what the one below says."
    some = [
        _rung("narrower", f"Half as wide: {half} units", {"units": half}, "Has half the memory, and a fourth of the "
              "weights in it.", "Few sequences, or where speed counts.", 0.0),
        _rung("wider", f"Twice as wide: {double} units", {"units": double}, "Has twice the memory, and four times the "
              "weights in it.", "Many sequences; with few it learns them by heart.", 0.01),
        *(_rung(f"layers-{n}", f"{n} layer{'s' if n > 1 else ''}", {"layers": n}, deep,
                "Much data; a second layer often helps, a third seldom.", 0.005) for n in (1, 2, 3)),
    ]  # fmt: skip
    if not numbers:
        one_hot = "Reads each token as a row with a single 1, instead of a learned vector."
        learned = "Reads each token as a vector that is learned with the rest, so that like tokens can be alike."
        some.append(_rung("one-hot", "One-hot tokens", {"embedding": 0}, one_hot, "Few kinds of tokens.", 0.0))
        some.append(_rung("embedding", "Embedded tokens", {"embedding": 64}, learned, "Many kinds of tokens.", 0.005))
    return some


def _drops(base: SequenceRecipe) -> list[Rung]:
    does = "Leaves out a share of the values between the layers by chance, so that no single one is relied upon."
    recurrent = 0.0 if base.recurrent_dropout else 0.3
    return [
        *(_rung(f"dropout-{share:g}", f"Dropout {share:g}", {"dropout": share}, does,
                "Few sequences, and a loss on unseen ones that rises while that on the learned ones falls.", 0.01)
          for share in (0.0, 0.3, 0.5)),
        _rung("recurrent-dropout", f"Recurrent dropout {recurrent:g}", {"recurrent_dropout": recurrent},
              "Leaves out a share of the memory itself, the same in all steps of a sequence.",
              "Few sequences and a wide memory.", 0.005),
    ]  # fmt: skip


def _readings(base: SequenceRecipe, task: str) -> list[Rung]:
    normed, both = not base.layer_norm, not base.bidirectional
    some = [
        _rung("layer-norm", "LayerNormalization" if normed else "No LayerNormalization", {"layer_norm": normed},
              "Brings the answers of each layer to one scale at each step.", "Several layers, and uneven training."),
        _rung("both-ends" if both else "one-way", "From both ends" if both else "In one direction",
              {"bidirectional": both}, "Reads the sequence from its end as well, with weights of its own."
              if both else "Reads from the beginning alone, at half the cost.",
              "Where what comes later tells something about what came before.", 0.015 if both else -0.005),
    ]  # fmt: skip
    if task in {"classify", "regress"}:
        does = "Takes the answer from this over the steps."
        when = "“last” where the end tells all; “max” where a single spot decides; “mean” where all count."
        some += [
            _rung(f"pool-{kind}", f"Pooling: {kind}", {"pooling": kind}, does, when) for kind in ("last", "mean", "max")
        ]
    if task in NEXT_STEP:
        does = "Lets gradients go back so many steps; the memory itself is carried on."
        when = "Short pieces are quicker and teach more often; long ones let the network learn what lies far apart."
        for steps in (16, 64, 0):
            title = f"Gradients over {steps} steps" if steps else "Gradients over the whole sequence"
            change = {"bptt": steps, "bptt_every": 0}
            some.append(_rung(f"bptt-{steps}" if steps else "whole", title, change, does, when))
    return [*some, _attention(base)] if task == "pairs" else some


def _attention(base: SequenceRecipe) -> Rung:
    does = "What is written looks back at the source, or has its last state alone."
    name, title, gain = ("no-attention", "No attention", -0.02) if base.attention else ("attention", "Attention", 0.03)
    return _rung(name, title, {"attention": not base.attention}, does, "Sources of more than some steps.", gain)
