"""What a training run is: small frozen values, printed with every run and in every card."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from training.losses import Weights

Kind = Literal["bicubic", "area", "blur", "blind", "light", "photo"]
"""Of how LR is made of HR."""


@dataclass(frozen=True)
class Stage:
    """One stretch of a run.

    Attributes:
        until: Fraction of all iterations at which it ends.
        batch: Patches in one pass.
        patch: LR pixels a side, at the recipe's scale; at its further scales as many HR pixels.
        loss: Names and weights of losses.
        accumulate: Passes whose gradients are averaged for one step.
        border: HR pixels at each side of a patch that no loss sees.
        jitter: Up to so many HR pixels more at the top and at the left, drawn at random for each
            batch. A perceptual loss has strides: if it always sees the same phase of the shuffle,
            a grid of dots costs nothing.
    """

    until: float
    batch: int
    patch: int
    loss: Weights
    accumulate: int = 1
    border: int = 0
    jitter: int = 0


@dataclass(frozen=True)
class Recipe:
    """A run.

    Attributes:
        model: A name of the table of networks.
        scale: Of the network, and of what is monitored.
        iterations: Optimizer steps; none, where what it starts from bears rounding as it is.
        lr: Learning rate after the warm-up.
        stages: What changes on the way.
        model_options: Fields of the network's configuration.
        init: Recipe whose weights this one starts from, where the shapes agree.
        quantized: Whether it is rounded as it learns, for int8.
        equalized: Whether its channels are made alike before that.
        unrounded: Inner layers that stay in float, as what they lose would go into the picture.
        scales: Further scales that the same weights learn, drawn at random for each batch.
        teachers: Recipes whose networks' output is a second target, each at its own scale.
        ensemble: Of how many turned inputs a teacher's output is the mean: 1, 4 or 8.
        teaching: Weight of that target, in the losses of the stage.
        teacher_file: An ncnn network under the data's ``teachers/`` whose output for the LR of each
            batch, computed at every step, is the target instead of HR.
        original: Losses against HR beside those against that target.
        leaves: Pictures of dead leaves beside the photographs.
        photographs: Whether the pictures of ``train-photos`` are learnt from, too.
        degradation: How LR is made of HR: ``bicubic``, ``area``, ``blur``, ``blind``, ``light`` or
            ``photo``.
        optimizer: ``adam`` (0.9, 0.99); ``muon`` with Adam at both ends, or, as ``muon+first``,
            at the last layer alone; or ``sgd`` with momentum 0.9.
        rates: Beginning of a parameter's name -> factor of its learning rate.
        schedule: After the warm-up: ``cosine`` to ``final_lr``; ``step``, a tenth at each of
            ``drops``; ``plateau``, half whenever ``patience`` checkpoints brought no gain.
        drops: Fractions of the run.
        patience: Checkpoints.
        early_stop: Checkpoints without a gain that end the run; the best weights are the result.
        warmup: Iterations of linear increase.
        final_lr: Of the cosine.
        ema: Decay of the averaged weights, once it has grown to that.
        clip: Largest norm of the gradient.
        seed: Of the random numbers.
        remark: What the other fields do not say.
    """

    model: str
    scale: int
    iterations: int
    lr: float
    stages: tuple[Stage, ...]
    model_options: dict[str, Any] = field(default_factory=dict)
    init: str | None = None
    quantized: bool = False
    equalized: bool = True
    unrounded: tuple[str, ...] = ()
    scales: tuple[int, ...] = ()
    teachers: tuple[str, ...] = ()
    ensemble: int = 1
    teaching: float = 1.0
    teacher_file: str = ""
    original: Weights = field(default_factory=dict)
    leaves: int = 0
    photographs: bool = False
    degradation: Kind = "bicubic"
    optimizer: Literal["adam", "muon", "muon+first", "sgd"] = "adam"
    rates: Mapping[str, float] = field(default_factory=dict)
    schedule: Literal["cosine", "step", "plateau"] = "cosine"
    drops: tuple[float, ...] = (0.5, 0.75, 0.9)
    patience: int = 3
    early_stop: int | None = None
    warmup: int = 200
    final_lr: float = 1e-6
    ema: float = 0.999
    clip: float = 1.0
    seed: int = 1
    remark: str = ""


def stage_at(recipe: Recipe, iteration: int) -> Stage:
    """The stage that ``iteration`` falls in."""
    done = iteration / recipe.iterations
    return next(stage for stage in recipe.stages if done < stage.until)


def patch_at(recipe: Recipe, stage: Stage, scale: int) -> int:
    """LR pixels a side of a patch at one of the recipe's scales: as many HR pixels at each."""
    return stage.patch * recipe.scale // scale


def at_each_scale(recipe: Recipe) -> Iterator[Recipe]:
    """``recipe`` as each of its scales sees it, the others as its further ones."""
    every = (recipe.scale, *recipe.scales)
    for scale in every:
        others = tuple(other for other in every if other != scale)
        stages = tuple(
            replace(stage, patch=patch_at(recipe, stage, scale)) for stage in recipe.stages
        )
        yield replace(recipe, scale=scale, scales=others, stages=stages)
