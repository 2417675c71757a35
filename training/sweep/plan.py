"""The description of a sweep, read from a TOML file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from training.models import BadConfig, nearest, one_of
from training.recipes.fields import as_table, from_table
from training.recipes.files import known_recipe
from training.recipes.recipe import Recipe
from training.sweep.space import Space, grid, read_space

Goal = Literal["psnr", "ssim", "validation_loss"]
"""The figure of the monitored pictures that a sweep makes as good as possible."""

Sampler = Literal["grid", "tpe", "random"]
"""How values are chosen: all combinations, by Optuna from what was found so far, or at random."""

_KEYS = ("recipe", "space", "trials", "goal", "sampler", "seed", "pruning")


@dataclass(frozen=True)
class Pruning:
    """When a trial ends early: its goal is worse than the median of the others so far.

    Attributes:
        startup: Trials that must have ended before one is pruned.
        after: Iterations of each trial that always run.
    """

    startup: int = 5
    after: int = 0


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Attributes:
        base: The recipe whose fields are changed.
        space: The values of these fields.
        trials: Number of runs; a grid has one for each combination.
        goal: What the table is sorted by, and trials are pruned by.
        sampler: How values are chosen.
        seed: Seed of the choice.
        pruning: None if every trial runs to its end.
    """

    base: Recipe
    space: Space
    trials: int
    goal: Goal = "psnr"
    sampler: Sampler = "tpe"
    seed: int = 1
    pruning: Pruning | None = None

    def identity(self) -> dict[str, Any]:
        """All that must stay as it is when a study goes on: everything but its length."""
        return {
            "recipe": as_table(self.base),
            "space": {name: vars(values) for name, values in self.space.items()},
            "goal": self.goal,
            "sampler": self.sampler,
        }


def read_sweep(path: Path) -> Sweep:
    """The sweep in the TOML file ``path``.

    Raises:
        BadConfig: the file cannot be read, or a field is wrong; the message names the file.
    """
    try:
        return _sweep(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadConfig(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: is not valid TOML: {error}") from error
    except BadConfig as error:
        raise BadConfig(f"{path}: {error}") from error


def _sweep(table: Mapping[str, Any]) -> Sweep:
    _require_keys(table, _KEYS, "a sweep")
    for name, example in (("recipe", '"espcn_x3"'), ("space", "{ lr = [1e-4, 1e-3] }")):
        if name not in table:
            raise BadConfig(f"{name} is missing; write it as {name} = {example}")
    base = _base(table["recipe"])
    space = read_space(_table(table, "space"), base)
    goal = _one_of(table, "goal", get_args(Goal), "psnr")
    changes_loss = any("loss" in name or name.startswith("original") for name in space)
    if goal == "validation_loss" and changes_loss:
        raise BadConfig(
            'goal = "validation_loss": the sweep changes the loss, so that its values do not '
            'compare; take "psnr" or "ssim"'
        )
    sampler = _one_of(table, "sampler", get_args(Sampler), "tpe")
    pruning = _pruning(_table(table, "pruning")) if "pruning" in table else None
    trials = _trials(table, space, sampler)
    return Sweep(base, space, trials, goal, sampler, _whole(table, "seed", 1, 0), pruning)


def _base(value: Any) -> Recipe:
    """The recipe of a name, or of a table as in a recipe file."""
    if isinstance(value, str):
        return known_recipe(value)
    if not isinstance(value, Mapping):
        raise BadConfig(f"recipe = {value!r}: must be the name of a recipe, or a table of fields")
    fields = dict(value)
    name = fields.pop("recipe", None)
    return from_table(fields, None if name is None else known_recipe(str(name)))


def _trials(table: Mapping[str, Any], space: Space, sampler: Sampler) -> int:
    if sampler != "grid":
        if "trials" not in table:
            raise BadConfig("trials is missing: the number of runs, such as trials = 20")
        return _whole(table, "trials", 1, 1)
    if "trials" in table:
        raise BadConfig("trials: a grid runs every combination once; remove this line")
    return len(grid(space))


def _pruning(table: Mapping[str, Any]) -> Pruning:
    _require_keys(table, ("startup", "after"), "pruning")
    return Pruning(_whole(table, "startup", 5, 1), _whole(table, "after", 0, 0))


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not isinstance(table[name], Mapping):
        raise BadConfig(f"{name} = {table[name]!r}: must be a table")
    return dict(table[name])


def _whole(table: Mapping[str, Any], name: str, default: int, least: int) -> int:
    value = table.get(name, default)
    if type(value) is not int or value < least:
        raise BadConfig(f"{name} = {value!r}: must be a whole number of at least {least}")
    return value


def _one_of(table: Mapping[str, Any], name: str, choices: Sequence[Any], default: str) -> Any:
    value = table.get(name, default)
    if value in choices:
        return value
    raise BadConfig(f"{name} = {value!r}: {one_of(str(value), choices)}")


def _require_keys(table: Mapping[str, Any], known: Sequence[str], owner: str) -> None:
    for name in table:
        if name not in known:
            fields_are = f"The fields are {', '.join(sorted(known))}"
            raise BadConfig(f"{owner} has no field {name}{nearest(name, known)}{fields_are}")
