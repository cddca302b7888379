"""Pictures worth a look: samples, mistakes, unsure and right answers with their maps, written into the Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.batches import in_order
from boda.explain.activation import Looker, open_network, to_heat
from boda.explain.overlay import overlay, seen_box, thumbnail, to_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from boda.data.view import View
    from boda.explain.neighbours import Neighbour, Neighbours
    from boda.models.heads.classify import Head
    from boda.run import Run
    from boda.sample import Sample

SAMPLES_SHOWN = 24
ANSWERS_SHOWN = 12
NEIGHBOURS_SHOWN = 3
NEIGHBOUR_SIDE = 96


def explain(
    run: Run,
    samples: Sequence[Sample],
    view: View,
    head: Head,
    logits: np.ndarray,
    *,
    neighbours: Neighbours | None = None,
    learnt_from: Sequence[Sample] = (),
) -> None:
    """Write pictures/: samples; the most confident mistakes, the least sure and some right answers, with their maps.

    Args:
        run: has classes, predictions.json and model/network.xml already.
        samples: the validation part, in the order of predictions.json.
        view: how the network looks at them.
        head: gives the slopes.
        logits: (n, classes), of `samples`.
        neighbours: with them, each mistake gets the training pictures that it resembles.
        learnt_from: the training part, for the thumbnails of `neighbours`.
    """
    answers = run.read_json("predictions.json")
    labels, probabilities = answers["labels"], np.asarray(answers["probabilities"])
    shown = choose(labels, probabilities)
    wanted = sorted({i for some in shown.values() for i in some})
    maps, pooled = _maps(run, [samples[i] for i in wanted], view, head, logits[wanted])
    entries: dict[str, list[dict[str, Any]]] = {"samples": _write_samples(run, samples, labels)}
    for i, heat in zip(wanted, maps, strict=True):
        _write_pair(run, samples[i], heat, view, i)
    for kind, some in shown.items():
        entries[kind] = [_entry(run, samples[i].name, labels[i], probabilities[i], i) for i in some]
    if neighbours is not None and shown["mistakes"]:
        rows = pooled[[wanted.index(i) for i in shown["mistakes"]]]
        _add_neighbours(run, entries["mistakes"], neighbours.nearest(rows, NEIGHBOURS_SHOWN), learnt_from)
    run.write_json("pictures/pictures.json", entries)


def choose(labels: Sequence[Any], probabilities: np.ndarray) -> dict[str, list[int]]:
    """Which answers are shown: "mistakes", "unsure" and "right", to numbers of pictures, at most 12 of a kind.

    Args:
        labels: (n,) class indices, or (n, classes) of 0 and 1.
        probabilities: (n, classes).
    """
    right = [_agrees(label, row) for label, row in zip(labels, probabilities, strict=True)]
    return {
        "mistakes": _surest(np.flatnonzero(~np.array(right, bool)), probabilities)[:ANSWERS_SHOWN],
        "unsure": _unsure(probabilities),
        "right": _right(np.flatnonzero(right), probabilities),
    }


def _agrees(label: Any, probabilities: np.ndarray) -> bool:
    if isinstance(label, list):
        return bool(((probabilities > 0.5) == (np.asarray(label) > 0.5)).all())
    return bool(probabilities.argmax() == label)


def _surest(some: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """`some` pictures, those with the most confident answers first."""
    return [int(i) for i in sorted(some, key=lambda i: -probabilities[i].max())]


def _unsure(probabilities: np.ndarray) -> list[int]:
    """The answers with the least confidence, the least first."""
    sure = np.abs(probabilities - 0.5).max(axis=1) if probabilities.shape[1] == 1 else probabilities.max(axis=1)
    return [int(i) for i in np.argsort(sure)[:ANSWERS_SHOWN]]


def _right(some: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """Of each class's right answers the surest and the middle one; of many classes a part."""
    answers = probabilities[some].argmax(axis=1)
    by_class = [_surest(some[answers == k], probabilities) for k in range(probabilities.shape[1])]
    by_class = [ordered for ordered in by_class if ordered]
    surest = _surest(np.array([ordered[0] for ordered in by_class], int), probabilities)[: ANSWERS_SHOWN // 2]
    typical = [ordered[len(ordered) // 2] for ordered in by_class]
    return list(dict.fromkeys([*surest, *typical]))[:ANSWERS_SHOWN]


def _maps(
    run: Run, samples: Sequence[Sample], view: View, head: Head, logits: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """For each sample the heat map (h, w) of its most probable class; and all pooled features (n, d)."""
    looker = Looker(open_network(run), head)
    reaction = looker.react(in_order(view.pixels, samples))
    return [to_heat(some) for some in looker.evidence(reaction, logits.argmax(axis=1))], reaction.pooled


def _add_neighbours(
    run: Run,
    entries: Iterable[dict[str, Any]],
    found: Iterable[Sequence[Neighbour]],
    learnt_from: Sequence[Sample],
) -> None:
    """Give each entry its nearest training pictures, and write their thumbnails."""
    known = {sample.name: (i, sample) for i, sample in enumerate(learnt_from)}
    for entry, some in zip(entries, found, strict=True):
        entry["neighbours"] = [_neighbour(run, neighbour, known) for neighbour in some]


def _neighbour(run: Run, neighbour: Neighbour, known: Mapping[str, tuple[int, Sample]]) -> dict[str, Any]:
    label = neighbour.label if isinstance(neighbour.label, str) else ", ".join(neighbour.label)
    told = {"name": neighbour.name, "label": label, "similarity": round(neighbour.similarity, 4)}
    if neighbour.name not in known:
        return {**told, "file": None}
    i, sample = known[neighbour.name]
    file = f"pictures/train-{i:05d}.jpg"
    if not run.has(file):
        run.write_bytes(file, to_jpeg(thumbnail(sample, NEIGHBOUR_SIDE)))
    return {**told, "file": file}


def _write_samples(run: Run, samples: Sequence[Sample], labels: list[Any]) -> list[dict[str, Any]]:
    """A few pictures of each class in turn."""
    order = sorted(range(len(samples)), key=lambda i: (_occurrence(labels, i), i))[:SAMPLES_SHOWN]
    entries = []
    for number, i in enumerate(sorted(order, key=lambda i: (str(labels[i]), i))):
        file = f"pictures/sample-{number:03d}.jpg"
        run.write_bytes(file, to_jpeg(thumbnail(samples[i])))
        entries.append({"file": file, "name": samples[i].name, "label": _label(run, labels[i])})
    return entries


def _occurrence(labels: list[Any], i: int) -> int:
    """How many samples before `i` have its label."""
    return labels[:i].count(labels[i])


def _write_pair(run: Run, sample: Sample, heat: np.ndarray, view: View, i: int) -> None:
    picture = thumbnail(sample)
    run.write_bytes(f"pictures/{i:05d}.jpg", to_jpeg(picture))
    run.write_bytes(f"pictures/{i:05d}-cam.jpg", to_jpeg(overlay(picture, heat, seen_box(picture, view))))


def _entry(run: Run, name: str, label: Any, probabilities: np.ndarray, i: int) -> dict[str, Any]:
    top = int(probabilities.argmax())
    return {
        "file": f"pictures/{i:05d}.jpg",
        "cam": f"pictures/{i:05d}-cam.jpg",
        "name": name,
        "label": _label(run, label),
        "predicted": run.classes[top],
        "confidence": float(probabilities[top]),
    }


def _label(run: Run, label: Any) -> str:
    if isinstance(label, list):
        return ", ".join(name for name, on in zip(run.classes, label, strict=True) if on) or "(none)"
    return run.classes[label]
