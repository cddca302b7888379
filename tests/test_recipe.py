"""A Recipe: what may stand in it, and that TOML keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boda.errors import RecipeError
from boda.recipe import HeadRecipe, Recipe

share = st.floats(0, 1, exclude_max=True)
between = st.floats(0, 1, exclude_min=True, exclude_max=True)
words = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: text != "none")
heads = st.builds(
    HeadRecipe,
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
    views=st.sampled_from(["plain", "flip"]),
    precision=st.sampled_from(["f32", "bf16"]),
    validation_split=between,
    folds=st.integers(2, 100),
    precision_wanted=between,
    head=heads,
)


@given(recipes)
def test_toml_reads_back_to_an_equal_recipe(recipe):
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_an_empty_file_is_the_default_recipe():
    assert Recipe.from_toml("") == Recipe()


def test_an_unknown_entry_names_the_nearest():
    with pytest.raises(RecipeError, match=r"no entry vews\. Did you mean views\?"):
        Recipe.from_toml('vews = "flip"')
    with pytest.raises(RecipeError, match=r"no entry head\.dropuot\. Did you mean head\.dropout\?"):
        Recipe.from_toml("[head]\ndropuot = 0.3")


def test_an_unknown_entry_that_is_near_to_none_names_all():
    with pytest.raises(RecipeError, match=r"no entry zzz\. Known: backbone, weights, "):
        Recipe().replace(zzz=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resize", "stretch"),
        ("views", "both"),
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


def test_one_width_is_a_list_of_one():
    assert Recipe().replace(head_hidden=256).head.hidden == (256,)
    assert HeadRecipe(hidden=[256, 64]).hidden == (256, 64)


def test_the_word_none_is_none():
    assert Recipe().replace(weights="none").weights is None
    assert Recipe().replace(head_class_weight="none").head.class_weight is None


def test_replace_keeps_the_other_entries_of_the_head():
    recipe = Recipe().replace(head_dropout=0.3).replace(head_hidden=(8,), views="flip")

    assert recipe == Recipe(views="flip", head=HeadRecipe(hidden=(8,), dropout=0.3))


def test_a_head_that_is_no_table_is_refused():
    with pytest.raises(RecipeError, match=r"^head must be a table .*Received: head=3"):
        Recipe.from_toml("head = 3")


def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path):
    (tmp_path / "mine.toml").write_text("views = flip")

    with pytest.raises(RecipeError, match=r"mine\.toml: The recipe is no valid TOML: .*line 1"):
        Recipe.read(tmp_path / "mine.toml")


def test_a_file_that_is_missing_is_refused_with_its_name(tmp_path):
    with pytest.raises(RecipeError, match=r"mine\.toml: .*No such file"):
        Recipe.read(tmp_path / "mine.toml")


@pytest.mark.parametrize("deep", [{"hidden": (8,)}, {"dropout": 0.1}, {"batch_norm": True}])
def test_a_head_is_linear_without_layers_dropout_and_batch_normalization(deep):
    assert HeadRecipe(label_smoothing=0.1, class_weight="balanced", weight_decay=1.0).is_linear
    assert not HeadRecipe(**deep).is_linear
