"""Why: class activation maps over the pictures that teach the most, written into the Run.

A map is sum_c w_c A_c over the last convolution's channels A, where w is the slope of the answer's logit by
the pooled features; for a linear head that is CAM (Zhou et al. 2016, arXiv 1512.04150), in general Grad-CAM
(Selvaraju et al. 2017, arXiv 1610.02391). Only what speaks for the answer is shown.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from boda.batches import batched, in_order
from boda.data import decode
from boda.models.engine import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.view import View
    from boda.models.heads.classify import Head
    from boda.run import Run
    from boda.sample import Sample

THUMBNAIL_SIDE = 240
SAMPLES_SHOWN = 24
ANSWERS_SHOWN = 12
BATCH = 4


def activation_map(spatial: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Where the answer comes from: (h, w) in 0 to 1, from activations (h, w, c) and slopes (c,)."""
    heat = np.maximum(spatial @ slope, 0)
    return heat / heat.max() if heat.max() > 0 else heat


def overlay(picture: np.ndarray, heat: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """`picture` (h, w, 3) uint8 with `heat` (any size, 0 to 1) laid over its region `box` (xyxy pixels)."""
    x0, y0, x1, y1 = box
    small = Image.fromarray((heat * 255).astype(np.uint8))
    laid = np.zeros(picture.shape[:2], np.float32)
    laid[y0:y1, x0:x1] = np.asarray(small.resize((x1 - x0, y1 - y0), Image.Resampling.BICUBIC), np.float32) / 255
    grey = picture.mean(axis=2, keepdims=True) * 0.75
    strength = laid[..., None] * 0.65
    return (grey * (1 - strength) + _heat_colours(laid) * strength).clip(0, 255).astype(np.uint8)


def explain(run: Run, samples: Sequence[Sample], view: View, head: Head, logits: np.ndarray) -> None:
    """Write pictures/: samples, the most confident mistakes and the least sure answers with their maps.

    Args:
        run: has classes, predictions.json and model/network.xml already.
        samples: the validation part, in the order of predictions.json.
        view: how the network looks at them.
        head: gives the slopes.
        logits: (n, classes), of `samples`.
    """
    answers = run.read_json("predictions.json")
    probabilities = np.asarray(answers["probabilities"])
    shown = {"mistakes": _mistakes(answers["labels"], probabilities), "unsure": _unsure(probabilities)}
    wanted = sorted({i for some in shown.values() for i in some})
    maps = _maps(run, [samples[i] for i in wanted], view, head, logits[wanted])
    entries: dict[str, list[dict[str, Any]]] = {"samples": _write_samples(run, samples, answers["labels"])}
    for i, heat in zip(wanted, maps, strict=True):
        _write_pair(run, samples[i], heat, view, i)
    for kind, some in shown.items():
        entries[kind] = [_entry(run, samples[i].name, answers["labels"][i], probabilities[i], i) for i in some]
    run.write_json("pictures/pictures.json", entries)


def _mistakes(labels: list[Any], probabilities: np.ndarray) -> list[int]:
    """Wrong answers, the most confident first."""
    wrong = [i for i, label in enumerate(labels) if not _agrees(label, probabilities[i])]
    return sorted(wrong, key=lambda i: -probabilities[i].max())[:ANSWERS_SHOWN]


def _agrees(label: Any, probabilities: np.ndarray) -> bool:
    if isinstance(label, list):
        return bool(((probabilities > 0.5) == (np.asarray(label) > 0.5)).all())
    return bool(probabilities.argmax() == label)


def _unsure(probabilities: np.ndarray) -> list[int]:
    """The answers with the least confidence, the least first."""
    return [
        int(i)
        for i in np.argsort(
            np.abs(probabilities - 0.5).max(axis=1) if probabilities.shape[1] == 1 else probabilities.max(axis=1)
        )[:ANSWERS_SHOWN]
    ]


def _maps(run: Run, samples: Sequence[Sample], view: View, head: Head, logits: np.ndarray) -> list[np.ndarray]:
    if not samples:
        return []
    network = Network(run.path / "model" / "network.xml", outputs=("map", "pooled"))
    outputs = list(network.run(batched(in_order(view.pixels, samples), BATCH)))
    slopes = head.gradient(np.concatenate([o["pooled"] for o in outputs]), logits.argmax(axis=1))
    spatial = np.concatenate([o["map"] for o in outputs])
    return [activation_map(a, s) for a, s in zip(spatial, slopes, strict=True)]


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


def seen_box(picture: np.ndarray, view: View) -> tuple[int, int, int, int]:
    """The region (xyxy pixels) of `picture` that the network sees in `view`."""
    h, w = picture.shape[:2]
    if view.resize == "squash":
        return 0, 0, w, h
    side = round(min(h, w) * view.crop_share)
    x, y = (w - side) // 2, (h - side) // 2
    return x, y, x + side, y + side


def thumbnail(sample: Sample, side: int = THUMBNAIL_SIDE) -> np.ndarray:
    """The sample within `side` x `side`, its aspect kept, uint8 RGB."""
    pixels = sample.image if isinstance(sample.image, np.ndarray) else decode.decode(sample.read_bytes())
    picture = Image.fromarray(pixels)
    scale = side / max(picture.size)
    if scale < 1 or max(picture.size) < side // 2:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)
    return np.asarray(picture)


def to_jpeg(pixels: np.ndarray) -> bytes:
    """JPEG of quality 85."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _heat_colours(heat: np.ndarray) -> np.ndarray:
    """Dark violet over red to yellow, (h, w, 3) float in 0 to 255, for heat in 0 to 1."""
    stops = np.array([[40, 0, 70], [200, 30, 80], [250, 130, 30], [255, 235, 90]], np.float32)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(heat, at, stops[:, channel]) for channel in range(3)], axis=-1)
