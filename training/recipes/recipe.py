"""The description of a training run: frozen values, written with every run and in every card."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from training.data.degrade import SIGMA
from training.data.sources import Data
from training.losses.pixel import Weights

Kind = Literal["bicubic", "area", "blur", "blind", "light", "raw", "worn", "varied", "photo"]
"""How LR is made from HR."""

Turns = Literal["all", "flips", "rotations", "none"]
"""Which of the eight flips and rotations of the square a patch may have."""

Start = Literal["own", "glorot", "orthogonal"]
"""How the weights of convolutions begin."""

Quantity = Literal["psnr", "ssim", "loss", "validation_loss"]
"""A figure of a checkpoint: of the monitored pictures, or the mean training loss since the last."""


COMPUTED = ("mean", "deviation")
"""Options of a network that ``normalized`` computes."""


@dataclass(frozen=True)
class Stage:
    """One part of a run, with its own patches and loss.

    Attributes:
        until: Fraction of all iterations at which it ends.
        batch: Patches per pass.
        patch: LR pixels a side at the recipe's scale. Further scales have the same HR pixels.
        loss: Names and weights of losses. With a weight of 0 for ``adversarial``, the
            discriminator learns and the network does not see it yet.
        accumulate: Passes whose gradients are averaged for one step.
        border: HR pixels on each side of a patch that the loss ignores.
        jitter: Largest number of further HR pixels that the loss ignores at the top and on the
            left, drawn at random for each batch. A perceptual loss has strides: without jitter it
            always sees the same phase of the shuffle, and a grid of dots costs nothing.
        clean: Number of patches in each pass, fewer than ``batch``, whose LR stays bicubic
            whatever the degradation. Their target is HR, also in a run with a ``teacher_file``.
    """

    until: float
    batch: int
    patch: int
    loss: Weights
    accumulate: int = 1
    border: int = 0
    jitter: int = 0
    clean: int = 0


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Attributes:
        model: Name of the network, in the table of ``training.models``.
        scale: Scale of the network, and of the monitored PSNR.
        iterations: Optimizer steps; 0 if the weights of ``init`` are only rounded.
        epochs: Passes over the tiles of the corpus. If it is not 0, ``iterations`` follows from it
            and from the first stage: an epoch has as many patches as there are tiles.
        lr: Learning rate after the warm-up, if there is one.
        stages: Parts of the run, in order.
        model_options: Fields of the network's ``Config``.
        init: Recipe, or file of PyTorch weights, that this one starts from where the shapes match.
        normalized: Whether the network's options ``mean`` and ``deviation`` are computed from the
            training pictures when the run starts.
        start: How convolutions begin without ``init``: ``own`` as their network defines; ``glorot``
            uniform or ``orthogonal``, with biases of 0, as in Keras.
        quantized: Whether it trains with the rounding of int8.
        equalized: Whether its channels are equalized before that.
        unrounded: Inner layers that stay in float, because their rounding would be visible.
        scales: Further scales for the same weights; each batch has a random one.
        teachers: Recipes whose networks give a second target, each at its own scale.
        ensemble: Flips and rotations that a teacher's output is averaged over: 1, 4 or 8.
        teaching: Weight of that target, relative to HR.
        teacher_file: An ncnn network in the data's ``teachers/``. Its output for the LR of each
            batch, computed at every step, is the target instead of HR.
        denoised: Whether that teacher sees LR without the noise that was never a JPEG, so that the
            network learns to remove it.
        sharpened: Amount of an unsharp mask on that output; 0 for none.
        coring: Levels of 255 by which that mask moves each difference towards 0, to spare grain.
        original: Losses against HR, added to those against the output of ``teacher_file``.
        lessons_file: Weights of SMFANet+ in the data's ``teachers/``. Its output for the corpus is
            computed once, and is the second target that ``teaching`` weighs.
        reduced_tail: Whether the last layer starts as that of ``init``, a network of a larger
            scale, with its output reduced to ``scale`` by means over areas.
        widened: Whether it starts as the same function as ``init``, which has fewer channels or
            blocks.
        discriminator: Channels of the first layer of the discriminator, for ``adversarial``.
        patterns: Number of patterns of single pixels added to them.
        data: The pictures that it learns from and is monitored on. None takes the image sets of the
            released networks, or the pictures of the data folder if it is any other folder.
        photographs: Whether the pictures of ``train-photos`` are added to the corpus.
        degradation: How LR is made from HR: ``bicubic``, ``area``, ``blur``, ``blind``, ``light``,
            ``raw``, ``worn``, ``varied`` or ``photo``.
        sigma: Least and largest sigma of ``blur``, in HR pixels; equal for a fixed one.
        turns: How patches are turned at random: ``all`` eight flips and rotations, only ``flips``,
            only ``rotations``, or ``none``.
        optimizer: ``adam``; ``muon`` with Adam for the first and the last layer;
            ``muon+first`` with Adam for the last layer only; ``sgd`` with momentum 0.9.
        betas: Decays of Adam's two running means, for ``adam`` only.
        rates: Prefix of a parameter's name -> factor of its learning rate.
        schedule: After the warm-up: ``cosine`` to ``final_lr``; ``step``, to a tenth at each of
            ``drops``. Without a warm-up: ``plateau``, to a half after ``patience`` checkpoints
            without a gain.
        drops: Fractions of the run at which ``step`` lowers the rate.
        patience: Checkpoints without a gain before ``plateau`` lowers the rate.
        plateau_on: What ``plateau`` watches: ``psnr``, ``ssim``, ``loss`` or ``validation_loss``.
        early_stop: Checkpoints without a gain after which the run ends with its best weights.
        stop_on: What ``early_stop`` watches.
        best_on: What the best weights have the best value of. They are always kept, in ``best.pt``
            of a run that may stop early, and in ``best_so_far.pt`` of any other.
        warmup: Iterations over which the learning rate rises linearly; ``plateau`` ignores it.
        final_lr: Learning rate at the end of ``cosine``.
        ema: Final decay of the averaged weights; 0 for no average.
        clip: Largest norm of the gradient; 0 for no limit.
        seed: Seed of the random numbers.
        remark: What the other fields do not say, for the card.
    """

    model: str
    scale: int
    iterations: int
    lr: float
    stages: tuple[Stage, ...]
    model_options: dict[str, Any] = field(default_factory=dict)
    epochs: int = 0
    init: str | None = None
    normalized: bool = False
    start: Start = "own"
    quantized: bool = False
    equalized: bool = True
    unrounded: tuple[str, ...] = ()
    scales: tuple[int, ...] = ()
    teachers: tuple[str, ...] = ()
    ensemble: int = 1
    teaching: float = 1.0
    teacher_file: str = ""
    denoised: bool = False
    sharpened: float = 0.0
    coring: float = 0.0
    original: Weights = field(default_factory=dict)
    lessons_file: str = ""
    reduced_tail: bool = False
    widened: bool = False
    discriminator: int = 64
    patterns: int = 0
    data: Data | None = None
    photographs: bool = False
    degradation: Kind = "bicubic"
    sigma: tuple[float, float] = SIGMA
    turns: Turns = "all"
    optimizer: Literal["adam", "muon", "muon+first", "sgd"] = "adam"
    betas: tuple[float, float] = (0.9, 0.99)
    rates: Mapping[str, float] = field(default_factory=dict)
    schedule: Literal["cosine", "step", "plateau"] = "cosine"
    drops: tuple[float, ...] = (0.5, 0.75, 0.9)
    patience: int = 3
    plateau_on: Quantity = "psnr"
    early_stop: int | None = None
    stop_on: Quantity = "psnr"
    best_on: Quantity = "psnr"
    warmup: int = 200
    final_lr: float = 1e-6
    ema: float = 0.999
    clip: float = 1.0
    seed: int = 1
    remark: str = ""


def settled_as(ran: Recipe, plan: Recipe) -> Recipe:
    """``ran`` with what a run computes from its pictures as in ``plan``, to compare both."""
    if plan.epochs:
        ran = replace(ran, iterations=plan.iterations)
    if plan.normalized:
        known = {name: plan.model_options.get(name) for name in COMPUTED}
        others = {key: each for key, each in ran.model_options.items() if key not in COMPUTED}
        given = {name: value for name, value in known.items() if value is not None}
        ran = replace(ran, model_options={**others, **given})
    return ran


def passes_of(recipe: Recipe, tiles: int) -> int:
    """Iterations of one epoch: as many patches as there are ``tiles``."""
    first = recipe.stages[0]
    return -(-tiles // (first.batch * first.accumulate))


def stage_at(recipe: Recipe, iteration: int) -> Stage:
    """The stage at ``iteration``."""
    done = iteration / recipe.iterations
    return next(stage for stage in recipe.stages if done < stage.until)


def patch_at(recipe: Recipe, stage: Stage, scale: int) -> int:
    """LR pixels a side of a patch at ``scale``; in HR pixels it is equal at all scales."""
    return stage.patch * recipe.scale // scale


def at_each_scale(recipe: Recipe) -> Iterator[Recipe]:
    """``recipe`` once for each of its scales, with the others as further scales."""
    every = (recipe.scale, *recipe.scales)
    for scale in every:
        others = tuple(other for other in every if other != scale)
        stages = tuple(
            replace(stage, patch=patch_at(recipe, stage, scale)) for stage in recipe.stages
        )
        yield replace(recipe, scale=scale, scales=others, stages=stages)


def differences(old: Recipe, new: Recipe) -> dict[str, tuple[Any, Any]]:
    """Name of a field -> its values in ``old`` and ``new``, where they differ."""
    pairs = {name: (value, getattr(new, name)) for name, value in vars(old).items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
