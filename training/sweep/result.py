"""What became known of one trial: its recipe, its figures and its curve."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from training.models import MODELS
from training.recipes.fields import from_table
from training.recipes.recipe import Recipe
from training.sweep.plan import Goal

_ORDER = ("complete", "pruned", "diverged")


@dataclass(frozen=True)
class Result:
    """A trial that has ended.

    Attributes:
        number: From 0.
        recipe: What was trained.
        values: Dotted names and values of what the sweep chose.
        state: ``complete``, ``pruned`` or ``diverged``.
        seconds: Time of its training and of its checkpoints.
        figures: Names and values, such as ``psnr``; empty if it diverged.
        folder: Name of its run folder.
    """

    number: int
    recipe: Recipe
    values: Mapping[str, Any]
    state: str
    seconds: float
    figures: Mapping[str, float]
    folder: str

    def figure(self, name: str) -> float:
        """A figure by name; NaN if it is not known."""
        return self.figures.get(name, math.nan)

    def option(self, name: str) -> Any:
        """An option of the network, such as ``blocks``; None if it has none of this name."""
        config = MODELS[self.recipe.model].config(scale=self.recipe.scale)
        default = getattr(config, name, None)
        return self.recipe.model_options.get(name, default)


def result_of(number: int, notes: Mapping[str, Any]) -> Result:
    """The result of trial ``number`` from what was noted of it in the study."""
    return Result(
        number,
        from_table(notes["recipe"]),
        notes["values"],
        notes["state"],
        notes.get("seconds", 0.0),
        notes.get("figures", {}),
        notes["folder"],
    )


def sorted_by_goal(results: Iterable[Result], goal: Goal) -> list[Result]:
    """The best one first; pruned trials after complete ones, and diverged ones at the end."""
    sign = 1 if goal == "validation_loss" else -1
    return sorted(
        results, key=lambda each: (_ORDER.index(each.state), sign * each.figures.get(goal, 0))
    )
