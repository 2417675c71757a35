"""The recipes of a replay, whole or cut down."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from training.data.sources import Data
from training.models import MODELS, BadConfig
from training.recipes import RECIPES
from training.recipes.fields import with_settings
from training.recipes.recipe import Recipe, Stage
from training.replay.description import Report

SHORT = 4  # iterations of a short run
PATCH = 48  # HR pixels a side of its patches, at most; an adversary takes seconds for more
_POINTS = 10  # of the curve of a run whose length is given


@dataclass(frozen=True)
class Extent:
    """How much of a replay is run.

    Attributes:
        is_short: Whether the run only shows that everything works.
        iterations: Of each network; 0 for as many as its recipe has.
        settings: Fields of each recipe that are changed, such as ``stages.batch=4``, or of one
            recipe, such as ``vdsr_x4_report:iterations=300``.
        measured: Pictures of each folder that networks are measured on, at most; 0 for all.
        checkpoints: Iterations between checkpoints; 0 for a tenth of a length that is given.
    """

    is_short: bool = False
    iterations: int = 0
    settings: tuple[str, ...] = ()
    measured: int = 0
    checkpoints: int = 0

    @property
    def every(self) -> int:
        """Iterations between checkpoints; 0 for those of the recipe."""
        if self.is_short:
            return SHORT // 2
        if self.checkpoints:
            return self.checkpoints
        return min(500, max(1, self.iterations // _POINTS)) if self.iterations else 0


def plan_of(name: str, report: Report, data: Data, extent: Extent) -> Recipe:
    """The recipe ``name`` on ``data``.

    Raises:
        BadConfig: it has no field that a setting names, the value is wrong, or a setting is of a
            recipe that the report does not have.
    """
    plan = replace(RECIPES[name], data=data)
    if extent.iterations:
        plan = replace(plan, epochs=0, iterations=extent.iterations)
    plan = with_settings(plan, [*_settings_of(name, report, extent)])
    return _smaller(plan, report) if extent.is_short else plan


def _settings_of(name: str, report: Report, extent: Extent) -> Iterator[str]:
    """The settings for all recipes, and those for ``name``."""
    for setting in extent.settings:
        field, equals, value = setting.partition("=")
        owner, _, own_field = field.rpartition(":")
        if owner and owner not in report.recipes:
            listed = ", ".join(report.recipes)
            raise BadConfig(
                f"--set {setting}: report {report.letter} has no recipe {owner}; it has {listed}"
            )
        if owner in ("", name):
            yield own_field + equals + value


def _smaller(plan: Recipe, report: Report) -> Recipe:
    """With few steps on small batches and patches, of a network that is small if it has to be."""
    known = {field.name for field in fields(MODELS[plan.model].config)}
    small = {name: value for name, value in report.small.items() if name in known}
    stages = tuple(_smaller_stage(stage, plan.scale) for stage in plan.stages)
    options = {**plan.model_options, **small}
    return replace(plan, epochs=0, iterations=SHORT, stages=stages, model_options=options)


def _smaller_stage(stage: Stage, scale: int) -> Stage:
    patch = min(stage.patch, PATCH // scale)
    return replace(stage, batch=min(stage.batch, 2), patch=patch, accumulate=1)
