"""What is worth seeing inside a trained network of sequences, chosen from the validation part: inside.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.explain.sequences.inside import inspect, rolls
from boda.explain.sequences.specimen import Specimen
from boda.models.heads.beam import greedy

if TYPE_CHECKING:
    from boda.run import Run
    from boda.sequence_answers import SequenceModel
    from boda.verbs.measures import Part

SHORT, LONG = 120, 4000  # steps of a sequence whose states are drawn, and in all of those that units are tried on
ASKED = 300  # sequences from which the surest answers are taken
ATTENDED = 6
PROMPT = 32  # frames of a piece that the network goes on from


def look_inside(run: Run, model: SequenceModel, part: Part, seed: int) -> None:
    """Write RUN/inside.json: states, gates, units, the gradient's reach, saliency, attention."""
    some = specimens(model, varied(part, seed))
    attention = _attention(model, part) if model.task == "pairs" else ()
    generated = _played(model, part, seed) if model.task == "music" else None
    found = inspect(
        model.network,
        [one.cut(SHORT) if model.task in {"language", "music"} else one for one in some],
        longer=_longer(some),
        season=model.encoder.season,
        seed=seed,
        attention=attention,
        generated=generated,
    )
    run.write_json("inside.json", found)


def varied(part: Part, seed: int) -> Part:
    """Some of a part's sequences, drawn by chance, no input twice; all of few."""
    order = np.random.default_rng([seed, 11]).permutation(len(part))
    seen: dict[Any, int] = {}
    for i in order.tolist():
        given = part.inputs[i]
        seen.setdefault(i if isinstance(given, np.ndarray) else given, i)
    return part.take([*seen.values()][:ASKED])


def specimens(model: SequenceModel, part: Part) -> list[Specimen]:
    """Sequences of a part as the network takes them, with what it says of them."""
    inputs = part.inputs
    if model.task == "forecast":
        return [_window(model, part, i) for i in range(min(len(part), 3))]
    if model.task == "classify":
        return [_answered(model, part, i, row) for i, row in enumerate(model.probabilities(inputs))]
    if model.task in {"language", "music"}:
        x, _ = model.encoder.shifted(inputs, list(part.targets) if model.task == "language" else None)
        return [
            Specimen(name, rows := np.asarray(row[:LONG]), _tokens(model, rows))
            for name, row in zip(part.names, x, strict=False)
            if len(row)
        ]
    return [
        Specimen(name, ids := np.asarray(row), _tokens(model, ids))
        for name, row in zip(part.names, model.encoder.encode(inputs), strict=False)
        if len(row)
    ]


def _answered(model: SequenceModel, part: Part, i: int, row: np.ndarray) -> Specimen:
    ids, best = model.encoder.encode(part.inputs[i : i + 1])[0], int(row.argmax())
    known = {"truth": part.targets[i], "answer": model.classes[best], "class_index": best}
    return Specimen(
        part.names[i], np.asarray(ids), _tokens(model, np.asarray(ids)), **known, confidence=float(row[best])
    )


def _window(model: SequenceModel, part: Part, i: int) -> Specimen:
    x, _ = model.encoder.window(np.asarray(part.inputs[i])[-model.encoder.context :])
    return Specimen(part.names[i], x)


def _tokens(model: SequenceModel, rows: np.ndarray) -> tuple[str, ...]:
    """What is written below the steps; () for numbers and events."""
    vocabulary = model.encoder.vocabulary
    return () if vocabulary is None or rows.ndim != 1 else tuple(vocabulary.names_of(rows))


def _longer(some: list[Specimen]) -> list[Specimen]:
    """As many of the sequences as make some thousand steps."""
    kept, steps = [], 0
    for one in some:
        if steps >= LONG:
            break
        kept.append(one.cut(LONG))
        steps += len(kept[-1])
    return kept


def _attention(model: SequenceModel, part: Part) -> list[dict[str, Any]]:
    """Which step of the source each token of an answer looked at."""
    sources = model.encoder.encode(part.inputs[:ATTENDED])
    vocabulary = model.encoder.target_vocabulary
    if not sources or vocabulary is None:
        return []
    found = greedy(model.network, sources, longest=model.longest(max(map(len, sources))))
    return [
        {
            "source": list(_tokens(model, np.asarray(source))),
            "answer": vocabulary.names_of(one.ids),
            "weights": one.attention[: len(one.ids), : len(source)].tolist(),
        }
        for source, one in zip(sources, found, strict=True)
        if one.attention is not None and len(one.ids)
    ]


def _played(model: SequenceModel, part: Part, seed: int) -> dict[str, Any] | None:
    """A piece, and what the network makes of its beginning."""
    if not part.inputs:
        return None
    roll = np.asarray(part.inputs[0], np.float32)
    prompt = min(PROMPT, len(roll) // 2)
    made = model.play(len(roll) - prompt, start=roll[:prompt], seed=seed)
    return rolls(roll, np.concatenate([roll[:prompt], made]), prompt=prompt, name=part.names[0])
