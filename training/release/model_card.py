"""The model card: a Markdown file beside every exported network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import onnx

from sr_batch.bench.quality import Score
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.onnx_session import read_spec
from training.evaluate.cost import multiply_adds_720p
from training.losses.pixel import describe
from training.models import MODELS
from training.models.about import About
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

# Billion multiply-adds of espcn for a 1280x720 output, times the square of the scale.
_ESPCN_GMACS = 193


@dataclass(frozen=True)
class Facts:
    """What was measured on an exported file."""

    parameters: int
    gmacs_720p: float  # billion multiply-adds for a 1280x720 output
    lr_megapixels_per_second: float  # one thread
    processor: str
    parity: float  # largest difference between torch and ONNX Runtime
    bytes: int
    bicubic: Mapping[str, Score]
    fp32: Mapping[str, tuple[float, float]]  # scores of the fp32 file


@dataclass(frozen=True)
class Pictures:
    """Pictures in the folder of the card."""

    curve: Path
    examples: Path


def write_card(
    path: Path, spec: ModelSpec, about: About, training: str, facts: Facts, pictures: Pictures
) -> None:
    """Write the card of the file that ``spec`` describes to ``path``.

    ``training`` is the :func:`training_section` of the run.
    """
    sections = [
        *_opening(spec, about, facts.gmacs_720p),
        "## Quality\n\n" + _scores(spec, about, facts) + f"\n\n{spec.protocol}\n\n"
        f"![bicubic, {spec.name} and the original]({pictures.examples.name})",
        *_strengths_and_limits(about),
        "## Training\n\n" + training + f"\n\n![curve]({pictures.curve.name})",
        "## Data and licence\n\n" + f"{spec.data}\n\nLicence of the weights: {spec.licence}.",
        "## File\n\n" + _file_facts(spec, facts),
    ]
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def describe_again(path: Path) -> None:
    """Write into the card at ``path`` what the source says of its network now.

    What was measured and how it was trained stay as they are.
    """
    text, network = path.read_text(encoding="utf-8"), path.with_suffix(".onnx")
    spec = read_spec(network)
    about, gmacs = MODELS[spec.arch].about, multiply_adds_720p(onnx.load(network), spec.scale) / 1e9
    quality, training = text.index("## Quality"), text.index("## Training")
    measured = text[quality : text.index("## Strengths and limits")].rstrip()
    sections = [*_opening(spec, about, gmacs), measured, *_strengths_and_limits(about)]
    path.write_text("\n\n".join([*sections, text[training:]]), encoding="utf-8")


def _opening(spec: ModelSpec, about: About, gmacs_720p: float) -> Sequence[str]:
    """`sr-batch models` reads the two items of the list."""
    return (
        f"# {spec.name} x{spec.scale}{_suffix(spec)}",
        f"- For: {about.choice}\n- Speed: {speed_class(gmacs_720p, spec.scale)}",
        f"{about.title}. {about.summary}\n\nPaper: {about.paper}.",
    )


def _strengths_and_limits(about: About) -> Sequence[str]:
    return ("## Strengths and limits", about.strengths, about.limits)


def speed_class(gmacs_720p: float, scale: int) -> str:
    """``fast``, ``medium`` or ``slow``, by the multiply-adds for each pixel of the input.

    On one thread, the time of a network as a multiple of that of espcn is near this ratio.
    """
    multiple = gmacs_720p * scale**2 / _ESPCN_GMACS
    return "fast" if multiple < 1.5 else "medium" if multiple < 4 else "slow"


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
        f"{_length(recipe, record)} of {_OPTIMIZERS[recipe.optimizer].format(adam=adam)}, learning "
        f"rate {recipe.lr:g} after {recipe.warmup} of warm-up, {_schedule(recipe)}, "
        f"{f'gradient clipped at {recipe.clip:g}' if recipe.clip else 'gradient not clipped'}, "
        f"{f'weights averaged with decay {recipe.ema:g}' if recipe.ema else 'weights not averaged'}"
        f"; {_TURNS[recipe.turns]}."
    )


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
    if recipe.leaves:
        yield (
            f"{recipe.leaves} dead-leaves pictures, made from the photographs by "
            "`training/data/dead_leaves.py`, were added to them."
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
    yield f"The target was the output of {name} for the LR of each batch."
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


def _suffix(spec: ModelSpec) -> str:
    return "" if spec.precision == "fp32" else f", {spec.precision}"


def _scores(spec: ModelSpec, about: About, facts: Facts) -> str:
    lines = ["PSNR-Y in dB / SSIM.", "", "| set | bicubic | this network | published PSNR |"]
    lines.append("|---|---|---|---|")
    published = about.published.get(spec.scale, {})
    for name, (psnr, ssim) in spec.scores.items():
        base = facts.bicubic[name]
        paper = f"{published[name]:.2f}" if name in published else "-"
        lines.append(
            f"| {name} | {base.psnr:.2f} / {base.ssim:.4f} | {psnr:.2f} / {ssim:.4f} | {paper} |"
        )
    if spec.precision != "fp32":
        losses = (
            f"{facts.fp32[name][0] - spec.scores[name][0]:.3f} ({name})" for name in spec.scores
        )
        lines += ["", f"Loss against fp32 in dB: {', '.join(losses)}."]
    return "\n".join(lines)


def _schedule(recipe: Recipe) -> str:
    if recipe.schedule == "cosine":
        return f"cosine to {recipe.final_lr:g}"
    if recipe.schedule == "step" and not recipe.drops:
        return "held"
    if recipe.schedule == "step":
        return "a tenth of it after " + ", ".join(f"{drop:.0%}" for drop in recipe.drops)
    watched = "" if recipe.plateau_on == "psnr" else f" in {recipe.plateau_on}"
    return f"halved after {recipe.patience} checkpoints without a gain{watched}"


def _file_facts(spec: ModelSpec, facts: Facts) -> str:
    return "\n".join(
        [
            f"- {facts.parameters / 1e3:.0f} thousand parameters, {facts.bytes / 2**20:.1f} MiB, "
            f"{spec.precision}, {'RGB' if spec.color == 'rgb' else 'luma only'}",
            f"- {facts.gmacs_720p:.1f} G multiply-adds for a 1280x720 output; "
            f"{facts.lr_megapixels_per_second:.3f} LR megapixels per second on one thread "
            f"({facts.processor})",
            f"- receptive field {spec.receptive_field} LR pixels, tile overlap {spec.overlap}: "
            "tiled 8-bit output differs by at most 1 level on at most 1e-5 of the samples",
            f"- bound of `--verify`: at least {spec.consistency:g} dB between an output and its "
            "input, both reduced to the same size",
            f"- torch and ONNX Runtime differ by at most {facts.parity:.1e} on odd sizes, in fp32",
            f"- exported from commit {spec.commit}",
        ]
    )
