"""Descriptions of recipes, for people who choose or start one."""

from collections.abc import Iterator

from training.losses.pixel import describe
from training.recipes.recipe import Recipe, Stage


def summary(recipe: Recipe) -> str:
    """One line: network, scales, length, origin."""
    scales = ", ".join(f"x{scale}" for scale in (recipe.scale, *recipe.scales))
    if not recipe.iterations and recipe.init:
        return f"{recipe.model} {scales}: {recipe.init}, rounded to int8"
    origin = f", from {recipe.init}" if recipe.init else ""
    rounded = ", with the rounding of int8" if recipe.quantized else ""
    return f"{recipe.model} {scales}: {_length(recipe)}{origin}{rounded}"


def plan_lines(recipe: Recipe) -> Iterator[str]:
    """The main facts of a recipe, a line each: ``learning rate  0.001, ...``."""
    yield _line("network", _network(recipe))
    yield _line("starts from", recipe.init or _new_weights(recipe))
    yield _line("length", _length(recipe))
    if recipe.iterations:
        yield _line("optimizer", f"{recipe.optimizer}, {_rate(recipe)}")
    for number, stage in enumerate(recipe.stages):
        yield _line("stages" if number == 0 else "", _stage(stage, recipe.scale))
    yield _line("LR", _degradation(recipe))
    if any(teachers := (*recipe.teachers, recipe.teacher_file, recipe.lessons_file)):
        yield _line("teachers", ", ".join(filter(None, teachers)))
    if recipe.early_stop:
        gain = f"checkpoints without a gain in {recipe.stop_on}"
        yield _line("stops early", f"after {recipe.early_stop} {gain}")


def _line(title: str, text: str) -> str:
    return f"  {title:12} {text}"


def _network(recipe: Recipe) -> str:
    scales = ", ".join(f"x{scale}" for scale in (recipe.scale, *recipe.scales))
    options = ", ".join(f"{name} {value}" for name, value in recipe.model_options.items())
    return f"{recipe.model} {scales}{f' ({options})' if options else ''}"


def _new_weights(recipe: Recipe) -> str:
    return "new weights" if recipe.start == "own" else f"new weights ({recipe.start})"


def _length(recipe: Recipe) -> str:
    if recipe.epochs:
        return f"{recipe.epochs} epochs"
    return f"{recipe.iterations:,} iterations"


def _rate(recipe: Recipe) -> str:
    rate = f"learning rate {recipe.lr:g}"
    if recipe.schedule == "cosine":
        return f"{rate}, by a cosine to {recipe.final_lr:g}"
    if recipe.schedule == "plateau":
        gain = f"checkpoints without a gain in {recipe.plateau_on}"
        return f"{rate}, halved after {recipe.patience} {gain}"
    drops = ", ".join(f"{drop:.0%}" for drop in recipe.drops)
    return f"{rate}, a tenth after {drops}" if drops else f"{rate}, constant"


def _stage(stage: Stage, scale: int) -> str:
    passes = f" x {stage.accumulate} passes" if stage.accumulate > 1 else ""
    side = stage.patch * scale
    return (
        f"to {stage.until:.0%}: {stage.batch} patches{passes} of {stage.patch}x{stage.patch} LR "
        f"({side}x{side} HR), loss {describe(stage.loss)}"
    )


def _degradation(recipe: Recipe) -> str:
    return f"{recipe.degradation}, turns: {recipe.turns}"
