"""`why`: an Explanation a picture, a page and sheets, from Runs as `boda train` leaves them."""

import functools
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import boda
from boda.errors import RecipeError, RunError
from boda.explain.activation import Looker
from boda.explain.neighbours import FILE, Neighbours, write_neighbours
from boda.explain.occlusion import occlude
from boda.explain.training_part import keep_neighbours
from boda.verbs.why import next_folder


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Fewer windows, which take most of the time; `explained` has them all."""
    monkeypatch.setattr("boda.explain.explanation.occlude", functools.partial(occlude, grid=2))


@pytest.fixture
def leaf(unseen):
    return unseen / "leaf" / "100.png"


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.png"
    path.write_text("no picture")
    return path


@pytest.fixture
def own(trained, tmp_path):
    """A copy of the trained Run, to write into."""
    return boda.Run.open(shutil.copytree(trained.path, tmp_path / "own"))


@pytest.fixture(scope="module")
def explained(trained, unseen):
    (one,) = boda.why(trained, unseen / "leaf" / "100.png")
    return one


def test_the_answer_is_that_of_predict(trained, leaf, explained):
    (answer,) = boda.predict(trained, leaf)

    assert explained.label == answer.label
    assert explained.probability == pytest.approx(answer.confidence, abs=1e-4)


def test_both_maps_are_there_and_compared(explained):
    assert explained.heat.shape == (7, 7)
    assert explained.heat.max() == 1
    assert explained.falls.shape == (7, 7)
    assert -1 <= explained.agreement <= 1


def test_the_least_probability_is_that_of_a_covered_picture(explained):
    assert explained.least >= 0
    assert explained.falls.max() > 0
    assert explained.least < explained.probability


def test_the_nearest_training_pictures_are_named_with_their_labels(trained, explained):
    learnt_from = set(trained.read_json("split.json")["parts"]["train"])

    assert len(explained.neighbours) == 5
    assert {n.name for n in explained.neighbours} <= learnt_from
    assert all(n.name.startswith(f"{n.label}/") for n in explained.neighbours)
    assert explained.neighbours[0].label == "leaf"


def test_a_training_picture_is_its_own_nearest(trained, photos):
    name = trained.read_json("split.json")["parts"]["train"][0]
    (one,) = boda.why(trained, photos / name)

    assert one.neighbours[0].name == name
    assert one.neighbours[0].is_copy


def test_a_bad_picture_is_listed_and_the_others_go_on(trained, leaf, broken):
    bad, missing, good = boda.why(trained, [broken, broken.parent / "nowhere.png", leaf], neighbours=0)

    assert "not a picture" in bad.error
    assert missing.error == "no such file or directory"
    assert (good.error, good.label) == (None, "leaf")
    assert bad.to_json() == {"path": str(broken), "error": bad.error}


def test_another_class_than_the_answer_can_be_explained(trained, leaf, explained):
    (other,) = boda.why(trained, leaf, label="water", neighbours=0)

    assert (other.label, other.is_answer) == ("water", False)
    assert other.probability < explained.probability
    assert not np.allclose(other.heat, explained.heat)


def test_a_class_that_is_not_there_is_named_with_the_nearest(trained, leaf):
    with pytest.raises(RecipeError, match=r"has no class leaff\. Did you mean leaf\?"):
        boda.why(trained, leaf, label="leaff")


def test_arrays_are_explained_too(trained, picture):
    found = boda.why(trained, np.stack([picture("leaf", 100), picture("berry", 100)]), neighbours=0)

    assert [(one.path, one.label) for one in found] == [("[0]", "leaf"), ("[1]", "berry")]


def test_without_out_nothing_is_written(trained, leaf):
    before = sorted(trained.path.rglob("*"))

    (one,) = boda.why(trained, leaf, neighbours=0)

    assert one.sheet is None
    assert sorted(trained.path.rglob("*")) == before


def test_out_gets_a_page_and_a_sheet_a_picture(trained, unseen, broken, tmp_path):
    found = boda.why(trained, [broken, unseen / "leaf" / "100.png"], out=tmp_path / "out")

    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["002.png", "why.html"]
    assert [one.sheet for one in found] == [None, tmp_path / "out" / "002.png"]
    with Image.open(found[1].sheet) as sheet:
        assert sheet.width == 1024
    assert "broken.png" in (tmp_path / "out" / "why.html").read_text("utf-8")


def test_a_folder_that_holds_something_is_not_written_to(trained, leaf):
    with pytest.raises(RunError, match=r"holds .*\.png already; nothing is overwritten"):
        boda.why(trained, leaf, out=leaf.parent)


def test_what_the_run_keeps_of_its_training_part_is_used(own, leaf):
    write_neighbours(own, np.random.default_rng(0).normal(size=(2, 1280)), ["a.png", "b.png"], ["berry", "water"])

    (one,) = boda.why(own, leaf)

    assert {n.name for n in one.neighbours} == {"a.png", "b.png"}


def test_what_is_computed_is_what_the_run_would_keep(own, photos, leaf, explained):
    """The Run's own network gives the same neighbours whether a training kept them or not."""
    names = own.read_json("split.json")["parts"]["train"]
    learnt_from = [boda.Sample(name, photos / name, name.split("/")[0]) for name in names]
    view = boda.load(own).view
    features = Looker.of(own).react(view.pixels(sample) for sample in learnt_from).pooled
    keep_neighbours(own, learnt_from, features)

    (one,) = boda.why(own, leaf)

    assert [n.name for n in one.neighbours] == [n.name for n in explained.neighbours]
    assert [n.similarity for n in one.neighbours] == pytest.approx(
        [n.similarity for n in explained.neighbours], abs=1e-3
    )


def test_a_network_that_was_trained_itself_computes_them(own, photos):
    names = own.read_json("split.json")["parts"]["train"][:3]
    learnt_from = [boda.Sample(name, photos / name, name.split("/")[0]) for name in names]

    kept = keep_neighbours(own, learnt_from)

    assert kept.names == Neighbours.read(own).names == tuple(names)
    assert kept.vectors.shape == (3, 1280)


def test_a_run_whose_pictures_are_gone_explains_without_them_and_says_so(own, leaf, capsys):
    (own.path / FILE).unlink(missing_ok=True)
    own.update(data="gone/photos")

    (one,) = boda.why(own, leaf)

    assert (one.label, one.neighbours) == ("leaf", ())
    assert "The training pictures cannot be shown: gone/photos" in capsys.readouterr().err


def test_pictures_that_are_gone_are_still_named(own, leaf, tmp_path):
    write_neighbours(own, np.eye(2, 1280), ["a.png", "b.png"], ["berry", "water"])
    own.update(data="gone/photos")

    (one,) = boda.why(own, leaf, out=tmp_path / "out")

    assert len(one.neighbours) == 2
    assert "not kept" in (tmp_path / "out" / "why.html").read_text("utf-8")


def test_folders_in_the_run_are_numbered(own):
    assert next_folder(own) == own.path / "why" / "001"
    (own.path / "why" / "007").mkdir(parents=True)
    assert next_folder(own) == own.path / "why" / "008"


def test_the_command_prints_a_line_a_picture_and_where_the_page_is(command, own, leaf, broken):
    code, out, _ = command("why", own.path, leaf, broken)

    assert code == 0
    assert "leaf" in out
    assert "not read" in out
    assert out.splitlines()[-1] == str(own.path / "why" / "001" / "why.html")
    assert (own.path / "why" / "001" / "001.png").is_file()


def test_the_command_prints_json(command, own, leaf, tmp_path):
    code, out, _ = command("why", own.path, leaf, "--out", tmp_path / "out", "--json", "--neighbours", "2")
    (one,) = json.loads(out)

    assert code == 0
    assert (one["path"], one["label"]) == (str(leaf), "leaf")
    assert one["verdict"] in {"agree", "agree in part", "disagree", "cannot be compared"}
    assert len(one["neighbours"]) == 2
    assert np.shape(one["grad_cam"]) == (7, 7)
    assert np.shape(one["occlusion"]) == (2, 2)


def test_the_command_exits_1_where_no_picture_can_be_read(command, own, broken):
    assert command("why", own.path, broken)[0] == 1


@pytest.mark.usefixtures("without_report")
def test_several_labels_a_picture_are_explained_by_the_most_probable(tmp_path, picture):
    images = np.stack([picture(name, i) for i in range(8) for name in ("leaf", "berry")])
    labels = np.array([[1, 0], [0, 1]] * 8)
    run = boda.train((images, labels), out=tmp_path / "run")

    (one,) = boda.why(run, picture("leaf", 100))

    assert one.label == run.classes[0]
    assert isinstance(Neighbours.read(run), Neighbours | None)
