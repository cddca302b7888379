"""The estimator: boda's way from pictures to a trusted classifier, with scikit-learn's habits."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from boda.answers import Model
from boda.data import read
from boda.data.arrays import read_arrays, read_tf_data
from boda.data.files import are_paths, read_files
from boda.errors import DataError
from boda.models.heads.classify import Head, attach_to_keras
from boda.recipe import DEFAULT_BACKBONE, HeadRecipe, Recipe, Stage
from boda.run import Run
from boda.sample import Dataset
from boda.verbs.predict import expand
from boda.verbs.train import train

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = (
    "hidden",
    "dropout",
    "batch_norm",
    "label_smoothing",
    "class_weight",
    "weight_decay",
    "epochs",
    "learning_rate",
    "batch_size",
    "optimizer",
    "schedule",
)
OWN = ("weights", "size", "resize", "validation_split", "stages")


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """A picture classifier on a frozen pretrained network.

    Args:
        backbone, weights, size, resize, validation_split, stages: entries of the Recipe; stages may be named,
            such as "head,last-5".
        augment: how strongly pictures are varied for the head and for every stage, "none", "flip", "light",
            "default" or "strong"; None leaves the head without, and the stages with what suits them.
        hidden, dropout, batch_norm, label_smoothing, class_weight, weight_decay, epochs, learning_rate, batch_size,
            optimizer, schedule: entries of the Recipe's head; the stages have their own (`Stage`).
        seed: of the split, the folds and the intervals.
        out: the Run's folder; None keeps it in a temporary folder for as long as the estimator lives.

    Attributes:
        classes_: class names, (classes,), in the order of `predict_proba`'s columns.
        run_: the Run; its report is `run_.path / "report.html"`.

    `fit` holds `validation_split` of the pictures out for the report, unless the data has a validation part.

    Example:
        >>> clf = boda.Classifier().fit("photos/")         # doctest: +SKIP
        >>> clf.predict(["new.jpg"])                       # doctest: +SKIP
        array(['roses'], dtype='<U10')
    """

    def __init__(
        self,
        backbone: str = DEFAULT_BACKBONE,
        *,
        weights: str | None = "pretrained",
        size: int | None = None,
        resize: Literal["squash", "crop"] = "squash",
        validation_split: float = 0.2,
        stages: str | Sequence[str | Stage] = "head",
        augment: str | None = None,
        hidden: tuple[int, ...] = (),
        dropout: float = 0.0,
        batch_norm: bool = False,
        label_smoothing: float = 0.0,
        class_weight: Literal["balanced"] | None = None,
        weight_decay: float | Literal["auto"] = "auto",
        epochs: int = 60,
        learning_rate: float = 1e-3,
        batch_size: int = 64,
        optimizer: str = "auto",
        schedule: str = "cosine",
        seed: int = 0,
        out: str | Path | None = None,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.size = size
        self.resize = resize
        self.validation_split = validation_split
        self.stages = stages
        self.augment = augment
        self.hidden = hidden
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.schedule = schedule
        self.seed = seed
        self.out = out

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Train on pictures with labels, and measure on those held out.

        Args:
            X: a folder, a CSV file, a DataFrame, a `tf.data.Dataset` or a Dataset, all with their labels;
                or, with `y`, a list of files or an array (n, h, w, c).
            y: labels (n,), or (n, classes) of 0 and 1.
        """
        run = train(_labelled(X, y), out=self._folder(), seed=self.seed, recipe=self._recipe())
        numbers = y is not None and np.ndim(y) == 1 and np.asarray(y).dtype.kind in "iub"
        return self._take(run, np.asarray(y).dtype if numbers else None)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803 - scikit-learn's name
        """The most probable class of each picture (n,); with several labels, 0 and 1 (n, classes)."""
        probabilities = self.predict_proba(X)
        if self._model().multilabel:
            return (probabilities > 0.5).astype(np.int64)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803 - scikit-learn's name
        """Calibrated probabilities (n, classes) of files, a folder, or arrays (n, h, w, c).

        Raises:
            DataError: a picture cannot be read; the first is named.
        """
        model = self._model()
        answers = list(model.predict(_pictures(X)))
        if bad := [a for a in answers if a.error]:
            raise DataError(
                f"{len(bad)} of {len(answers)} pictures cannot be read; the first is {bad[0].path}: {bad[0].error}."
            )
        return np.array([[a.scores[name] for name in model.classes] for a in answers if a.scores])

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: N803 - scikit-learn's name
        """Accuracy on labelled pictures, as `fit` takes them; with several labels, of all of them together."""
        dataset = _labelled(X, y)
        model = self._model()
        if unknown := set(dataset.classes) - set(model.classes):
            raise DataError(
                f"The model does not know {', '.join(sorted(unknown))}; it knows {', '.join(model.classes)}."
            )
        dataset = Dataset(dataset.samples, model.classes, dataset.task)
        probabilities, targets = model.probabilities(model.logits(dataset.samples)), dataset.targets()
        right = probabilities.argmax(1) == targets if targets.ndim == 1 else ((probabilities > 0.5) == targets).all(1)
        return float(np.average(right, weights=sample_weight))

    def save(self, path: str | Path) -> Path:
        """Copy the Run to `path`, which must not be there yet."""
        target = Path(path)
        if target.exists():
            raise DataError(
                f"{target} is there already; nothing is overwritten. Give another path, or remove it first."
            )
        shutil.copytree(self._run().path, target)
        return target

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The estimator of a Run that `save` or `boda train` left."""
        run = Run.open(path, complete=True)
        recipe = Recipe.from_toml((run.path / "recipe.toml").read_text(encoding="utf-8"))
        head = {name: getattr(recipe.head, name) for name in HEAD}
        rest = {name: getattr(recipe, name) for name in OWN}
        augment = None if recipe.head.augment == "none" else recipe.head.augment
        return cls(recipe.backbone, **rest, **head, augment=augment, seed=run.about["seed"])._take(run)  # noqa: SLF001 - of its own class

    @property
    def keras_model(self) -> Any:
        """The network as a plain `keras.Model`: pictures (n, size, size, 3) of 0 to 255 to calibrated probabilities.

        It is flat, has the weights that the stages left, and is compiled, so that it can be saved or trained on.
        """
        from boda.models.assemble import feature_model
        from boda.models.keras_import import import_keras
        from boda.training.networks import FRESH_SEED

        model, run = self._model(), self._run()
        head = Head.from_bytes((run.path / "model" / "head.npz").read_bytes())
        trained = run.path / "model" / "backbone.weights.h5"
        if self.weights is None:
            import_keras().utils.set_random_seed(FRESH_SEED)
        features = feature_model(self.backbone, trained if trained.is_file() else self.weights, self.size)
        whole = attach_to_keras(features, head, multilabel=model.multilabel, temperature=model.temperature)
        loss = "binary_crossentropy" if model.multilabel else "categorical_crossentropy"
        whole.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
        whole.optimizer.build(whole.trainable_variables)  # else Keras saves what it cannot load
        return whole

    def _recipe(self) -> Recipe:
        head = HeadRecipe(**{name: getattr(self, name) for name in HEAD})
        own = {name: getattr(self, name) for name in OWN}
        stages = own.pop("stages")
        named = stages if isinstance(stages, str) else list(stages)
        recipe = Recipe(self.backbone, head=head, **own).replace(stages=named)
        return recipe if self.augment is None else recipe.with_augment(self.augment)

    def _folder(self) -> Path:
        if self.out is not None:
            return Path(self.out)
        folder = tempfile.mkdtemp(prefix="boda-")
        self._keeper = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _take(self, run: Run, numbers: np.dtype[Any] | None = None) -> Self:
        """Stand for `run`; labels that came as `numbers` are given back as such."""
        names = np.array(run.classes)
        self.run_, self.classes_ = run, names if numbers is None else names.astype(numbers)
        return self

    def _run(self) -> Run:
        if not hasattr(self, "run_"):
            raise NotFittedError("This Classifier is not fitted yet. Call fit, or Classifier.load(RUN).")
        return self.run_

    def _model(self) -> Model:
        run = self._run()
        if getattr(self, "_loaded", (None, None))[0] != run.path:
            self._loaded = (run.path, Model.load(run))
        return self._loaded[1]

    def _repr_html_(self) -> str:
        return self.run_._repr_html_() if hasattr(self, "run_") else f"<code>{self!r}</code>"


def _labelled(X: Any, y: Any) -> Dataset:  # noqa: N803 - scikit-learn's name
    if y is not None and are_paths(X):
        return read_files(X, y)
    return read(X if y is None else (X, y))


def _pictures(X: Any) -> Sequence[Any]:  # noqa: N803 - scikit-learn's name
    """Files or arrays to answer on, from whatever `predict` was given."""
    if isinstance(X, Dataset):
        return [s.image for s in X]
    if isinstance(X, (str, Path)):
        return list(expand([X]))
    if hasattr(X, "element_spec"):
        return [s.image for s in read_tf_data(X)]
    return list(expand(X)) if are_paths(X) else [s.image for s in read_arrays(X)]
