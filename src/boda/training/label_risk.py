"""Label risk: which steps of a pipeline can destroy a label, measured on how a frozen backbone's answer changes.

The backbone's answer to a picture is the class whose mean is nearest, in features whose axes were evened out:

    w = V (L + r m)^-1/2,   answer = argmin_k |(z - mean_k) w|

with V and L the axes and variances of the features, m the mean variance and r a ridge; this is the linear discriminant
with a shrunken, pooled covariance. Means and axes are cross-fitted: they come from original pictures of other folds,
so that neither has seen the picture that is asked for, nor any augmented one. On 200 pictures each it was
right in 0.84, 0.44, 0.84 and 0.95 (digits, digits painted over photographs, flowers, insects); a logistic head, also
cross-fitted, at the best of four penalties in 0.81, 0.38, 0.83 and 0.92; plain means in 0.67, 0.22, 0.79 and 0.93.

A step is warned of where the same pictures are shown to be answered rightly less often after it: by McNemar's exact
test, corrected for the number of steps (Holm 1979), and by at least `LEAST` of all pictures, the lower end of the
95 % interval (Newcombe 1998). In steps that are not warned of, each class is then tested by itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.batches import batched, in_order
from boda.data.duplicates import content_digest
from boda.metrics.intervals import mcnemar, paired_difference
from boda.models.engine import Network
from boda.progress import say, track
from boda.recipe import Recipe
from boda.training.features import BATCH, Extractor
from boda.training.pictures import view_of
from boda.training.trials import Trial, trials, views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.augment.pipeline import Pipeline
    from boda.data.view import View
    from boda.sample import Sample

PICTURES = 200
DRAWS = 3
LOOKS = 2400  # augmented pictures at most, if that leaves 100 originals
FOLDS = 10
RIDGE = 2.0
LEAST = 0.05
ALPHA = 0.05
FEWEST = 16  # pictures that are answered rightly before anything is shown about them
SECONDS = 0.01  # a picture, on two cores


@dataclass(frozen=True)
class StepRisk:
    """What one step, or the whole pipeline, does to the answers on `n` pictures.

    `right_before` and `right_after` are how many are answered rightly without it and with it (with several draws: in
    most of them), `lost` those that were and are no longer, `gained` the other way; `fall` is the difference of the
    shares with its 95 % `interval`, `p` of McNemar's test after Holm's correction.
    `confused` are (class, answer, how often) of those lost, `classes` those that are warned of by themselves.
    """

    step: str
    kind: str
    draws: int
    n: int
    right_before: int
    right_after: int
    lost: int
    gained: int
    fall: float
    interval: tuple[float, float]
    p: float
    verdict: str
    confused: tuple[tuple[str, str, int], ...]
    by_class: dict[str, tuple[int, int, int]]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelRisk:
    """What was measured on `n` pictures of `classes`, or the reason why nothing was."""

    n: int = 0
    classes: tuple[str, ...] = ()
    steps: tuple[StepRisk, ...] = ()
    untried: dict[str, str] = field(default_factory=dict)
    skipped: str | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it as json can say it."""
        return asdict(self)


def choose(samples: Sequence[Sample], seed: int, most: int = PICTURES) -> list[Sample]:
    """At most `most` of `samples`, of each class equally many where it has them, drawn by `seed`; classes of one go."""
    rng = np.random.default_rng([seed, 11])
    by_class: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.name):
        if isinstance(sample.label, str):
            by_class.setdefault(sample.label, []).append(sample)
    queues = [[some[i] for i in rng.permutation(len(some))] for _, some in sorted(by_class.items()) if len(some) > 1]
    chosen: list[Sample] = []
    for turn in range(max(map(len, queues), default=0)):
        row = [queue[turn] for queue in queues if turn < len(queue)]
        if turn > 1 and len(chosen) + len(row) > most:
            break
        chosen += row
    return sorted(chosen, key=lambda sample: (str(sample.label), sample.name))


def measure_risk(samples: Sequence[Sample], pipeline: Pipeline, *, seed: int = 0) -> LabelRisk:
    """Try each step of `pipeline`, and the whole, on up to 200 of `samples`, and compare the answers.

    Draws in which a step does nothing (no flip) are passed over. The result is a function of pictures, pipeline (its
    seed included) and `seed`; features of the originals are taken from the cache.
    """
    if reason := _reason_to_skip(samples):
        return LabelRisk(skipped=reason)
    tried, untried = trials(pipeline, DRAWS)
    if not tried:
        return LabelRisk(untried=untried, skipped="no step of this pipeline moves or recolours pictures by itself")
    looks = sum(trial.draws + trial.has_own_before for trial in tried)
    chosen = choose(samples, seed, min(PICTURES, max(PICTURES // 2, LOOKS // looks)))
    classes = tuple(dict.fromkeys(str(sample.label) for sample in chosen))
    targets = np.array([classes.index(str(sample.label)) for sample in chosen])
    extractor, view = _eye()
    plain = extractor.features(chosen, [content_digest(sample.read_bytes()) for sample in chosen], view)
    answers = Answers.of(plain, targets)
    right = answers(plain[:, None])[:, 0] == targets
    if _is_guessing(right, targets):
        why = f"the frozen network tells the classes of only {right.sum()} of {len(chosen)} pictures"
        return LabelRisk(len(chosen), classes, (), untried, f"{why}, so that nothing can be shown")
    cost = f"{looks * len(chosen):,} looks, about {looks * len(chosen) * SECONDS:.0f} s"
    say(f"Trying on {len(chosen)} pictures what each step does to labels: {cost} (a fast look does without).")
    seen = _features(extractor, view.size, chosen, tried)
    found = [_compare(trial, *pair, answers, targets, right, classes) for trial, pair in zip(tried, seen, strict=True)]
    return LabelRisk(len(chosen), classes, tuple(judge(found)), untried)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of the nearest class mean, cross-fitted: fold by fold the rows, the axes (d, r) and the means."""

    folds: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]

    @classmethod
    def of(cls, features: np.ndarray, targets: np.ndarray) -> Answers:
        """Fit on `features` (n, d) of the original pictures."""
        fold = np.empty(len(targets), int)
        for k in np.unique(targets):
            fold[targets == k] = np.arange(np.count_nonzero(targets == k)) % FOLDS
        return cls(tuple(_fit(features, targets, fold == j) for j in np.unique(fold)))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The class (n, k) of each of the k views of the n pictures, from features (n, k, d) in the same order."""
        answers = np.empty(features.shape[:2], int)
        for rows, axes, means in self.folds:
            gaps = (features[rows] @ axes)[:, :, None] - means
            answers[rows] = (gaps**2).sum(axis=3).argmin(axis=2)
        return answers


def _fit(features: np.ndarray, targets: np.ndarray, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    known, labels = features[~held_out].astype(np.float64), targets[~held_out]
    centred = known - known.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T / len(known))
    keep = values > values.max() * 1e-9
    values, vectors = values[keep], vectors[:, keep]
    axes = centred.T @ (vectors / np.sqrt(values * len(known))) / np.sqrt(values + RIDGE * values.sum() / len(known))
    means = np.stack([known[labels == k].mean(axis=0) for k in range(targets.max() + 1)])
    return np.flatnonzero(held_out), axes, means @ axes


def holm(p: Sequence[float]) -> list[float]:
    """The p-values of several tests, corrected for their number.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Reference:
        Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    corrected, worst = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        corrected[i] = worst
    return corrected


def judge(found: Sequence[StepRisk]) -> Iterator[StepRisk]:
    """Each of `found` with its corrected p and a verdict: "harms", "harms a class" or "no difference shown"."""
    corrected = holm([step.p for step in found])
    judged = [
        replace(step, p=p, verdict="harms" if p < ALPHA and step.interval[0] >= LEAST else "no difference shown")
        for step, p in zip(found, corrected, strict=True)
    ]
    pairs = [(i, name) for i, step in enumerate(judged) if step.verdict != "harms" for name in step.by_class]
    chances = holm([_p_of(*judged[i].by_class[name][1:]) for i, name in pairs])
    for i, step in enumerate(judged):
        hurt = tuple(
            name for (j, name), p in zip(pairs, chances, strict=True) if j == i and p < ALPHA and _falls(step, name)
        )
        yield replace(step, verdict="harms a class", classes=hurt) if hurt else step


def _falls(step: StepRisk, name: str) -> bool:
    _, lost, gained = step.by_class[name]
    return lost > gained


def _p_of(lost: int, gained: int) -> float:
    before = np.arange(lost + gained) < lost
    return mcnemar(before, ~before)


def _compare(
    trial: Trial,
    before: np.ndarray | None,
    after: np.ndarray,
    answers: Answers,
    targets: np.ndarray,
    right: np.ndarray,
    classes: tuple[str, ...],
) -> StepRisk:
    if before is not None:
        right = answers(before)[:, 0] == targets
    given = answers(after)
    still = (given == targets[:, None]).mean(axis=1) > 0.5
    fall, low, high = paired_difference(right, still)
    lost, gained = right & ~still, ~right & still
    by_class = {
        name: (int(right[of].sum()), int(lost[of].sum()), int(gained[of].sum()))
        for k, name in enumerate(classes)
        for of in (targets == k,)
    }
    return StepRisk(
        trial.name, trial.kind, trial.draws, len(targets), int(right.sum()), int(still.sum()), int(lost.sum()),
        int(gained.sum()), float(fall), (float(low), float(high)), mcnemar(right, still), "",
        _confused(targets[lost], given[lost], classes), by_class,
    )  # fmt: skip


def _confused(targets: np.ndarray, given: np.ndarray, classes: tuple[str, ...]) -> tuple[tuple[str, str, int], ...]:
    """(class, its commonest wrong answer, how often), of the pictures (m,) with their answers (m, draws)."""
    counts: dict[tuple[str, str], int] = {}
    for target, row in zip(targets, given, strict=True):
        wrong = np.bincount(row[row != target], minlength=len(classes)).argmax()
        counts[classes[target], classes[wrong]] = counts.get((classes[target], classes[wrong]), 0) + 1
    return tuple((a, b, n) for (a, b), n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _eye() -> tuple[Extractor, View]:
    """The default recipe's network, and how it looks at a picture: as in a training, so that features are shared."""
    recipe = Recipe()
    return Extractor.of(recipe), view_of(recipe)


def _features(
    extractor: Extractor, side: int, chosen: list[Sample], tried: list[Trial]
) -> list[tuple[np.ndarray | None, np.ndarray]]:
    """For each trial the features (n, 1, d) before it, where they are not those of the picture, and (n, draws, d)."""
    wanted: list[tuple[Pipeline, Pipeline, int]] = []
    for trial in tried:
        if trial.has_own_before:
            wanted.append((trial.before, trial.before, 1))
        wanted.append((trial.pipeline, trial.before, trial.draws))
    rows = iter(np.moveaxis(_rows(extractor, chosen, wanted, side), 1, 0))
    pairs = []
    for trial in tried:
        before = next(rows)[:, None] if trial.has_own_before else None
        pairs.append((before, np.stack([next(rows) for _ in range(trial.draws)], axis=1)))
    return pairs


def _rows(
    extractor: Extractor, chosen: list[Sample], wanted: list[tuple[Pipeline, Pipeline, int]], side: int
) -> np.ndarray:
    """Features (n, looks, d), a picture being decoded once for all looks at it."""
    network = Network(extractor.network, extractor.precision, outputs=("pooled",))
    looks = sum(draws for *_, draws in wanted)
    seen = in_order(lambda pair: views(pair[1], pair[0], wanted, side), enumerate(chosen))
    outputs = network.run(batched((view for some in seen for view in some), BATCH))
    rows = (row for output in outputs for row in output["pooled"])
    found = np.stack(list(track(rows, "trying steps", total=looks * len(chosen))))
    return found.reshape(len(chosen), looks, -1)


def _is_guessing(right: np.ndarray, targets: np.ndarray) -> bool:
    """Whether the answers are not shown to be better than the commonest class for all."""
    guess = targets == np.bincount(targets).argmax()
    return bool(right.sum() < FEWEST or right.sum() <= guess.sum() or mcnemar(right, guess) > ALPHA)


def _reason_to_skip(samples: Sequence[Sample]) -> str | None:
    labels = [sample.label for sample in samples]
    if any(isinstance(label, tuple) for label in labels):
        return "the pictures have several labels each"
    counts = {label: labels.count(label) for label in set(labels) - {None}}
    if not counts:
        return "the pictures have no labels"
    if len(counts) < 2:
        return "there is one class only"
    if sum(n > 1 for n in counts.values()) < 2 or sum(n for n in counts.values() if n > 1) < 2 * FEWEST:
        return f"there are fewer than {2 * FEWEST} pictures in classes of two and more"
    return None
