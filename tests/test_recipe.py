"""A Recipe: what may stand in it, and that TOML keeps it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boda.augment import Pipeline, RandomRotation
from boda.augment.strength import BOX_STRENGTHS, STRENGTHS
from boda.errors import RecipeError
from boda.recipe import HeadRecipe, Recipe, Stage
from boda.recipe.levers import OPTIMIZERS, SCHEDULES
from boda.recipe.levers import STRENGTHS as AUGMENTS

share = st.floats(0, 1, exclude_max=True)
between = st.floats(0, 1, exclude_min=True, exclude_max=True)
words = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: text != "none")
levers = {
    "optimizer": st.sampled_from(OPTIMIZERS),
    "momentum": share,
    "schedule": st.sampled_from(SCHEDULES),
    "warmup": share,
    "loss": st.sampled_from(["cross-entropy", "focal"]),
    "ema": share,
    "mix": st.sampled_from(["none", "mixup"]),
    "augment": st.sampled_from(["none", "strong"]),
    "views": st.integers(1, 9),
}
stages = st.builds(
    Stage,
    thaw=st.just("all") | st.integers(1, 99).map("last-{}".format),
    layer_decay=between,
    clip_norm=st.none() | between,
    batch_norm=st.sampled_from(["inference", "train"]),
    **levers,
)
heads = st.builds(
    HeadRecipe,
    **levers,
    hidden=st.lists(st.integers(1, 4096), max_size=3).map(tuple),
    dropout=share,
    batch_norm=st.booleans(),
    label_smoothing=share,
    class_weight=st.sampled_from([None, "balanced"]),
    weight_decay=st.just("auto") | st.floats(0, 1e9),
    epochs=st.integers(1, 10**6),
    learning_rate=st.floats(0, 1e9, exclude_min=True),
    batch_size=st.integers(1, 10**6),
)
recipes = st.builds(
    Recipe,
    backbone=words,
    weights=st.none() | words,
    resize=st.sampled_from(["squash", "crop"]),
    precision=st.sampled_from(["f32", "bf16"]),
    validation_split=between,
    folds=st.integers(2, 100),
    precision_wanted=between,
    head=heads,
    size=st.none() | st.integers(32, 1024),
    stages=st.lists(stages, max_size=2).map(lambda some: (Stage(thaw="head"), *some)),
    augmentation=st.none() | words,
)


@given(recipes)
def test_toml_reads_back_to_an_equal_recipe(recipe):
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_an_empty_file_is_the_default_recipe():
    assert Recipe.from_toml("") == Recipe()


def test_an_unknown_entry_names_the_nearest():
    with pytest.raises(RecipeError, match=r"no entry resze\. Did you mean resize\?"):
        Recipe.from_toml('resze = "crop"')
    with pytest.raises(RecipeError, match=r"no entry head\.dropuot\. Did you mean head\.dropout\?"):
        Recipe.from_toml("[head]\ndropuot = 0.3")


def test_an_unknown_entry_that_is_near_to_none_names_all():
    with pytest.raises(RecipeError, match=r"no entry zzz\. Known: backbone, weights, "):
        Recipe().replace(zzz=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resize", "stretch"),
        ("size", 16),
        ("stages", 5),
        ("augmentation", 5),
        ("precision", "f16"),
        ("validation_split", 0),
        ("validation_split", 1),
        ("validation_split", "a fifth"),
        ("folds", 1),
        ("folds", 2.5),
        ("precision_wanted", 1.0),
        ("backbone", 5),
        ("weights", 5),
        ("head", 5),
        ("head_hidden", (0,)),
        ("head_hidden", "wide"),
        ("head_dropout", 1.0),
        ("head_dropout", "high"),
        ("head_batch_norm", "yes"),
        ("head_label_smoothing", -0.1),
        ("head_class_weight", "even"),
        ("head_weight_decay", -1),
        ("head_weight_decay", "strong"),
        ("head_weight_decay", float("inf")),
        ("head_epochs", 0),
        ("head_learning_rate", 0),
        ("head_learning_rate", float("nan")),
        ("head_batch_size", 1.5),
    ],
)
def test_a_value_out_of_range_names_its_entry_and_what_came(name, value):
    shown = name.replace("head_", r"head\.")

    with pytest.raises(RecipeError, match=rf"^{shown} must be .*\. Received: {shown}="):
        Recipe().replace(**{name: value})


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        ("last-5", r"first stage must be head .*Use --stages head,last-5"),
        ("head,scratch", "scratch starts from nothing and stands alone"),
        ("head,first-5", r"stage\.thaw must be as-is, head, last-N .*'first-5'"),
        ("head,last-0", r"stage\.thaw must be"),
        ("head,head", "as-is and head can only come first"),
        ((), "stages must name one or more"),
    ],
)
def test_stages_that_make_no_sense_are_refused(stages, reason):
    with pytest.raises(RecipeError, match=reason):
        Recipe().replace(stages=stages)


@pytest.mark.parametrize(
    "text",
    ['stages = "head,last-5"', 'stages = ["head", "last-5"]', '[[stages]]\nthaw="head"\n[[stages]]\nthaw="last-5"'],
)
def test_stages_are_named_listed_or_written_as_tables(text):
    assert Recipe.from_toml(text).stages == (Stage.usual("head"), Stage.usual("last-5"))


def test_a_stage_in_a_file_has_the_entries_that_suit_it_but_for_those_given():
    stage = Recipe.from_toml('[[stages]]\nthaw = "scratch"\nepochs = 3').stages[0]

    assert (stage.epochs, stage.batch_norm) == (3, "train")


def test_a_change_of_stages_reaches_each_that_trains_the_backbone():
    recipe = Recipe(stages="head,last-5,all").replace(stage_epochs=2)

    assert [stage.epochs for stage in recipe.stages[1:]] == [2, 2]
    with pytest.raises(RecipeError, match=r"stage\.epochs changes a stage that is not there"):
        Recipe().replace(stage_epochs=2)
    with pytest.raises(RecipeError, match=r"no entry stage\.epoch\. Did you mean stage\.epochs"):
        recipe.replace(stage_epoch=2)


def test_a_pipeline_of_ones_own_stands_in_the_recipe():
    text = '[head]\naugment = "own"\n[augmentation]\n[[augmentation.steps]]\nstep = "RandomRotation"\nfactor = 0.1'
    recipe = Recipe.from_toml(text)

    assert Pipeline.from_toml(recipe.augmentation).steps == Pipeline([RandomRotation(0.1)]).steps
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    with pytest.raises(RecipeError, match=r"head\.augment is 'own', but the recipe has no table \[augmentation\]"):
        Recipe().replace(head_augment="own")


def test_each_strength_of_a_recipe_but_own_is_a_pipeline():
    assert {*STRENGTHS} == {*BOX_STRENGTHS} == {*AUGMENTS} - {"own"}


def test_usual_recipes_of_boxes_come_back_from_their_file():
    for task in ("locate", "detect"):
        recipe = Recipe.usual(task)
        assert Recipe.from_toml(recipe.to_toml()) == recipe
        assert recipe.replace(boxes_channels=32).boxes.channels == 32
    assert Recipe.usual("classify") == Recipe()


def test_with_many_pictures_more_thaws_for_fewer_epochs():
    few, many = Recipe.usual("detect", 160), Recipe.usual("detect", 2000)

    assert (few.stage_names, many.stage_names) == (("last-6",), ("last-12",))
    assert few.stages[0].epochs > many.stages[0].epochs
    assert few.stages[0].views > many.stages[0].views


def test_a_head_of_boxes_may_begin_with_thawed_layers_and_one_of_classes_may_not():
    assert Recipe.usual("detect").replace(stages="last-2").stage_names == ("last-2",)
    with pytest.raises(RecipeError, match="The first stage must be head"):
        Recipe(stages="last-2")
    with pytest.raises(RecipeError, match="No backbone finds boxes as it is"):
        Recipe.usual("detect").replace(stages="as-is")


def test_boxes_are_never_cropped_and_classes_never_put_in_a_letterbox():
    with pytest.raises(RecipeError, match="resize of boxes, which may lie anywhere, must be squash or letterbox"):
        Recipe.usual("detect").replace(resize="crop")
    with pytest.raises(RecipeError, match="resize of classes must be squash or crop"):
        Recipe(resize="letterbox")


def test_one_width_is_a_list_of_one():
    assert Recipe().replace(head_hidden=256).head.hidden == (256,)
    assert HeadRecipe(hidden=[256, 64]).hidden == (256, 64)


def test_the_word_none_is_none():
    assert Recipe().replace(weights="none").weights is None
    assert Recipe().replace(head_class_weight="none").head.class_weight is None


def test_replace_keeps_the_other_entries_of_the_head():
    recipe = Recipe().replace(head_dropout=0.3).replace(head_hidden=(8,), resize="crop")

    assert recipe == Recipe(resize="crop", head=HeadRecipe(hidden=(8,), dropout=0.3))


def test_a_head_that_is_no_table_is_refused():
    with pytest.raises(RecipeError, match=r"^head must be a table .*Received: head=3"):
        Recipe.from_toml("head = 3")


def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path):
    (tmp_path / "mine.toml").write_text("resize = crop")

    with pytest.raises(RecipeError, match=r"mine\.toml: The recipe is no valid TOML: .*line 1"):
        Recipe.read(tmp_path / "mine.toml")


def test_a_file_that_is_missing_is_refused_with_its_name(tmp_path):
    with pytest.raises(RecipeError, match=r"mine\.toml: .*No such file"):
        Recipe.read(tmp_path / "mine.toml")


@pytest.mark.parametrize("deep", [{"hidden": (8,)}, {"dropout": 0.1}, {"batch_norm": True}])
def test_a_head_is_linear_without_layers_dropout_and_batch_normalization(deep):
    assert HeadRecipe(label_smoothing=0.1, class_weight="balanced", weight_decay=1.0).is_linear
    assert not HeadRecipe(**deep).is_linear


def test_numpys_numbers_become_pythons():
    recipe = Recipe(validation_split=np.float64(0.25)).replace(head_dropout=np.float64(0.3), head_hidden=[np.int64(8)])
    recipe = recipe.replace(head_epochs=np.int64(4))

    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert type(recipe.head.epochs) is int


@pytest.mark.parametrize("stages", [("head", "last-5"), ["head", {"thaw": "last-5"}], "head, last-5"])
def test_stages_may_be_given_by_name_in_python(stages):
    assert Recipe().replace(stages=stages).stage_names == ("head", "last-5")


def test_another_stage_of_boxes_is_trained_as_the_usual_one_is():
    usual = Recipe.usual("detect", 160)
    other = usual.replace(stages="last-2,all")

    assert other.stage_names == ("last-2", "all")
    assert {stage.batch_size for stage in other.stages} == {usual.stages[0].batch_size}
    assert {stage.epochs for stage in other.stages} == {usual.stages[0].epochs}
    assert other.stages[1].learning_rate == 3e-4  # what suits all layers
    assert usual.replace(stages="scratch").stages[0].batch_norm == "train"


@pytest.mark.parametrize(("entry", "value"), [("patience", 3), ("loss", "focal"), ("class_weight", "balanced")])
def test_what_boxes_would_not_heed_is_refused(entry, value):
    with pytest.raises(RecipeError, match=rf"last-6\.{entry} has no meaning for boxes"):
        Recipe.usual("detect").replace(**{f"stage_{entry}": value})


@pytest.mark.parametrize("mix", ["none", "mosaic", "mixup"])
def test_pictures_with_boxes_can_be_mixed(mix):
    assert Recipe.usual("detect").replace(stage_mix=mix).stages[0].mix == mix


def test_a_mix_of_the_other_kind_of_answer_is_refused():
    with pytest.raises(
        RecipeError, match=r"stage\.mix of boxes must be one of none, mosaic, mixup\. Received: 'cutmix'"
    ):
        Recipe.usual("detect").replace(stage_mix="cutmix")
    with pytest.raises(RecipeError, match=r"stage\.mix of classes must be one of none, mixup, cutmix"):
        Recipe(stages="head,last-5").replace(stage_mix="mosaic")
    with pytest.raises(RecipeError, match=r"head\.mix of classes must be one of"):
        Recipe().replace(head_mix="mosaic")


@pytest.mark.parametrize(("pictures", "rate"), [(160, 1e-3), (999, 1e-3), (1000, 4e-3), (20_000, 4e-3)])
def test_a_detector_learns_faster_from_many_pictures(pictures, rate):
    assert Recipe.usual("detect", pictures).stages[0].learning_rate == rate
    assert Recipe.usual("locate", pictures).stages[0].learning_rate == 1e-3


def test_one_box_a_picture_is_not_mixed():
    from boda.recipe.boxes import refuse_mix_of_one

    stages = Recipe.usual("locate").replace(stage_mix="mosaic").stages
    refuse_mix_of_one("detect", stages)
    with pytest.raises(RecipeError, match="locate answers with one"):
        refuse_mix_of_one("locate", stages)
