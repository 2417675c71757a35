"""What must hold between the fields of a recipe, checked before anything runs."""

from collections.abc import Iterator
from dataclasses import fields
from math import isfinite

from training.data.degrade import RAW_NOISE
from training.losses.objective import require_known
from training.models import MODELS, BadConfig
from training.recipes.recipe import COMPUTED, Recipe

_NOT_NEGATIVE = (
    "clip",
    "epochs",
    "warmup",
    "final_lr",
    "teaching",
    "sharpened",
    "coring",
)
_TEACHERS = ("teachers", "lessons_file", "teacher_file")


def require_sound(recipe: Recipe) -> None:
    """Refuse a recipe that cannot run, or whose fields contradict each other.

    Raises:
        BadConfig: a value is out of its range, or needs or excludes another; the message names
            the field.
    """
    require_known({*recipe.original, *(name for stage in recipe.stages for name in stage.loss)})
    for check in (_length, _rates, _numbers, _starts, _teachers, _stages):
        for problem in check(recipe):
            raise BadConfig(problem)


def _length(recipe: Recipe) -> Iterator[str]:
    if recipe.iterations < 0:
        yield f"iterations = {recipe.iterations}: must be at least 0"
    if not (recipe.iterations or recipe.epochs or recipe.init):
        yield "iterations = 0: only a recipe that starts from trained weights can have none"


def _rates(recipe: Recipe) -> Iterator[str]:
    if recipe.iterations and not (recipe.lr > 0 and isfinite(recipe.lr)):
        yield f"lr = {recipe.lr:g}: must be more than 0"
    if not 0 <= recipe.ema < 1:
        yield f"ema = {recipe.ema:g}: must be at least 0 and less than 1"
    if not all(0 <= beta < 1 for beta in recipe.betas):
        yield f"betas = {recipe.betas}: both must be at least 0 and less than 1"
    if recipe.optimizer != "adam" and recipe.betas != (0.9, 0.99):
        yield f"betas = {recipe.betas}: only adam has them, and not {recipe.optimizer}"


def _numbers(recipe: Recipe) -> Iterator[str]:
    for name in _NOT_NEGATIVE:
        if not getattr(recipe, name) >= 0:
            yield f"{name} = {getattr(recipe, name):g}: must be at least 0"
    for name in ("patience", "early_stop", "discriminator"):
        if getattr(recipe, name) is not None and getattr(recipe, name) < 1:
            yield f"{name} = {getattr(recipe, name)}: must be at least 1"
    if not 0 < recipe.sigma[0] <= recipe.sigma[1]:
        yield f"sigma = {recipe.sigma}: must be two numbers above 0, the smaller one first"


def _starts(recipe: Recipe) -> Iterator[str]:
    if recipe.normalized and not set(COMPUTED) <= set(_options(recipe)):
        yield f"normalized: {recipe.model} has no options mean and deviation"
    if not recipe.init:
        for name in ("reduced_tail", "widened"):
            if getattr(recipe, name):
                yield f"{name}: needs `init`, whose weights it changes"
    if recipe.reduced_tail and recipe.widened:
        yield "widened: cannot be together with `reduced_tail`; give each a run of its own"


def _teachers(recipe: Recipe) -> Iterator[str]:
    given = [name for name in _TEACHERS if getattr(recipe, name)]
    if len(given) > 1:
        yield f"{given[0]}: cannot be together with `{given[1]}`; leave one of them empty"
    if recipe.ensemble not in (1, 4, 8):
        yield f"ensemble = {recipe.ensemble}: must be 1, 4 or 8"
    if not recipe.teacher_file:
        for name in ("denoised", "sharpened", "original"):
            if getattr(recipe, name):
                yield f"{name}: needs `teacher_file`, to whose output it belongs"
    if recipe.denoised and recipe.degradation not in RAW_NOISE:
        yield f"denoised: the degradation `{recipe.degradation}` has no noise that was never a JPEG"
    if recipe.coring and not recipe.sharpened:
        yield f"coring = {recipe.coring:g}: shrinks what `sharpened` adds, which is 0"


def _options(recipe: Recipe) -> list[str]:
    """The options of its network; none if that does not exist, which another check refuses."""
    known = MODELS.get(recipe.model)
    return [field.name for field in fields(known.config)] if known else []


def _stages(recipe: Recipe) -> Iterator[str]:
    ends = [stage.until for stage in recipe.stages]
    if recipe.iterations and (not ends or ends[-1] != 1.0 or ends != sorted(set(ends))):
        yield f"stages: `until` must rise to 1.0 in the last stage, and it is {ends}"
    for number, stage in enumerate(recipe.stages):
        for name in ("batch", "patch", "accumulate"):
            if getattr(stage, name) < 1:
                yield f"stages.{number}.{name} = {getattr(stage, name)}: must be at least 1"
        if not stage.loss:
            yield f"stages.{number}.loss: must name a loss, such as {{ l1 = 1.0 }}"
        if not 0 <= stage.clean < max(stage.batch, 1):
            yield f"stages.{number}.clean = {stage.clean}: must be less than the batch"
        if 2 * stage.border + stage.jitter >= stage.patch * recipe.scale:
            yield f"stages.{number}.border = {stage.border}: leaves nothing of a patch"
