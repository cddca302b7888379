"""`Classifier`: scikit-learn's habits, from folders, files and arrays."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError

import boda
from boda import Classifier
from boda.errors import DataError, RecipeError
from boda.recipe import HeadRecipe, Recipe

NAMES = ("berry", "leaf", "water")


@pytest.fixture(scope="module")
def fitted(trained):
    return Classifier.load(trained.path)


@pytest.fixture
def arrays(picture):
    labels = np.array(NAMES * 5)
    return np.stack([picture(name, i) for i, name in enumerate(labels)]), labels


@pytest.fixture
def files(photos):
    paths = sorted(photos.rglob("*.png"))
    return paths, [path.parent.name for path in paths]


def test_a_clone_has_the_same_parameters_and_is_not_fitted(fitted):
    before = Classifier("mobilenet_v2", hidden=(8,), dropout=0.3, seed=4, augment="flip")
    again = clone(before)

    assert again.get_params() == before.get_params()
    assert is_classifier(again)
    assert not hasattr(clone(fitted), "run_")


def test_parameters_are_set_by_name():
    clf = Classifier().set_params(dropout=0.2, hidden=(64,))

    assert clf.get_params()["dropout"] == 0.2
    assert clf._recipe() == Recipe(head=HeadRecipe(hidden=(64,), dropout=0.2))
    with pytest.raises(ValueError, match="Invalid parameter 'hiden'"):
        clf.set_params(hiden=(64,))


def test_the_defaults_are_the_recipes():
    assert Classifier()._recipe() == Recipe()


def test_a_parameter_out_of_range_is_refused_when_it_is_fitted(photos):
    with pytest.raises(RecipeError, match=r"head\.dropout must be 0 to below 1"):
        Classifier(dropout=2).fit(photos)


@pytest.mark.parametrize(
    "call", [lambda c: c.predict(["x.png"]), lambda c: c.score("x"), lambda c: c.save("x"), lambda c: c.keras_model]
)
def test_what_needs_a_fit_says_so(call, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clf = Classifier()
    clf.score = lambda _: Classifier.score(clf, *files)

    with pytest.raises(NotFittedError, match=r"not fitted yet\. Call fit, or Classifier\.load\(RUN\)"):
        call(clf)


@pytest.mark.usefixtures("without_report")
def test_a_folder_is_fitted_predicted_and_scored(photos, unseen):
    clf = Classifier().fit(photos)

    assert clf.classes_.tolist() == list(NAMES)
    assert clf.predict(unseen).tolist() == ["berry"] * 2 + ["leaf"] * 2 + ["water"] * 2
    assert clf.score(unseen) == 1.0
    assert clf.run_.metrics["val"]["n"] == 6


@pytest.mark.usefixtures("without_report")
def test_files_with_labels_are_fitted_predicted_and_scored(files):
    paths, labels = files
    clf = Classifier(seed=1).fit(paths, labels)

    assert clf.score(paths, labels) == np.mean(clf.predict(paths) == labels)
    assert clf.score(paths, labels) > 0.9
    assert len(clf.run_.read_json("split.json")["parts"]["val"]) == 6


@pytest.mark.usefixtures("without_report")
def test_arrays_are_fitted_predicted_and_scored(arrays):
    images, labels = arrays
    clf = Classifier().fit(images, labels)

    assert clf.predict_proba(images).shape == (15, 3)
    assert clf.score(images, labels) > 0.9
    np.testing.assert_allclose(clf.predict_proba(images / 255), clf.predict_proba(images), atol=1e-4)


@pytest.mark.usefixtures("without_report")
def test_several_labels_are_columns_of_0_and_1(picture):
    tags = np.array([[i & 1, i >> 1 & 1] for i in range(16)])
    images = np.stack(
        [
            np.hstack([picture("berry" if a else "leaf", i), picture("water" if b else "leaf", i)])
            for i, (a, b) in enumerate(tags)
        ]
    )
    clf = Classifier().fit(images, tags)

    assert clf.predict(images).shape == (16, 2)
    assert set(np.unique(clf.predict(images))) <= {0, 1}
    assert clf.score(images, tags) == np.mean((clf.predict(images) == tags).all(axis=1))


def test_probabilities_are_those_of_predict(fitted, trained, unseen):
    files = sorted(unseen.rglob("*.png"))
    answers = [[answer.scores[name] for name in NAMES] for answer in boda.predict(trained, files)]

    np.testing.assert_array_equal(fitted.predict_proba(files), answers)
    np.testing.assert_allclose(fitted.predict_proba(files).sum(axis=1), 1, atol=1e-5)


def test_a_saved_one_answers_as_before(fitted, unseen, tmp_path):
    again = Classifier.load(fitted.save(tmp_path / "saved"))

    np.testing.assert_array_equal(again.predict_proba(unseen), fitted.predict_proba(unseen))
    assert again.get_params() == fitted.get_params()


def test_saving_overwrites_nothing(fitted, tmp_path):
    (tmp_path / "mine.txt").write_text("kept")

    with pytest.raises(DataError, match="is there already; nothing is overwritten"):
        fitted.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.usefixtures("without_report")
def test_the_run_lives_as_long_as_the_estimator_or_where_it_was_wanted(arrays, tmp_path):
    clf = Classifier().fit(*arrays)
    kept = Classifier(out=tmp_path / "run").fit(*arrays)
    folder, wanted = clf.run_.path, kept.run_.path
    assert folder.is_dir()
    del clf, kept

    assert not folder.exists()
    assert wanted.is_dir()


def test_a_picture_that_cannot_be_read_is_named(fitted, unseen, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")

    with pytest.raises(DataError, match=r"1 of 2 pictures cannot be read; the first is .*bad\.png: "):
        fitted.predict([unseen / "leaf" / "100.png", tmp_path / "bad.png"])


def test_a_class_that_the_model_does_not_know_is_refused_in_score(fitted, files):
    paths, labels = files

    with pytest.raises(DataError, match=r"does not know snow; it knows berry, leaf, water"):
        fitted.score(paths, ["snow", *labels[1:]])


def test_labels_of_another_length_are_refused(files):
    with pytest.raises(DataError, match=r"Expected a label for each file\. Received: 24 files, 1 labels"):
        Classifier().fit(files[0], ["leaf"])


def test_a_notebook_shows_the_run_or_the_parameters(fitted):
    assert "accuracy" in fitted._repr_html_()
    assert "Classifier(dropout=0.5)" in Classifier(dropout=0.5)._repr_html_()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_the_keras_model_computes_the_same_probabilities(fitted, picture):
    images = np.stack([picture(name, 200, size=(224, 224)) for name in NAMES])

    np.testing.assert_allclose(
        fitted.keras_model.predict(images.astype(np.float32), verbose=0), fitted.predict_proba(images), atol=1e-3
    )
