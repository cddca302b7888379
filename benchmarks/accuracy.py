"""How right and how well calibrated boda's defaults are, on given validation parts, by folds, and as it is.

    python benchmarks/accuracy.py [--seeds 0 1 2 3 4] [--repeats 3] [--folds 5] [--only val folds imagenet]

* val: `boda train` with each seed on ants and bees and on flowers, measured on the validation part that they give.
* folds: all flowers, train and val together, in repeated folds that keep copies in one fold; in each, the head and
  its temperature are chosen as in `boda train`, by inner folds of what the fold trains on.
* imagenet: the pretrained network as it is, on 100 pictures of ImageNet.

The interval of the folds is the corrected resampled t of Nadeau and Bengio, "Inference for the generalization error"
(Machine Learning 52, 2003), for J folds in all, of which each trains on n1 and tests on n2 pictures, with variance s^2:

    mean +- t(J - 1; 0.975) * sqrt((1 / J + n2 / n1) * s^2)
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import machine
import numpy as np

if TYPE_CHECKING:
    from boda.data.audit import Scan
    from boda.recipe import Recipe
    from boda.sample import Dataset
    from boda.training.choose import Training

FIGURES = ("accuracy", "log_loss", "ece")
TO_REACH = {"ants_bees": "0.945", "flowers": "0.895"}
PARTS = ("val", "folds", "imagenet")
NETWORK = "efficientnet_lite0"


def val_row(name: str, seeds: list[int], cache: str) -> list[str]:
    """`boda train` on the folder `name` with each seed: mean and spread."""
    found = [trained(machine.data(name), seed, cache) for seed in seeds]
    cells = [f"{np.mean(v):.4f} ({min(v):.4f} to {max(v):.4f})" for v in ([one[f] for one in found] for f in FIGURES)]
    return [name, f"{found[0]['n']} val pictures, {len(seeds)} seeds", *cells, TO_REACH[name]]


def trained(folder: Path, seed: int, cache: str) -> dict[str, float]:
    """The figures on the validation part after one training, in a process of its own."""
    with tempfile.TemporaryDirectory() as runs:
        out = Path(runs) / "run"
        machine.timed(machine.boda("train", folder, "--out", out, "--seed", str(seed)), BODA_CACHE=cache)
        val = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["val"]
    machine.note(f"{folder.name}, seed {seed}: accuracy {val['accuracy']:.4f}, log loss {val['log_loss']:.4f}")
    return val


def folds_row(repeats: int, k: int, cache: str) -> list[str]:
    """Repeated folds of the flowers: mean and corrected interval."""
    words = ("--child", "folds", "--repeats", str(repeats), "--folds", str(k))
    found = json.loads(machine.timed(machine.itself(*words), BODA_CACHE=cache).last_line)
    cells = ["{:.4f} ({:.4f} to {:.4f})".format(*corrected_interval(np.array(found[f]), found["n"])) for f in FIGURES]
    return ["flowers", f"all {sum(found['n'][0])}, {repeats} x {k} folds, 95 % interval", *cells, ""]


def corrected_interval(values: np.ndarray, sizes: list[tuple[int, int]]) -> tuple[float, float, float]:
    """Mean, low and high of the folds' `values` (J,), by the formula above; `sizes` are (n1, n2) of each."""
    from scipy.stats import t

    n1, n2 = np.mean(sizes, axis=0)
    error = np.sqrt((1 / len(values) + n2 / n1) * values.var(ddof=1))
    half = t.ppf(0.975, len(values) - 1) * error
    return values.mean(), values.mean() - half, values.mean() + half


def cross_validate(folder: Path, repeats: int, k: int) -> dict[str, list]:
    """Accuracy, log loss and ECE of each fold, and how many pictures it trained and tested on."""
    from boda.data import read
    from boda.data.audit import scan
    from boda.data.folds import folds
    from boda.recipe import Recipe

    recipe = Recipe()
    dataset, scanned = scan(read(folder))
    views, targets = views_of(dataset, scanned, recipe), dataset.targets()
    found: dict[str, list] = {name: [] for name in (*FIGURES, "n")}
    for repeat in range(repeats):
        for seen, unseen in folds(targets, scanned.group_ids, k, seed=repeat):
            inner = folds(targets[seen], scanned.group_ids[seen], recipe.folds, seed=repeat)
            training = training_of(views, targets, seen, len(dataset.classes), inner)
            figures = measured(training, recipe, repeat, views[0][unseen], targets[unseen])
            for name, value in zip(found, (*figures, (len(seen), len(unseen))), strict=True):
                found[name].append(value)
        machine.note(f"repeat {repeat}: mean accuracy so far {np.mean(found['accuracy']):.4f}")
    return found


def views_of(dataset: Dataset, scanned: Scan, recipe: Recipe) -> tuple[np.ndarray, ...]:
    """Features (n, d) of each view that the recipe trains on, the plain one first."""
    from boda.data.view import View
    from boda.models import backbones
    from boda.training.features import Extractor

    extractor, view = Extractor.of(recipe), View(backbones.get(recipe.backbone).size, recipe.resize)
    views = (view, replace(view, mirrored=True)) if recipe.views == "flip" else (view,)
    return tuple(extractor.features(dataset.samples, scanned.digests, one) for one in views)


def training_of(
    views: tuple[np.ndarray, ...],
    targets: np.ndarray,
    seen: np.ndarray,
    classes: int,
    inner: list[tuple[np.ndarray, np.ndarray]],
) -> Training:
    """What a fold trains on."""
    from boda.training.choose import Training

    return Training(tuple(view[seen] for view in views), targets[seen], classes, inner)


def measured(
    training: Training, recipe: Recipe, seed: int, features: np.ndarray, targets: np.ndarray
) -> tuple[float, float, float]:
    """Accuracy, log loss and ECE on pictures that neither the head nor its temperature has seen."""
    from boda.metrics.classify import log_loss
    from boda.training.choose import choose_head, is_right, probabilities_of
    from boda.training.measure import calibration_of, evaluate_ece

    choice = choose_head(training, recipe.head, seed)
    temperature = calibration_of(choice, training, recipe.precision_wanted)["temperature"]
    logits = choice.head.logits(features)
    probabilities = probabilities_of(logits, multilabel=False, temperature=temperature)
    right = float(is_right(logits, targets).mean())
    return right, float(log_loss(targets, probabilities)), evaluate_ece(targets, probabilities)


def imagenet_rows(cache: str) -> list[list[str]]:
    """Top-1 and top-5 of the pretrained network, with Wilson's interval."""
    found = json.loads(machine.timed(machine.itself("--child", "imagenet"), BODA_CACHE=cache).last_line)
    return [
        [f"imagenet_sample, {NETWORK} as it is", f"top-{top}, {found['n']} pictures", cell, "", "", reach]
        for top, cell, reach in (("1", found["top1"], "0.89"), ("5", found["top5"], "0.98"))
    ]


def as_it_is(folder: Path) -> dict[str, int | str]:
    """The pretrained network's answers on files whose names begin with their WordNet id."""
    import boda
    from boda.metrics.intervals import wilson
    from boda.models.imagenet import class_names, wordnet_ids

    wnid_of = dict(zip(class_names(), wordnet_ids(), strict=True))
    files = sorted(folder.glob("*.JPEG"))
    ranks = []
    for file, answer in zip(files, boda.load(NETWORK).predict(files), strict=True):
        ranks.append([wnid_of[name] for name in answer.scores or {}].index(file.name.split("_")[0]))
    hits = {f"top{top}": int((np.array(ranks) < top).sum()) for top in (1, 5)}
    cells = {f: "{:.4f} ({:.4f} to {:.4f})".format(h / len(files), *wilson(h, len(files))) for f, h in hits.items()}
    return {"n": len(files), **cells}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--child", choices=PARTS[1:], help=argparse.SUPPRESS)
    return parser.parse_args()


def child(args: argparse.Namespace) -> None:
    """One part in this process, printed as JSON."""
    if args.child == "folds":
        print(json.dumps(cross_validate(machine.data("flowers"), args.repeats, args.folds)))
    else:
        print(json.dumps(as_it_is(machine.data("imagenet_sample"))))


def main() -> None:
    """Measure each part, and print the table."""
    args = arguments()
    if args.child:
        child(args)
        return
    print(machine.facts())
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        if "val" in args.only:
            rows += [val_row(name, args.seeds, cache) for name in TO_REACH]
        if "folds" in args.only:
            rows.append(folds_row(args.repeats, args.folds, cache))
        if "imagenet" in args.only:
            rows += imagenet_rows(cache)
    print(machine.table(("data", "on", "accuracy", "log loss", "ECE", "accuracy to reach"), rows))
    print(
        "val: mean of the seeds (from the least to the most). folds: mean (Nadeau and Bengio's corrected resampled t)."
    )
    print("imagenet: share (Wilson).")


if __name__ == "__main__":
    main()
