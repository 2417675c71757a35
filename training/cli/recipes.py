"""Which recipe a command line means, and the command that lists all of them."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import DATA, KEPT, RUNS, Kept, Runs
from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.describe import summary
from training.recipes.files import known_recipe, read_recipe
from training.recipes.recipe import Recipe
from training.run.checkpoint import has_weights
from training.run.places import Places
from training.run.record import find_record
from training.run.sources import missing

_NAME = re.compile(r"\w[\w.-]*")


def planned(text: str, name: str, runs: Path, kept: Path) -> tuple[str, Recipe]:
    """Name of the run and recipe for what `train` is given: a recipe, a run, or a TOML file.

    Raises:
        BadConfig: there is no such recipe, or the file is wrong.
    """
    if text.endswith(".toml"):
        return checked_name(name or Path(text).stem), read_recipe(Path(text))
    record = None if text in RECIPES else find_record(text, runs, kept)
    return checked_name(name or text), record.recipe if record else known_recipe(text)


def listing(
    pattern: Annotated[
        str, typer.Argument(help="Part of a name, or a pattern such as '*_x4'.")
    ] = "",
    runs: Runs = RUNS,
    kept: Kept = KEPT,
) -> None:
    """List the recipes: what each trains, and whether its weights exist.

    `trained`: the weights are in --runs or --kept. `train first`: to train the recipe, also again,
    you need the weights of these, which are in neither.
    """
    names = [name for name in sorted(RECIPES) if _matches(name, pattern)]
    if not names:
        known_recipe(pattern)  # names the nearest ones
    width = max(map(len, names), default=0)
    for name in names:
        state = "; ".join(_state(name, Places(DATA, runs, kept)))
        typer.echo(f"{name:{width}}  {summary(RECIPES[name])}{f' [{state}]' if state else ''}")


def _matches(name: str, pattern: str) -> bool:
    return pattern in name or fnmatchcase(name, pattern)


def _state(name: str, places: Places) -> Iterator[str]:
    if has_weights(name, places.runs, places.kept):
        yield "trained"
    if first := missing(RECIPES[name], places):
        yield f"train first: {', '.join(first)}"


def checked_name(name: str) -> str:
    """``name``, if it can be that of a run.

    Raises:
        BadConfig: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise BadConfig(f"--name {name}: use letters, digits, '.', '_' and '-'")
    return name
