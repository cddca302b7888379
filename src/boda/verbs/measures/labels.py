"""How one answer a sequence is measured (classify, regress), and one a token (tag)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics import calibrate, forecast, intervals, sequence, sequence_rivals
from boda.metrics.classify import softmax
from boda.training import measure
from boda.training.sequences.baselines import rivals

if TYPE_CHECKING:
    from boda.sequence_answers import SequenceModel
    from boda.verbs.measures.part import Part

PRECISION_WANTED = 0.95
LEVEL = 0.9  # of the interval around a number


class Classify:
    """Answers are probabilities (n, classes)."""

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:
        """Temperature and abstain threshold."""
        if inner is None or not len(inner):
            return {"temperature": 1.0, "abstain": {"wanted": PRECISION_WANTED, "threshold": None}}
        logits, labels = model.logits(inner.inputs), _labels(inner)
        temperature = calibrate.fit_temperature(logits, labels)
        confidence = softmax(logits / temperature).max(axis=1)
        right = logits.argmax(axis=1) == labels
        threshold = calibrate.abstain_threshold(confidence, right, PRECISION_WANTED)
        return {
            "temperature": float(temperature),
            "abstain": {"wanted": PRECISION_WANTED, **threshold},
            "n": len(inner),
        }

    def answers(self, model: SequenceModel, part: Part) -> np.ndarray:
        """Calibrated probabilities."""
        return model.probabilities(part.inputs)

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """The most frequent class; where the inputs are texts, n-grams too."""
        if not all(isinstance(given, str) for given in train.inputs):
            share = np.bincount(_labels(train), minlength=len(train.classes)) / len(train)
            return {"most_frequent": np.tile(share, (len(held), 1))}
        learned, classes = (list(train.inputs), _labels(train)), len(train.classes)
        return rivals("classify", learned, list(held.inputs), seed, unit=train.unit, classes=classes)

    def figures(self, model: SequenceModel, part: Part, answers: np.ndarray, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """Accuracy, macro F1, log loss, calibration, every class."""
        labels = _labels(part)
        found = sequence.classify_figures(labels, answers, part.classes, seed)
        error = measure.evaluate_ece(labels, answers)
        rng = np.random.default_rng([seed, 2])
        lo, hi = intervals.bootstrap(
            lambda some: measure.evaluate_ece(labels[some], answers[some]), len(labels), draws=200, rng=rng
        )
        return {**found, "ece": error, "ece_interval": [min(lo, error), max(hi, error)]}

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """In macro F1."""
        return sequence_rivals.classify_difference(_labels(part), ours, theirs, seed, classes=len(part.classes))

    def predictions(self, model: SequenceModel, part: Part, answers: np.ndarray) -> dict[str, Any]:  # noqa: ARG002
        """Names, texts, labels and probabilities."""
        rows = np.round(answers, 6).tolist()
        return {"names": list(part.names), "texts": part.texts, "labels": _labels(part).tolist(), "probabilities": rows}


class Regress:
    """Answers are numbers (n,)."""

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:
        """How far the truth lies from the answer in 90 % of the cases (split conformal prediction)."""
        if inner is None or not len(inner):
            return {"level": LEVEL, "quantile": None}
        truth, found = (_single(some) for some in (inner.targets, self.answers(model, inner)))
        margin = float(forecast.conformal_quantiles(truth, found, LEVEL)[0, 0])
        return {"level": LEVEL, "quantile": margin if np.isfinite(margin) else None, "n": len(inner)}

    def answers(self, model: SequenceModel, part: Part) -> np.ndarray:
        """Numbers in their own units."""
        return model.encoder.values(model.logits(part.inputs))

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """The mean; where the inputs are texts, a ridge on n-grams too."""
        targets = np.asarray(train.targets, np.float64)
        if not all(isinstance(given, str) for given in train.inputs):
            return {"mean": np.full(len(held), targets.mean())}
        return rivals("regress", (list(train.inputs), targets), list(held.inputs), seed, unit=train.unit)

    def figures(self, model: SequenceModel, part: Part, answers: np.ndarray, seed: int) -> dict[str, Any]:
        """Errors, the share that is explained and, of a calibrated model, how often the interval holds."""
        truth, margin = np.asarray(part.targets, np.float64), model.calibration.get("quantile")
        found = sequence.regress_figures(truth, answers, seed)
        return found if margin is None else {**found, **_coverage(np.abs(truth - answers) <= margin)}

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """In the mean absolute error."""
        return sequence_rivals.regress_difference(np.asarray(part.targets, np.float64), ours, theirs, seed)

    def predictions(self, model: SequenceModel, part: Part, answers: np.ndarray) -> dict[str, Any]:  # noqa: ARG002
        """Names, texts, truth and answers."""
        found = {"targets": list(map(float, part.targets)), "answers": np.asarray(answers, np.float64).tolist()}
        return {"names": list(part.names), "texts": part.texts, **found}


class Tag:
    """Answers are tags, a list a sentence."""

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:  # noqa: ARG002
        """Tags are given without a confidence."""
        return {}

    def answers(self, model: SequenceModel, part: Part) -> list[list[str]]:
        """The likeliest tag of each token."""
        return [list(answer.tags or ()) for answer in model.predict(part.inputs)]

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """The most frequent tag of each word, and a logistic regression on it and its neighbours."""
        pair = [list(some) for some in train.inputs], [list(some) for some in train.targets]
        return rivals("tag", pair, [list(some) for some in held.inputs], seed)

    def figures(self, model: SequenceModel, part: Part, answers: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """Over tokens, tags and entities."""
        return sequence.tag_figures(part.targets, answers, part.classes)

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """In the F1 of entities, or in accuracy."""
        return sequence_rivals.tag_difference(part.targets, ours, theirs, seed, classes=part.classes)

    def predictions(self, model: SequenceModel, part: Part, answers: Any) -> dict[str, Any]:  # noqa: ARG002
        """Names, tokens, tags and answers."""
        tokens, tags = ([list(one) for one in some] for some in (part.inputs, part.targets))
        return {"names": list(part.names), "tokens": tokens, "tags": tags, "answers": answers}


def _labels(part: Part) -> np.ndarray:
    index = {name: i for i, name in enumerate(part.classes)}
    return np.array([index[name] for name in part.targets], np.int64)


def _single(numbers: Any) -> np.ndarray:
    """Numbers (n,) as forecasts of one step and channel, (n, 1, 1)."""
    return np.asarray(numbers, np.float64).reshape(-1, 1, 1)


def _coverage(held: np.ndarray) -> dict[str, Any]:
    share, interval = float(held.mean()), intervals.wilson(int(held.sum()), len(held))
    return dict(sequence.rounded({"coverage": share, "coverage_interval": interval}))
