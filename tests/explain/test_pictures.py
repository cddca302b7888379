"""Pictures worth a look: which answers are shown, and what is written of them."""

import numpy as np
import pytest

from boda.data.view import View
from boda.explain.neighbours import Neighbours
from boda.explain.pictures import choose, explain
from boda.models.heads.classify import Head
from boda.run import Run
from boda.sample import Sample

LABELS = [0, 0, 0, 1, 1, 0]
PROBABILITIES = np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.95, 0.05], [0.45, 0.55]])


def test_mistakes_come_the_most_confident_first():
    assert choose(LABELS, PROBABILITIES)["mistakes"] == [4, 5]


def test_unsure_answers_come_the_least_sure_first():
    assert choose(LABELS, PROBABILITIES)["unsure"][:3] == [5, 2, 1]


def test_right_answers_are_the_surest_and_the_middle_one_of_each_class():
    assert choose(LABELS, PROBABILITIES)["right"] == [0, 3, 1]


def test_of_many_classes_at_most_twelve_right_answers_are_shown():
    right = choose(list(range(40)), np.eye(40) * 0.5 + 0.01)["right"]

    assert len(right) == len(set(right)) == 12


def test_with_several_labels_an_answer_is_right_when_all_of_them_are():
    chosen = choose([[1, 0], [1, 1]], np.array([[0.9, 0.2], [0.9, 0.2]]))

    assert (chosen["right"], chosen["mistakes"]) == ([0], [1])


def test_a_training_shows_right_answers_with_their_maps(trained):
    right = trained.read_json("pictures/pictures.json")["right"]

    assert right
    assert all(entry["predicted"] == entry["label"] for entry in right)
    assert all(trained.has(entry["file"]) and trained.has(entry["cam"]) for entry in right)


@pytest.fixture
def mistaken(trained, tmp_path, picture):
    """A Run with the model of `trained` and one answer, which is a mistake."""
    run = Run.create(tmp_path / "run", task="classify", seed=0)
    run.update(classes=list(trained.classes))
    for name in ("network.xml", "network.bin", "head.npz"):
        run.write_bytes(f"model/{name}", (trained.path / "model" / name).read_bytes())
    run.write_json("predictions.json", {"labels": [0], "probabilities": [[0.1, 0.8, 0.1]]})
    sample = Sample("val", picture("leaf", 100))
    learnt_from = [Sample(f"{name}/0", picture(name, 0), name) for name in trained.classes]
    view, head = View(**trained.about["view"]), Head.from_bytes((trained.path / "model" / "head.npz").read_bytes())
    known = Neighbours.of(np.random.default_rng(0).normal(size=(3, 1280)), [s.name for s in learnt_from], "abc")
    explain(run, [sample], view, head, np.array([[0.0, 2.0, 0.0]]), neighbours=known, learnt_from=learnt_from[:2])
    return run


def test_a_mistake_stands_beside_the_training_pictures_that_it_resembles(mistaken):
    (entry,) = mistaken.read_json("pictures/pictures.json")["mistakes"]

    found = {n["name"]: n for n in entry["neighbours"]}
    assert set(found) == {"berry/0", "leaf/0", "water/0"}
    assert found["leaf/0"]["label"] == "b"
    assert mistaken.has(found["leaf/0"]["file"])
    assert found["water/0"]["file"] is None
