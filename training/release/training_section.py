"""How a network was trained, as the section of its model card."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from training.losses.pixel import describe
from training.recipes import RECIPES
from training.recipes.recipe import COMPUTED, Quantity, Recipe, differences
from training.run.record import Record

_OPTIMIZERS = {
    "adam": "{adam}",
    "muon": "Muon (0.95), {adam} for the first and the last layer",
    "muon+first": "Muon (0.95), {adam} for the last layer",
    "sgd": "SGD with momentum 0.9",
}

_TURNS = {
    "all": "eight flips and rotations",
    "flips": "random flips",
    "rotations": "random rotations by 90 degrees",
    "none": "no flips or rotations",
}

_QUANTITIES: Mapping[Quantity, str] = {
    "psnr": "PSNR",
    "ssim": "SSIM",
    "loss": "training loss",
    "validation_loss": "validation loss",
}


def training_section(recipe: Recipe, record: Record | None = None) -> str:
    """How the weights of ``recipe`` were trained, in Markdown.

    With the ``record`` of the run, it says what ran; else it trusts the recipe.
    """
    if not recipe.iterations and recipe.init:
        origin = f"The weights of `{Path(recipe.init).name}`, rounded without further training."
        return "\n".join([origin, *_unrounded(recipe), *_origin(recipe.init)])
    lines = [_optimization(recipe, record), *_targets(recipe), *_details(recipe)]
    lines += [*_history(record), *_unrounded(recipe)]
    return "\n".join([*lines, _stages(recipe)])


def _origin(init: str) -> Iterator[str]:
    """How the recipe ``init`` was trained; nothing for a file of weights."""
    if init in RECIPES:
        yield f"\nHow `{init}` was trained: {training_section(RECIPES[init])}"


def _optimization(recipe: Recipe, record: Record | None) -> str:
    adam = f"Adam ({recipe.betas[0]:g}, {recipe.betas[1]:g})"
    return (
        f"{_length(recipe, record)} of {_OPTIMIZERS[recipe.optimizer].format(adam=adam)}, "
        f"learning rate {recipe.lr:g}{_warm_up(recipe)}, {_schedule(recipe)}, "
        f"{f'gradient clipped at {recipe.clip:g}' if recipe.clip else 'gradient not clipped'}, "
        f"{f'weights averaged with decay {recipe.ema:g}' if recipe.ema else 'weights not averaged'}"
        f"; {_TURNS[recipe.turns]}."
    )


def _warm_up(recipe: Recipe) -> str:
    has_one = recipe.warmup and recipe.schedule != "plateau"
    return f" after {recipe.warmup} of warm-up" if has_one else ""


def _length(recipe: Recipe, record: Record | None) -> str:
    if record is None or record.iterations >= recipe.iterations:
        return f"{recipe.iterations} iterations"
    return f"{record.iterations} of {recipe.iterations} planned iterations"


def _history(record: Record | None) -> Iterator[str]:
    """What differed from the recipe while it ran."""
    if record is None:
        return
    for leg, later in pairwise(record.legs):
        if changes := differences(leg.recipe, record.recipe):
            yield (
                f"Iterations {leg.begin} to {later.begin} ran with other settings: "
                f"{', '.join(f'{name} {old}' for name, (old, _) in changes.items())}."
            )
    if record.kept != record.iterations:
        by = _QUANTITIES[record.recipe.best_on]
        yield f"These are the weights of iteration {record.kept}, the best of the run by its {by}."


def _targets(recipe: Recipe) -> Iterator[str]:
    """What the network learned from, where that is more than photographs and their bicubic LR."""
    if recipe.degradation != "bicubic":
        yield f"LR by the `{recipe.degradation}` degradation of `training/data/degrade.py`."
    if recipe.teacher_file:
        yield from _outside_teacher(recipe)
    if recipe.lessons_file:
        name = Path(recipe.lessons_file).stem
        yield f"The output of {name} was a second target of weight {recipe.teaching:g}."
    if recipe.patterns:
        yield (
            f"{recipe.patterns} patterns of single pixels, made by "
            "`training/data/patterns.py`, were added to the photographs."
        )
    if recipe.scales:
        scales = " and ".join(f"x{scale}" for scale in (recipe.scale, *recipe.scales))
        yield f"The same weights were trained for {scales}."
    if recipe.teachers:
        names = " and ".join(f"`{name}`" for name in recipe.teachers)
        turned = f", averaged over {recipe.ensemble} turned inputs," if recipe.ensemble > 1 else ""
        yield f"The output of {names}{turned} was a second target of weight {recipe.teaching:g}."


def _outside_teacher(recipe: Recipe) -> Iterator[str]:
    name = Path(recipe.teacher_file).stem
    quiet = " without the noise that was never a JPEG" if recipe.denoised else ""
    sharper = f", sharpened by an unsharp mask of {recipe.sharpened:g}" if recipe.sharpened else ""
    sharper += f" with a coring of {recipe.coring:g} levels" if recipe.coring else ""
    yield f"The target was the output of {name} for the LR of each batch{quiet}{sharper}."
    if any(stage.clean for stage in recipe.stages):
        clean = " and ".join(f"{stage.clean} of {stage.batch}" for stage in recipe.stages)
        yield f"Of each batch, {clean} patches stayed clean, and their target was the original."
    if recipe.original:
        yield f"For all patches, {describe(recipe.original)} against the original was added."


def _details(recipe: Recipe) -> Iterator[str]:
    if recipe.rates:
        rates = ", ".join(f"{factor:g} in `{part}`" for part, factor in recipe.rates.items())
        yield f"Some layers had a fraction of the learning rate: {rates}."
    if recipe.normalized:
        mean, deviation = (recipe.model_options.get(name, 0) for name in COMPUTED)
        yield (
            f"Values were normalized by the mean {mean:g} and the deviation {deviation:g} of the "
            "training pictures."
        )
    if recipe.start != "own" and not recipe.init:
        yield f"Its convolutions started as in Keras ({recipe.start})."
    if recipe.init:
        yield f"Started from the weights of `{Path(recipe.init).name}`."
    if recipe.remark:
        yield recipe.remark
    if recipe.quantized:
        yield "Trained with the rounding of the int8 file."


def _unrounded(recipe: Recipe) -> Iterator[str]:
    if recipe.unrounded:
        layers = ", ".join(f"`{name}`" for name in recipe.unrounded)
        yield f"Kept in float besides the first and the last layer: {layers}."


def _stages(recipe: Recipe) -> str:
    rows = [
        f"| {s.until:.0%} | {s.batch} | {s.patch}x{s.patch} | {describe(s.loss)} |"
        for s in recipe.stages
    ]
    return "\n".join(["\n| until | batch | LR patch | loss |\n|---|---|---|---|", *rows])


def _schedule(recipe: Recipe) -> str:
    if recipe.schedule == "cosine":
        return f"cosine to {recipe.final_lr:g}"
    if recipe.schedule == "step" and not recipe.drops:
        return "held"
    if recipe.schedule == "step":
        return "a tenth of it after " + ", ".join(f"{drop:.0%}" for drop in recipe.drops)
    watched = "" if recipe.plateau_on == "psnr" else f" in {recipe.plateau_on}"
    return f"halved after {recipe.patience} checkpoints without a gain{watched}"
