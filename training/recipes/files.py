"""Recipes in TOML files: the fields of a recipe, and the name of a recipe to begin with."""

import tomllib
from difflib import get_close_matches
from pathlib import Path

from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.fields import from_table
from training.recipes.recipe import Recipe


def read_recipe(path: Path) -> Recipe:
    """The recipe in the TOML file ``path``.

    Its keys are the fields of `Recipe`. With ``recipe = "NAME"``, fields that it does not set are
    those of that recipe.

    Raises:
        BadConfig: the file cannot be read, or a field is wrong; the message names the file.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        base = table.pop("recipe", None)
        return from_table(table, None if base is None else known_recipe(str(base)))
    except OSError as error:
        raise BadConfig(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: is not valid TOML: {error}") from error
    except BadConfig as error:
        raise BadConfig(f"{path}: {error}") from error


def known_recipe(name: str) -> Recipe:
    """The recipe ``name`` of this package.

    Raises:
        BadConfig: there is none; the message names the nearest ones.
    """
    if name not in RECIPES:
        raise BadConfig(f"no recipe is called {name}: {_suggestion(name)}")
    return RECIPES[name]


def _suggestion(name: str) -> str:
    near = get_close_matches(name, RECIPES, n=3) or sorted(k for k in RECIPES if name in k)[:3]
    listing = "to list all: python -m training list"
    return f"near names are {', '.join(near)}; {listing}" if near else listing
