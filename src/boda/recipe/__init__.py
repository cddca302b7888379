"""What to train, as frozen values that are compared by value, and read from and written to TOML."""

from boda.recipe.boxes import BoxRecipe
from boda.recipe.head import HeadRecipe
from boda.recipe.levers import Levers
from boda.recipe.recipe import DEFAULT_BACKBONE, Recipe
from boda.recipe.stage import Stage, stages_of

__all__ = ["DEFAULT_BACKBONE", "BoxRecipe", "HeadRecipe", "Levers", "Recipe", "Stage", "stages_of"]
