"""The choice of a head: candidates are compared by cross-validation inside the training part alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.batches import in_order
from boda.metrics.classify import sigmoid, softmax
from boda.models.heads.classify import Head, sample_weights, soft_targets
from boda.progress import say, track
from boda.training.fit import fit_keras_head
from boda.training.linear import Standard, solve_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.recipe import HeadRecipe

# Strengths of the L2 penalty on standardised features, from a nearly constant answer to hardly any penalty.
DECAYS = tuple(float(f"{10.0**e:.3g}") for e in np.arange(1, -3.1, -0.5))

NEVER = 1e4  # logits below all others

Folds = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Training:
    """The training part, ready for a head.

    `views` holds the features of each view, (n, d); the first is the plain one, by which answers are measured.
    """

    views: tuple[np.ndarray, ...]
    targets: np.ndarray
    classes: int
    folds: Folds

    @property
    def multilabel(self) -> bool:
        """Whether a picture has several labels."""
        return self.targets.ndim == 2

    def rows(self, some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features and targets of the samples `some`, all views below one another."""
        return np.concatenate([v[some] for v in self.views]), np.concatenate([self.targets[some]] * len(self.views))


@dataclass(eq=False)
class Choice:
    """The chosen head, fitted on the whole training part.

    `logits` (n, classes) are the answers on each training picture by a head that had not seen it.
    `decay` is a linear head's penalty, `epochs` how long Keras trained another.
    """

    head: Head
    logits: np.ndarray
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    decay: float | None = None
    epochs: int | None = None


def choose_head(training: Training, recipe: HeadRecipe, seed: int, decays: Sequence[float] = DECAYS) -> Choice:
    """The best head of the recipe's kind; Ctrl-C ends the search, and the best so far is taken.

    `decays` are the penalties that a linear head tries, strongest first, where the recipe says "auto".
    """
    return _choose_linear(training, recipe, decays) if recipe.is_linear else _fit_deep(training, recipe, seed)


def refit(training: Training, some: np.ndarray, recipe: HeadRecipe, choice: Choice, seed: int) -> Head:
    """The head that was chosen, fitted on the samples `some` (m,) alone: by class means, the same penalty or epochs."""
    if choice.epochs is not None:
        return fit_keras_head(training.rows(some), None, training.classes, recipe, seed, epochs=choice.epochs).head
    if choice.decay is None:
        return class_means(training, some)
    stronger = [decay for decay in DECAYS if decay > choice.decay]
    with one_blas_thread():
        *_, (_, head) = _solve(training, some, recipe, [*stronger, choice.decay])
    return head


def nearest_means(training: Training) -> Choice:
    """The network as it is: the nearest class mean answers.

    Logits are -|z - m|^2 / 2d up to what all classes share, for standardised features z and class means m (d,), which
    is linear in the features. With several labels a picture the mean of those that have one is held against the mean of
    those that have it not.
    """
    logits = np.zeros((len(training.targets), training.classes), np.float32)
    for seen, unseen in training.folds:
        logits[unseen] = class_means(training, seen).logits(training.views[0][unseen])
    return Choice(class_means(training, np.arange(len(training.targets))), logits)


def class_means(training: Training, some: np.ndarray) -> Head:
    """A head by which the nearest mean of the samples `some` (m,) answers; a class without any never does."""
    features, targets = training.views[0][some], soft_targets(training.targets[some], training.classes)
    standard = Standard.of(features)
    z, d = standard(features).astype(np.float64), features.shape[1]
    own = targets.T @ z / np.maximum(targets.sum(axis=0), 1)[:, None]
    other = (1 - targets).T @ z / np.maximum((1 - targets).sum(axis=0), 1)[:, None]
    other = other if training.multilabel else np.zeros_like(own)
    kernel = (own - other).T / d / standard.scale[:, None]
    bias = ((other**2).sum(axis=1) - (own**2).sum(axis=1)) / (2 * d) - standard.mean @ kernel
    bias[targets.sum(axis=0) == 0] -= NEVER
    return Head(((kernel.astype(np.float32), bias.astype(np.float32)),))


def _choose_linear(training: Training, recipe: HeadRecipe, decays: Sequence[float]) -> Choice:
    """From the strongest penalty to the weakest, over all folds, until the loss has risen twice in a row."""
    if recipe.weight_decay != "auto":
        decays = (max(float(recipe.weight_decay), 1e-8),)
    paths = [_solve(training, seen, recipe, decays) for seen, _ in training.folds]
    answers: list[np.ndarray] = []
    history: list[dict[str, Any]] = []
    interrupted = False
    try:
        with one_blas_thread():
            for decay in track(decays, "choosing the head"):
                logits = _answers(training, paths)
                answers.append(logits)
                history.append(_score(training, decay, logits))
                if _has_risen_twice([line["log_loss"] for line in history]):
                    break
    except KeyboardInterrupt:
        if not history:
            raise
        interrupted = True
        say(f"Stopped after {len(history)} of {len(decays)} penalties; the best so far is taken.")
    best = min(range(len(history)), key=lambda i: history[i]["log_loss"])
    history[best]["chosen"] = True
    with one_blas_thread():
        *_, (_, head) = _solve(training, np.arange(len(training.targets)), recipe, decays[: best + 1])
    return Choice(head, answers[best], history, interrupted, decay=history[best]["weight_decay"])


def _answers(training: Training, paths: Sequence[Iterator[tuple[float, Head]]]) -> np.ndarray:
    """Logits (n, classes) by the next head on each fold's path, each on the fold that it has not seen."""
    logits = np.zeros((len(training.targets), training.classes), np.float32)
    for (_, unseen), (_, head) in zip(training.folds, in_order(next, paths), strict=True):
        logits[unseen] = head.logits(training.views[0][unseen])
    return logits


def _has_risen_twice(losses: Sequence[float]) -> bool:
    return len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]


def one_blas_thread() -> Any:
    """Let each matrix product use one thread: the products are small, and the folds run beside one another.

    Threads that wait for each other on small products took 30 times the time on a busy machine.
    """
    import scipy.optimize  # noqa: F401 - it brings a BLAS of its own, which must be loaded to be limited
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")


def _solve(
    training: Training, some: np.ndarray, recipe: HeadRecipe, decays: Sequence[float]
) -> Iterator[tuple[float, Head]]:
    features, targets = training.rows(some)
    weights = sample_weights(targets, training.classes, recipe)
    soft = soft_targets(targets, training.classes, recipe.label_smoothing)
    return solve_path(features, soft, weights, decays, multilabel=training.multilabel)


def _fit_deep(training: Training, recipe: HeadRecipe, seed: int) -> Choice:
    """Train on each fold for its best epoch and its answers, then on everything for the mean of these epochs."""
    logits = np.full((len(training.targets), training.classes), np.nan, np.float32)
    history: list[dict[str, Any]] = []
    epochs: list[int] = []
    interrupted = False
    try:
        for number, (seen, unseen) in enumerate(track(training.folds, "training the head")):
            fit = fit_keras_head(
                training.rows(seen),
                (training.views[0][unseen], training.targets[unseen]),
                training.classes,
                recipe,
                seed,
            )
            logits[unseen] = fit.head.logits(training.views[0][unseen])
            epochs.append(fit.best_epoch)
            history += [{"kind": "epoch", "fold": number, **line} for line in fit.history]
    except KeyboardInterrupt:
        if not epochs:
            raise
        interrupted = True
        say(f"Stopped after {len(epochs)} of {len(training.folds)} folds; the final head trains as long as these did.")
    final = fit_keras_head(
        training.rows(np.arange(len(training.targets))),
        None,
        training.classes,
        recipe,
        seed,
        epochs=(mean := round(float(np.mean(epochs)))),
    )
    history += [{"kind": "epoch", "fold": None, **line} for line in final.history]
    return Choice(final.head, logits, history, interrupted, epochs=mean)


def _score(training: Training, decay: float, logits: np.ndarray) -> dict[str, Any]:
    """Mean and standard deviation over the folds of log loss (nats) and accuracy."""
    losses = [mean_log_loss(logits[unseen], training.targets[unseen]) for _, unseen in training.folds]
    rights = [is_right(logits[unseen], training.targets[unseen]).mean() for _, unseen in training.folds]
    return {
        "kind": "candidate",
        "weight_decay": decay,
        "log_loss": float(np.mean(losses)),
        "log_loss_sd": float(np.std(losses)),
        "accuracy": float(np.mean(rights)),
        "accuracy_sd": float(np.std(rights)),
        "chosen": False,
    }


def probabilities_of(logits: np.ndarray, *, multilabel: bool, temperature: float = 1.0) -> np.ndarray:
    """Softmax, or sigmoids where a picture has several labels, of logits / temperature."""
    return sigmoid(logits / temperature) if multilabel else softmax(logits / temperature)


def mean_log_loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy in nats; over the classes too where a picture has several labels."""
    if targets.ndim == 1:
        p = softmax(logits)[np.arange(len(targets)), targets]
        return float(-np.log(np.maximum(p, 1e-15)).mean())
    return float((np.logaddexp(0, logits) - targets * logits).mean())


def is_right(scores: np.ndarray, targets: np.ndarray, boundary: float = 0.0) -> np.ndarray:
    """Whether the top class is the label (n,); with several labels, whether all of them agree.

    `boundary` parts yes from no where there are several: 0 for logits, 0.5 for probabilities.
    """
    if targets.ndim == 1:
        return np.asarray(scores.argmax(axis=1) == targets)
    return np.asarray(((scores > boundary) == (targets > 0)).all(axis=1))
