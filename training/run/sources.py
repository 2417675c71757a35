"""What a run starts from and learns from: other recipes, whose weights must exist first."""

from collections.abc import Iterator
from pathlib import Path

from sr_batch.core.errors import UsageError
from training.data.pictures import Color
from training.models import BadConfig, configure
from training.recipes.files import known_recipe
from training.recipes.recipe import Recipe
from training.run.checkpoint import has_weights
from training.run.places import Places
from training.run.record import find_record
from training.run.weight_file import is_weight_file


class NotReady(UsageError):
    """The weights of a recipe that this one needs do not exist yet."""


def find_plan(name: str, runs: Path, kept: Path) -> Recipe:
    """The recipe that run ``name`` had, or has if it was never run.

    Raises:
        BadConfig: neither a run nor a recipe has this name; the message names the nearest recipes.
    """
    record = find_record(name, runs, kept)
    return record.recipe if record else known_recipe(name)


def require_sources(plan: Recipe, folder: Path, places: Places) -> None:
    """Check that the weights exist that a run of ``plan`` in ``folder`` needs, and that they fit.

    Raises:
        NotReady: some do not; the message names the recipes to train first, in order.
        BadConfig: a recipe is named that does not exist, or that cannot teach this one.
    """
    _require_weights(plan, folder, places)
    for problem in _misfits(plan, places):
        raise BadConfig(f"teachers: {problem}")


def _require_weights(plan: Recipe, folder: Path, places: Places) -> None:
    begun = has_weights(folder.name, folder.parent, Path()) or (places.kept / folder.name).exists()
    first = missing(plan, places, begun)
    if not first:
        return
    needs = [name for name in _sources(plan, begun) if name in first]
    remedy = " && ".join(f"python -m training train {name}" for name in first)
    own = ". Or start without it: --init none" if needs == [plan.init] else ""
    raise NotReady(
        f"{folder.name} needs the weights of {' and '.join(needs)}, which are neither in "
        f"{places.runs} nor in {places.kept}. Run first: {remedy}{own}"
    )


def _misfits(plan: Recipe, places: Places) -> Iterator[str]:
    """Why the teachers cannot teach ``plan``: each needs a scale of its own, which ``plan`` has."""
    taught: dict[int, str] = {}
    for name in plan.teachers:
        source = find_plan(name, places.runs, places.kept)
        if source.scale not in (plan.scale, *plan.scales):
            yield f"{name} enlarges {source.scale} times; name one that enlarges {plan.scale} times"
        if source.scale in taught:
            yield f"{taught[source.scale]} and {name} are both of x{source.scale}; name only one"
        if (_color(source), _color(plan)) == ("y", "rgb"):
            yield f"{name} works on luma; name a network for color"
        taught[source.scale] = name


def _color(plan: Recipe) -> Color:
    color: Color = configure(plan.model, plan.scale, plan.model_options).color
    return color


def missing(plan: Recipe, places: Places, begun: bool = False) -> list[str]:
    """The recipes to train before ``plan``, in order. A run that has begun needs teachers only."""
    return list(dict.fromkeys(_missing(plan, places, begun)))


def _missing(plan: Recipe, places: Places, begun: bool) -> Iterator[str]:
    for name in _sources(plan, begun):
        if not has_weights(name, places.runs, places.kept):
            yield from _missing(known_recipe(name), places, begun=False)
            yield name


def _sources(plan: Recipe, begun: bool) -> list[str]:
    init = [] if begun or not plan.init or is_weight_file(plan.init) else [plan.init]
    return list(dict.fromkeys((*init, *plan.teachers)))
