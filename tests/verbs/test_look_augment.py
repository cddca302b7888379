"""`boda look DATA --augment RECIPE`: the user's own pictures, augmented, and what that does to their labels."""

import json

import numpy as np
import pytest
from PIL import Image

import boda
from boda.augment import (
    AUGMENTATIONS,
    MixUp,
    Pipeline,
    RandomCrop,
    RandomFlip,
    RandomTranslation,
    Rescaling,
    SamplewiseNormalization,
)
from boda.errors import AugmentError
from boda.sample import Dataset, Sample
from boda.verbs.augment_recipe import default_pipeline, pipeline_of

STEPS = '[[steps]]\nstep = "RandomFlip"\nmode = "vertical"\n'


@pytest.fixture
def quick(monkeypatch):
    """No measuring and no PNG, which other tests show."""
    from boda.training.label_risk import LabelRisk

    monkeypatch.setattr("boda.verbs.augmented.measure_risk", lambda *_, **__: LabelRisk(skipped="not here"))
    monkeypatch.setattr("boda.verbs.augmented.augment_png", lambda *_: b"")


@pytest.fixture
def recipe(tmp_path):
    """Write a recipe and give its path."""

    def write(text):
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def found(data, augment, tmp_path, **options):
    return boda.look(data, augment=augment, out=tmp_path / "out", **options)


def boxed(size=(60, 80), **changes):
    """One picture with a box, a mask and a point on its left half."""
    height, width = size
    masks = np.zeros((1, height, width), bool)
    masks[0, 10:30, 10:30] = True
    parts = {
        "boxes": np.array([[10.0, 10, 30, 30]]),
        "box_labels": ("bee",),
        "masks": masks,
        "points": np.array([[[20.0, 20.0]]]),
        **changes,
    }
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return Dataset((Sample("1", picture, "a", **parts),), ("a",))


@pytest.mark.parametrize(
    "text",
    [
        STEPS,
        "seed = 3\n" + STEPS,
        STEPS.replace("[[steps]]", "[[augmentation.steps]]"),
        'backbone = "mobilenet_v2"\n' + STEPS.replace("[[steps]]", "[[augmentation]]"),
        '[augmentation]\nmin_visible = 0.5\nsteps = [{step = "RandomFlip", mode = "vertical"}]\n',
    ],
)
def test_a_recipe_is_read_as_people_write_it(text, recipe):
    assert pipeline_of(recipe(text)).steps == (RandomFlip("vertical"),)


def test_a_recipe_keeps_its_seed_and_takes_the_looks_where_it_has_none(recipe):
    assert pipeline_of(recipe("seed = 3\n" + STEPS), seed=9).seed == 3
    assert pipeline_of(recipe(STEPS), seed=9).seed == 9


def test_a_written_pipeline_is_read_back(recipe):
    pipeline = default_pipeline(seed=2)

    assert pipeline_of(recipe(pipeline.to_toml())) == pipeline


def test_a_step_is_named_or_given():
    assert pipeline_of("RandomFlip").steps == (RandomFlip(),)
    assert pipeline_of("RandomTranslation").steps == (RandomTranslation(0.1, 0.1),)
    assert pipeline_of(RandomFlip("vertical")).steps == (RandomFlip("vertical"),)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_step_can_be_named(name):
    (step,) = pipeline_of(name).steps

    assert type(step).__name__ == name


def test_default_is_the_classic_recipe():
    names = [type(step).__name__ for step in pipeline_of("default").steps]

    assert names == ["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomBrightness"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = [", r"recipe\.toml: This is no TOML"),
        ('backbone = "mobilenet_v2"', r"recipe\.toml: No steps are in it, .* Each step is a table"),
        ('[[steps]]\nstep = "RandomFlop"', r"recipe\.toml: 'RandomFlop' is no step.*Did you mean 'RandomFlip'"),
        ('[[steps]]\nstep = "RandomFlip"\nmode = "up"', r"recipe\.toml: RandomFlip: mode must be one of"),
        ("steps = [1]", r"recipe\.toml: Each step must be a table"),
    ],
)
def test_a_wrong_recipe_is_named_with_what_to_do(text, message, recipe):
    with pytest.raises(AugmentError, match=message):
        pipeline_of(recipe(text))


def test_a_recipe_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "photo.toml").write_bytes(b"\xff\xd8\xff")

    with pytest.raises(AugmentError, match=r"photo\.toml: this is no TOML"):
        pipeline_of(tmp_path / "photo.toml")


def test_what_is_neither_file_nor_step_is_refused_with_the_nearest():
    with pytest.raises(AugmentError, match=r"RandomFlp: there is no .* step. Did you mean RandomFlip"):
        pipeline_of("RandomFlp")


def test_a_wrong_recipe_stops_before_the_pictures_are_read(photos, tmp_path):
    with pytest.raises(AugmentError, match="no such file"):
        found(photos, "nowhere.toml", tmp_path)

    assert not (tmp_path / "out").exists()


def test_the_sheet_stands_beside_the_looks_own_files(photos, tmp_path):
    before = {path: path.read_bytes() for path in photos.rglob("*.png")}
    overview = found(photos, "default", tmp_path, deep=False)
    names = {path.name for path in (tmp_path / "out").iterdir()}

    assert names == {"augment.html", "augment.png", "bad_files.csv", "look.html", "look.json", "sheet.png"}
    assert overview.augment_page == tmp_path / "out" / "augment.html"
    with Image.open(overview.augment_sheet) as sheet:
        assert sheet.format == "PNG"
    assert {path: path.read_bytes() for path in photos.rglob("*.png")} == before


@pytest.mark.usefixtures("quick")
def test_the_summary_is_json_and_names_a_picture_of_each_class(photos, tmp_path):
    overview = found(photos, "default", tmp_path)
    told = json.loads((tmp_path / "out" / "look.json").read_text("utf-8"))["augment"]

    assert {name.split("/")[0] for name in told["pictures"][:3]} == {"berry", "leaf", "water"}
    assert told["steps"] == overview.summary["augment"]["steps"]
    assert told["risk"]["skipped"] == "not here"


@pytest.mark.usefixtures("quick")
def test_the_same_seed_shows_the_same(photos, tmp_path):
    pages = [found(photos, "default", tmp_path / str(i)).augment_page.read_bytes() for i in range(2)]

    assert pages[0] == pages[1]


def test_without_augment_nothing_of_it_is_there(photos, tmp_path):
    overview = boda.look(photos, out=tmp_path)

    assert "augment" not in overview.summary
    assert overview.augment_page is None
    assert not (tmp_path / "augment.html").exists()


def test_a_fast_look_shows_draws_and_measures_nothing(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("boda.verbs.augmented.augment_png", lambda *_: b"")
    overview = found(photos, "default", tmp_path, deep=False)

    assert overview.augment_page.is_file()
    assert "fast" in overview.summary["augment"]["risk"]["skipped"]


@pytest.mark.usefixtures("quick")
def test_boxes_that_leave_the_picture_are_told(tmp_path):
    away = Pipeline([RandomTranslation((0.0, 0.0), (-0.9, -0.9), fill_mode="constant")], seed=0)
    (box,) = found(boxed(), away, tmp_path).summary["augment"]["boxes"]

    assert (box["label"], box["kept"], box["dropped"]) == ("bee", 0, [1, 2, 3, 4, 5, 6])


@pytest.mark.usefixtures("quick")
def test_labels_of_a_large_picture_shrink_with_it(tmp_path):
    (box,) = found(boxed((1280, 640)), "RandomFlip", tmp_path).summary["augment"]["boxes"]

    assert (box["width"], box["height"], box["kept"]) == (10.0, 10.0, 6)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("steps", [[Rescaling(1 / 127.5, -1)], [SamplewiseNormalization()], [RandomCrop(20, 20)]])
def test_values_and_sizes_of_any_kind_are_shown(steps, tmp_path):
    overview = found(boxed(), Pipeline(steps, seed=0), tmp_path)
    stretched = isinstance(steps[0], SamplewiseNormalization)

    assert any("stretched" in note for note in overview.summary["augment"]["notes"]) == stretched


@pytest.mark.usefixtures("quick")
def test_mixed_pictures_are_shown_with_their_shares(photos, tmp_path):
    overview = found(photos, Pipeline([MixUp(4.0)], seed=1), tmp_path)

    assert overview.summary["augment"]["notes"] == []
    assert "\u202f% leaf" in overview.augment_page.read_text("utf-8")


@pytest.mark.usefixtures("quick")
def test_mixing_that_cannot_be_shown_is_said(tmp_path):
    overview = found(boxed(), Pipeline([RandomFlip(), MixUp()], seed=1), tmp_path)

    assert "without it" in overview.summary["augment"]["notes"][0]


@pytest.mark.usefixtures("quick")
def test_damaged_pictures_are_passed_over(tmp_path, make_photos):
    folder = make_photos(tmp_path / "some", count=1)
    (folder / "leaf" / "0.png").write_bytes(b"no picture")

    assert found(folder, "RandomFlip", tmp_path).summary["augment"]["pictures"] == ["berry/0.png", "water/0.png"]


@pytest.mark.usefixtures("quick")
def test_a_step_that_cannot_take_a_picture_is_said_with_its_name(tmp_path):
    wrong = boxed(boxes=np.array([[30.0, 10, 10, 30]]))

    with pytest.raises(AugmentError, match=r"1: boxes\[0\] .* is inverted"):
        found(wrong, "RandomFlip", tmp_path)


def test_the_command_prints_what_was_found_and_where_the_sheet_is(command, photos, tmp_path):
    code, out, _ = command("look", photos, "--augment", "RandomFlip", "--out", tmp_path / "out")

    assert code == 0
    assert "not measured: there are fewer than 32 pictures" in " ".join(out.split())
    assert "augment.html" in out.replace("\n", "")


@pytest.mark.usefixtures("quick")
def test_the_command_prints_json(command, photos, tmp_path):
    _, out, _ = command("look", photos, "--augment", "default", "--out", tmp_path / "out", "--json")

    assert json.loads(out)["augment"]["recipe"] == "default"


def test_a_wrong_recipe_exits_1_without_a_traceback(command, photos, tmp_path):
    code, _, err = command("look", photos, "--augment", "RandomFlp", "--out", tmp_path / "out")

    assert code == 1
    assert err.startswith("boda: RandomFlp: there is no such file")


def test_only_the_part_to_learn_from_is_tried(monkeypatch, tmp_path):
    from boda.training.label_risk import LabelRisk

    tried = []
    monkeypatch.setattr("boda.verbs.augmented.augment_png", lambda *_: b"")
    monkeypatch.setattr(
        "boda.verbs.augmented.measure_risk",
        lambda samples, *_, **__: tried.extend(samples) or LabelRisk(skipped="not here"),
    )
    pixels = np.full((20, 20, 3), 90, np.uint8)
    parts = ("train", "val", "test", None)
    samples = tuple(Sample(f"{part}.png", pixels + i, "a", part) for i, part in enumerate(parts))
    found(Dataset(samples, ("a",)), "RandomFlip", tmp_path)

    assert sorted(sample.name for sample in tried) == ["None.png", "train.png"]


@pytest.mark.usefixtures("quick")
def test_files_are_seen_channels_last_whatever_the_recipe_says(tmp_path):
    data = Dataset((Sample("a.png", np.full((20, 30, 3), 90, np.uint8), "a"),), ("a",))

    assert found(data, Pipeline([RandomFlip()], data_format="channels_first"), tmp_path).augment_page.is_file()
