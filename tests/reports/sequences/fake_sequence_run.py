"""Composes a Run of sequences as a training leaves it: made-up but plausible answers, a fresh network looked into."""

import json

import numpy as np

from boda.explain.sequences import Specimen, inspect, rolls
from boda.explain.sequences.fresh import fresh_network
from boda.metrics.calibrate import reliability_bins
from boda.run import Run

TASKS = ("classify", "regress", "tag", "language", "music", "pairs", "forecast")
HOSTILE = "<script>alert(1)</script>"
CLASSES = ["Korean", "한국어", HOSTILE]
WORDS = ["김치", "Park \u202e", "<b>Oh</b>", "Schneider & Söhne", "$x_1$", "O'Neill", 'say "so"']
TEXT = 'ROMEO: (aside) He said "it is\nthe east", and I\nsaw (no) sun. '
UNITS = {"regress": "words", "tag": "words", "music": "numbers", "forecast": "numbers"}


def make_sequence_run(path, task, seed=0):
    """A complete Run at `path`."""
    rng = np.random.default_rng(seed)
    unit = UNITS.get(task, "characters")
    classes = CLASSES if task in {"classify", "tag"} else []
    run = Run.create(path, task=task, seed=seed)
    told = {"kind": "sequences", "unit": unit, "classes": classes, "channels": ["load"] * (task == "forecast")}
    run.update(**told, data=f"data/{task}", created="2026-11-24T05:00:00+00:00", versions={"boda": "0.2.0"})
    run.write_text("recipe.toml", 'cell = "lstm"\nunits = 8\n')
    parts = {"train": [f"a:{i}" for i in range(80)], "val": [f"b:{i}" for i in range(40)]}
    run.write_json(
        "split.json", {"parts": parts, "seed": seed, "method": "stratified", "digest": "ab" * 32, "notes": []}
    )
    run.write_json("data.json", audit(task, unit, classes, rng))
    run.write_text("history.jsonl", "".join(json.dumps(line) + "\n" for line in epochs()))
    predictions, val, rival, figure = globals()[f"_{task}"](rng)
    run.write_json("predictions.json", predictions)
    run.write_json("metrics.json", _metrics(task, val, rival, figure))
    run.write_json("calibration.json", _calibration(task, predictions))
    plan = _plan(task)
    run.write_json("model/network.json", plan)
    run.write_json("inside.json", _inside(task, plan, rng))
    if task == "language":
        texts = [{"epoch": i, "text": f"epoch {i}\n{HOSTILE} the " + "e" * 900} for i in range(9)]
        run.write_json("samples.json", texts)
    run.write_json("next.json", [{"title": "Try more units", "why": "It may help.", "command": "boda train x"}])
    run.finish()
    return run


def epochs():
    inner = [1.2, 0.9, 0.8, 0.82, 0.9]
    return [
        {"epoch": i, "loss": 1.3 * 0.7**i, "val_loss": loss, "learning_rate": 0.001, "seconds": 2.0}
        for i, loss in enumerate(inner)
    ]


def audit(task, unit, classes, rng):
    told = {
        "n": 120,
        "task": task,
        "unit": unit,
        "bad_count": 25,
        "bad": [{"name": "a.txt:3", "reason": "byte 0xff is no UTF-8"}, {"name": HOSTILE, "reason": "empty"}],
        "parts": {"train": 80, "val": 40},
        "classes": {name: 60 - 9 * i for i, name in enumerate(classes)},
        "lengths": {"least": 2, "median": 7, "p95": 12, "most": 19, "histogram": _histogram(rng)},
        "alphabet": {
            "size": 33,
            "common": [["e", 90], [" ", 70], ["\n", 9], ["한", 5]],
            "once": 4,
            "scripts": {"Latin": 30},
        },
        "samples": [
            {"name": f"a.txt:{i}", "text": word, "label": (classes or [None])[0]} for i, word in enumerate(WORDS)
        ],
        "duplicates_count": 4,
        "leaks_count": 2,
        "leaks": [["a.txt:1", "b.txt:2"], ["a.txt:4", "b.txt:9"]],
        "conflicts_count": 0,
        "warnings": ["한국어 has few texts."],
    }
    if task != "forecast":
        return told
    series = {
        "name": "meter 1",
        "channel": "load",
        "n": 400,
        "first": "2024-01-01",
        "last": "2025-02-03",
        "step": "1 day",
    }
    values = (10 + np.sin(np.arange(400) * 2 * np.pi / 7)).round(3).tolist()
    rows = [series | {"missing": 3, "least": 9.0, "mean": 10.0, "most": 11.0, "values": values, "season": 7}]
    return {key: told[key] for key in ("n", "task", "unit", "warnings")} | {"n": 1, "series": rows}


def _histogram(rng):
    edges = list(range(2, 21, 2))
    return {"edges": edges, "counts": rng.integers(1, 30, len(edges) - 1).tolist()}


def _classify(rng):
    labels = np.repeat(np.arange(3), 40)
    p = rng.dirichlet(np.ones(3) * 0.6, 120)
    p[np.arange(120), labels] += 0.9
    p /= p.sum(axis=1, keepdims=True)
    answer = p.argmax(axis=1)
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (labels, answer), 1)
    right = float((labels == answer).mean())
    share = {"recall": right, "recall_interval": [right - 0.1, min(right + 0.1, 1)], "precision": right, "f1": right}
    val = {
        "n": 120,
        "accuracy": right,
        "accuracy_interval": [right - 0.05, right + 0.04],
        "macro_f1": right,
        "macro_f1_interval": [right - 0.06, right + 0.05],
        "log_loss": 0.4,
        "ece": 0.03,
        "ece_uncalibrated": 0.08,
        "ece_interval": [0.01, 0.06],
        "confusion": confusion.tolist(),
        "per_class": [{"name": name, "n": 40, **share} for name in CLASSES],
    }
    told = {"names": [f"b.txt:{i}" for i in range(120)], "texts": [WORDS[i % 7] for i in range(120)]}
    rival = {"most_frequent": {"macro_f1": 0.17}, "ngrams": {"macro_f1": 0.62, "macro_f1_interval": [0.55, 0.68]}}
    return (
        told | {"labels": labels.tolist(), "probabilities": p.round(4).tolist()},
        val,
        rival,
        ("macro_f1", 0.2, [0.12, 0.28]),
    )


def _regress(rng):
    truth = rng.normal(50, 20, 60)
    answer = truth + rng.normal(0, 8, 60)
    told = {"names": [f"b:{i}" for i in range(60)], "texts": [WORDS[i % 7] for i in range(60)]}
    val = {"n": 60, "mae": 6.4, "mae_interval": [5.1, 7.7], "rmse": 8.0, "r2": 0.83}
    rival = {"mean": {"mae": 16.0}, "ngrams": {"mae": 6.8, "mae_interval": [5.6, 8.1]}}
    return told | {"targets": truth.tolist(), "answers": answer.tolist()}, val, rival, ("mae", -0.4, [-1.3, 0.5])


def _tag(rng):
    tags = [[CLASSES[i] for i in rng.integers(0, 3, 7)] for _ in range(30)]
    answers = [[tag if rng.random() < 0.9 else CLASSES[0] for tag in row] for row in tags]
    told = {"names": [f"b:{i}" for i in range(30)], "tokens": [WORDS] * 30, "tags": tags, "answers": answers}
    share = {"recall": 0.9, "precision": 0.88, "f1": 0.89}
    val = {"n": 30, "steps": 210, "accuracy": 0.91, "accuracy_interval": [0.88, 0.94], "macro_f1": 0.9}
    val["per_class"] = [{"name": name, "n": 70, **share} for name in CLASSES]
    return told, val, {"frequent_tag": {"accuracy": 0.97}}, ("accuracy", -0.06, [-0.09, -0.03])


def _nll(rng, nll, steps):
    told = {
        "names": [f"b:{i}" for i in range(20)],
        "nll": (nll + rng.normal(0, 0.2, 20)).tolist(),
        "steps": [steps] * 20,
    }
    val = {"n": 20, "steps": 20 * steps, "nll": nll, "nll_interval": [nll - 0.1, nll + 0.1]}
    return told, val


def _language(rng):
    told, val = _nll(rng, 1.5, 256)
    rival = {
        "unigram": {"nll": 3.3},
        "ngram": {"nll": 1.6, "nll_interval": [1.52, 1.68], "perplexity": 4.95, "bits": 2.31},
    }
    return told | {"texts": WORDS * 2 + [""] * 6}, val, rival, ("nll", -0.1, [-0.14, -0.06])


def _music(rng):
    told, val = _nll(rng, 8.4, 60)
    return told, val, {"marginal": {"nll": 11.09}, "markov": {"nll": 10.49}}, ("nll", -2.09, [-2.3, -1.9])


def _pairs(rng):
    targets = [f"{i:03d}" for i in range(40)]
    answers = [t if rng.random() < 0.8 else t[::-1] + HOSTILE for t in targets]
    right = [t == a for t, a in zip(targets, answers, strict=True)]
    told = {"names": [f"b:{i}" for i in range(40)], "sources": [f"{i}+0" for i in range(40)], "targets": targets}
    val = {"n": 40, "exact_match": float(np.mean(right)), "exact_match_interval": [0.65, 0.9], "token_accuracy": 0.93}
    rival = {"most_frequent": {"exact_match": 0.0}, "nearest": {"exact_match": 0.05}}
    return told | {"answers": answers, "right": right}, val, rival, ("exact_match", 0.7, [0.6, 0.8])


def _forecast(rng):
    t = np.arange(400)
    truth = 10 + np.sin(t * 2 * np.pi / 7) + rng.normal(0, 0.1, 400)
    days = (np.datetime64("2024-01-01") + t).astype(str).tolist()
    made = [
        {
            "origin": int(o),
            "values": (truth[o : o + 7] + 0.1).tolist(),
            "low": (truth[o : o + 7] - 0.3).tolist(),
            "high": (truth[o : o + 7] + 0.4).tolist(),
            "naive": truth[o - 7 : o].tolist(),
        }
        for o in range(340, 393, 3)
    ]
    told = {
        "series": [{"name": "meter 1", "channel": "load", "times": days, "truth": truth.tolist(), "forecasts": made}]
    }
    steps = np.linspace(0.1, 0.2, 7)
    val = {"n": 18, "horizon": 7, "mae": 0.14, "mae_interval": [0.12, 0.16], "mase": 0.8, "smape": 0.02}
    val |= {"coverage": 0.84, "coverage_interval": [0.8, 0.88], "per_step": steps.tolist()}
    val["coverage_per_step"] = np.linspace(0.95, 0.75, 7).tolist()
    rival = {"seasonal_naive": {"mae": 0.18, "per_step": (steps + 0.03).tolist()}, "linear": {"mae": 0.15}}
    return told, val, rival, ("mae", -0.01, [-0.02, 0.005])


def _metrics(task, val, rival, figure):
    name, difference, interval = figure
    verdict = {True: "same", False: "better"}[interval[0] <= 0 <= interval[1]]
    verdict = "worse" if task == "tag" else verdict
    told = {"baseline": list(rival)[-1], "figure": name, "difference": difference, "interval": interval}
    seconds = {"total": 61.5, "train": 50.2, "baselines": 8.0, "measure": 3.3}
    metrics = {"task": task, "val": val, "baselines": rival, "against_baseline": told | {"verdict": verdict}}
    return metrics | {"seconds": seconds, "test": {**val, "n": 33}}


def _calibration(task, predictions):
    if task == "forecast":
        return {"level": 0.9, "quantiles": [[0.4]] * 7}
    if task != "classify":
        return {}
    p = np.array(predictions["probabilities"])
    right = p.argmax(axis=1) == np.array(predictions["labels"])
    bins = reliability_bins(p.max(axis=1), right)
    abstain = {"wanted": 0.95, "threshold": 0.7, "coverage": 0.6, "precision_there": 0.96}
    return {"temperature": 1.4, "bins_before": bins, "bins_after": bins, "abstain": abstain}


def _plan(task):
    ids = {"kind": "ids", "size": 60, "embedding": 6}
    numbers = {"kind": "numbers", "size": 88 if task == "music" else 1}
    layer = {"cell": "gru" if task == "music" else "lstm", "units": 12, "bidirectional": task == "tag"}
    layer |= {"layer_norm": False, "residual": False}
    kind = {"tag": "each", "language": "each", "music": "each"}.get(task, "last")
    given = numbers if task in {"music", "forecast"} else ids
    return {
        "format": 1,
        "task": task,
        "input": given,
        "layers": [layer],
        "head": {"kind": kind, "outputs": 60},
        "decoder": None,
    }


def _inside(task, plan, rng):
    network = fresh_network(plan, rng)
    if task in {"music", "forecast"}:
        x = (rng.random((60, plan["input"]["size"])) < 0.05).astype(np.float32)
        generated = rolls(x, np.r_[x[:20], x[:40]], prompt=20, name="val:3") if task == "music" else None
        return inspect(network, [Specimen("val:3", x)], season=7, generated=generated)
    if task == "tag":
        return inspect(network, [Specimen("b:1", np.arange(5, 12), tuple(WORDS))])
    text = TEXT * 4
    long = Specimen("b.txt", np.array([5 + ord(c) % 50 for c in text]), tuple(text))
    short = [_specimen(word, i) for i, word in enumerate(WORDS)] if task == "classify" else []
    weights = rng.dirichlet(np.ones(3) * 0.3, 3)
    attention = [{"source": ["1", "+", "2"], "answer": ["0", "3", ""], "weights": weights}] * (task == "pairs")
    return inspect(network, [*short[:6], long], longer=[long], attention=attention)


def _specimen(word, i):
    ids = np.array([5 + ord(c) % 50 for c in word])
    told = {"truth": CLASSES[0], "answer": CLASSES[i % 2], "class_index": i % 2, "confidence": 0.99 - 0.01 * i}
    return Specimen(f"b.txt:{i}", ids, tuple(word), **told)
