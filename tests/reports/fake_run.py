"""Composes a Run as a training leaves it: random but plausible, with hostile and Korean names."""

import io
import json

import numpy as np
from PIL import Image

from boda.recipe import Recipe
from boda.run import Run

HOSTILE = "<script>alert(1)</script>"
CLASSES = ["daisy", "튤립", HOSTILE, '$\\frac{rose$ & "q" \' id="x"', "sun\nflower \u202e"]


def make_run(path, *, task="classify", classes=CLASSES, seed=0, accuracy=0.9, per_class=30):
    """A complete Run at `path`."""
    rng = np.random.default_rng(seed)
    run = Run.create(path, task=task, seed=seed)
    labels = np.repeat(np.arange(len(classes)), per_class)
    names = [f"{clean_folder(classes[k])}/{i:03d}.jpg" for i, k in enumerate(labels)]
    probabilities = _probabilities(rng, labels, len(classes), accuracy)
    run.write_text("recipe.toml", Recipe().to_toml())
    train = [f"train{i}" for i in range(4 * len(labels))]
    split = {
        "parts": {"train": train, "val": names},
        "seed": seed,
        "method": "stratified, grouped, 20 %",
        "digest": "ab" * 32,
    }
    run.write_json("split.json", {**split, "notes": ["2 pictures moved with their duplicates"]})
    run.write_json("data.json", _data(classes, per_class))
    run.write_text("history.jsonl", "".join(json.dumps(line) + "\n" for line in _candidates(rng)))
    run.write_json("metrics.json", _metrics(classes, labels, probabilities, task))
    truth = labels.tolist() if task == "classify" else [[int(k)] for k in labels]
    run.write_json(
        "predictions.json", {"names": names, "labels": truth, "probabilities": probabilities.round(5).tolist()}
    )
    run.write_json("calibration.json", _calibration(labels, probabilities))
    run.write_json("pictures/pictures.json", _pictures(run, rng, names, classes))
    run.write_json("next.json", _next())
    run.finish(
        classes=list(classes),
        created="2026-11-24T05:00:00+00:00",
        data="flowers",
        backbone=_backbone(),
        versions=_versions(),
    )
    return run


def clean_folder(name):
    return "".join(c for c in name if c.isalnum()) or "class"


def wilson(k, n, z=1.96):
    if not n:
        return [0.0, 1.0]
    p = k / n
    middle, half = (p + z * z / 2 / n), z * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5
    return [max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))]


def _probabilities(rng, labels, classes, accuracy):
    answer = np.where(rng.random(len(labels)) < accuracy, labels, rng.integers(0, classes, len(labels)))
    scores = rng.normal(0, 1, (len(labels), classes))
    scores[np.arange(len(labels)), answer] += rng.gamma(4, 1, len(labels)) + 0.8
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True)


def _data(classes, per_class):
    counts = {
        "train": {c: max(4 * per_class - 3 * i, 3) for i, c in enumerate(classes)},
        "val": dict.fromkeys(classes, per_class),
    }
    return {
        "n": sum(sum(part.values()) for part in counts.values()),
        "counts": counts,
        "sizes": {"width": {"min": 159, "median": 240, "max": 1024}, "height": {"min": 120, "median": 240, "max": 768}},
        "formats": {"JPEG": 741, "PNG": 9},
        "notes": {"exif-turned": 2, "cmyk": 1},
        "bad": [
            {"name": f"daisy/{HOSTILE}.jpg", "reason": "truncated: 1204 of 9313 bytes"},
            {"name": "튤립/설명.jpg", "reason": "a text file named .jpg"},
        ],
        "exact_duplicates": [["daisy/1.jpg", "daisy/1 copy.jpg"]],
        "near_duplicates": [["daisy/7.jpg", "daisy/8.jpg"]],
        "leaks": [["val/daisy/3.jpg", "train/daisy/9.jpg"]],
        "conflicts": [["daisy/4.jpg", "튤립/4.jpg"]],
        "imbalance": 1.12,
        "warnings": ["1 picture is in both train and val"],
    }


def _candidates(rng):
    lines = []
    for view, shift in (("plain", 0.0), ("flip", -0.015)):
        for decay in np.geomspace(1e-6, 1.0, 9):
            loss = 0.33 + shift + 0.02 * (np.log10(decay) + 2.5) ** 2 + rng.normal(0, 0.005)
            scores = {"log_loss": loss, "log_loss_sd": 0.03, "accuracy": 0.93 - loss / 8, "accuracy_sd": 0.018}
            lines.append({"kind": "candidate", "weight_decay": float(decay), "view": view, **scores, "chosen": False})
    min(lines, key=lambda line: line["log_loss"])["chosen"] = True
    return lines


def _metrics(classes, labels, probabilities, task):
    answers, n = probabilities.argmax(axis=1), len(labels)
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(confusion, (labels, answers), 1)
    right, per_class = (
        int(np.trace(confusion)),
        [_class_row(confusion, k, name, task) for k, name in enumerate(classes)],
    )
    val = {
        "n": n,
        "accuracy": right / n,
        "accuracy_interval": wilson(right, n),
        "balanced_accuracy": right / n,
        "balanced_accuracy_interval": wilson(right, n),
        "log_loss": 0.31,
        "log_loss_interval": [0.22, 0.41],
        "auc": 0.98,
        "auc_interval": [0.96, 0.99],
        "macro_f1": right / n - 0.01,
        "macro_f1_interval": wilson(right, n),
        "ece": 0.021,
        "ece_uncalibrated": 0.064,
        "brier": 0.14,
        "confusion": confusion.tolist(),
        "per_class": per_class,
    }
    if task == "multilabel":
        val = {
            key: val[key] for key in val if key not in ("confusion", "balanced_accuracy", "balanced_accuracy_interval")
        }
    low, raw = round(n / len(classes)), round(0.45 * n)
    return {
        "task": task,
        "val": val,
        "baselines": {
            "most_frequent": {"accuracy": low / n, "accuracy_interval": wilson(low, n), "log_loss": 1.61},
            "raw_pixels": {"accuracy": raw / n, "accuracy_interval": wilson(raw, n), "log_loss": 1.4},
        },
        "against_baseline": {
            "difference": right / n - raw / n,
            "interval": [right / n - raw / n - 0.08, right / n - raw / n + 0.08],
            "p": 0.0001,
            "verdict": "better",
        },
        "inner": {"accuracy": 0.89, "log_loss": 0.33, "folds": 5},
        "seconds": {
            "total": 11.4,
            "read": 0.9,
            "features": 5.2,
            "baselines": 1.1,
            "train": 2.4,
            "explain": 1.2,
            "report": 0.6,
        },
    }


def _class_row(confusion, k, name, task):
    hit, n, said = int(confusion[k, k]), int(confusion[k].sum()), int(confusion[:, k].sum())
    row = {"name": name, "n": n, "precision": hit / max(said, 1), "precision_interval": wilson(hit, said)}
    row |= {
        "recall": hit / n,
        "recall_interval": wilson(hit, n),
        "f1": 2 * hit / (n + said),
        "f1_interval": wilson(hit, n),
    }
    if task == "multilabel":
        row |= {"auc": 0.95, "auc_interval": [0.9, 0.98], "ap": 0.8, "ap_interval": [0.7, 0.9]}
    return row


def _calibration(labels, probabilities):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    sure = confidence >= 0.83
    hits = int(right[sure].sum())
    return {
        "temperature": 1.24,
        "bins_before": _bins(confidence**0.6, right),
        "bins_after": _bins(confidence, right),
        "abstain": {
            "wanted": 0.95,
            "threshold": 0.83,
            "coverage": 0.82,
            "precision_there": 0.96,
            "precision_interval": [0.93, 0.98],
        },
        "val_at_threshold": {
            "coverage": float(sure.mean()),
            "precision": hits / max(int(sure.sum()), 1),
            "precision_interval": wilson(hits, int(sure.sum())),
        },
    }


def _bins(confidence, right, n=10):
    bins = {"confidence": [], "accuracy": [], "count": [], "lo": [], "hi": []}
    for k in range(n):
        there = (confidence > k / n) & (confidence <= (k + 1) / n)
        count, hits = int(there.sum()), int(right[there].sum())
        lo, hi = wilson(hits, count)
        row = (float(confidence[there].mean()), hits / count) if count else (None, None)
        for key, value in zip(bins, (*row, count, lo, hi), strict=True):
            bins[key].append(value)
    return bins


def picture(rng, width=180, height=140):
    """A flower of sorts: a disc with petals on a shaded ground."""
    y, x = np.mgrid[:height, :width]
    r, a = np.hypot(x - width / 2, y - height / 2), np.arctan2(y - height / 2, x - width / 2)
    petals = r < 35 + 18 * np.cos(a * rng.integers(5, 9))
    image = np.empty((height, width, 3))
    image[:] = rng.integers(40, 130, 3)
    image *= (0.6 + 0.4 * y / height)[..., None]
    image[petals] = rng.integers(150, 255, 3)
    image[r < 14] = (235, 190, 40)
    return (image + rng.normal(0, 6, image.shape)).clip(0, 255).astype(np.uint8)


def heat(image, rng):
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    cx, cy = rng.uniform(0.3, 0.7, 2) * (image.shape[1], image.shape[0])
    warm = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 900)[..., None]
    return (image * (1 - 0.7 * warm) + np.array([230, 60, 20]) * 0.7 * warm).astype(np.uint8)


def _pictures(run, rng, names, classes):
    def save(name, image):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=80)
        run.write_bytes(name, buffer.getvalue())
        return name

    listed = {"samples": [], "mistakes": [], "unsure": []}
    for i in range(2 * len(classes)):
        shape = (180, 140) if i % 3 else (140, 180)
        file = save(f"pictures/s{i:03d}.jpg", picture(rng, *shape))
        listed["samples"].append({"file": file, "name": f"{i}.jpg", "label": classes[i % len(classes)]})
    for kind in ("mistakes", "unsure"):
        for i in range(8):
            image = picture(rng, 160, 160)
            entry = {
                "file": save(f"pictures/{kind[0]}{i:03d}.jpg", image),
                "cam": save(f"pictures/{kind[0]}{i:03d}_cam.jpg", heat(image, rng)),
            }
            true, answer = classes[i % len(classes)], classes[(i + 1) % len(classes)]
            listed[kind].append(
                {**entry, "name": names[i], "label": true, "predicted": answer, "confidence": 0.99 - 0.03 * i}
            )
    return listed


def _next():
    return [
        {
            "title": "Teach the mirrored pictures too",
            "why": "Flips often help where left and right do not matter.",
            "command": "boda train flowers --set head.augment=flip",
        },
        {"title": "Look at the mistakes", "why": "Some labels may be wrong.", "command": "boda look flowers"},
        {"title": "Use it", "why": "The Run predicts as it is.", "command": "boda predict runs/001 new/*.jpg"},
    ]


def _backbone():
    return {
        "name": "efficientnet_lite0",
        "title": "EfficientNet-Lite0",
        "params": 3413024,
        "size": 224,
        "features": 1280,
    }


def _versions():
    return {"boda": "0.1.0", "python": "3.11.7", "openvino": "2026.1.0", "numpy": "2.4.6", "pillow": "13.0.0"}
