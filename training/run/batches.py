"""What a step sees: random patches, with LR by the degradation of the recipe, and their targets."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from training.data.corpus import Corpus
from training.data.degrade import degradation
from training.data.patches import Batch, sample
from training.data.sharpen import SIGMA, sharpened
from training.recipes.recipe import Recipe, Stage, patch_at
from training.run.team import Team

Corpora = Mapping[int, Corpus]
"""Scale -> its corpus."""


@dataclass(frozen=True)
class Drawn:
    """The patches of one pass that this process computes.

    Attributes:
        scale: HR side / LR side.
        lr: What the network reads: (B, C, H, W), 0..1, channels_last.
        shown: What a teacher reads: the same, or without raw noise if the recipe is ``denoised``.
        batch: The targets. Its own LR is always bicubic.
        clean: Number of patches, the first ones, whose ``lr`` is bicubic whatever the degradation.
    """

    scale: int
    lr: torch.Tensor
    shown: torch.Tensor
    batch: Batch
    clean: int


def draw(
    plan: Recipe, stage: Stage, corpora: Corpora, generator: torch.Generator, team: Team
) -> Drawn:
    """Random patches at one of the recipe's scales.

    Every process draws and degrades all of them, so that the random numbers stay the same in all,
    and keeps its share.
    """
    scales = (plan.scale, *plan.scales)
    drawn = int(torch.randint(len(scales), (), generator=generator)) if scales[1:] else 0
    scale = scales[drawn]
    patch = patch_at(plan, stage, scale)
    batch = sample(corpora[scale], stage.batch, patch, generator, plan.turns)
    share = team.share(stage.batch)
    quiet = None
    if plan.denoised:  # from the same random numbers
        twin = generator.clone_state()
        quiet = _ready(degraded(plan, batch, stage.clean, scale, twin, noise=0)[share])
    lr = _ready(degraded(plan, batch, stage.clean, scale, generator)[share])
    own = Batch(
        batch.lr[share], batch.hr[share], None if batch.taught is None else batch.taught[share]
    )
    clean = min(max(stage.clean - share.start, 0), share.stop - share.start)
    return Drawn(scale, lr, lr if quiet is None else quiet, own, clean)


def _ready(lr: torch.Tensor) -> torch.Tensor:
    """``lr`` in the layout that is a fifth faster, also in fp32."""
    return lr.to(memory_format=torch.channels_last)


def degraded(
    plan: Recipe,
    batch: Batch,
    clean: int,
    scale: int,
    generator: torch.Generator,
    noise: float = 1.0,
) -> torch.Tensor:
    """LR of ``batch`` by the degradation of ``plan``, bicubic for the ``clean`` first.

    ``noise`` is a factor of its raw noise.
    """
    if plan.degradation == "bicubic":
        return batch.lr
    degrade = degradation(plan.degradation, plan.sigma, noise)
    return torch.cat([batch.lr[:clean], degrade(batch.hr[clean:], scale, generator)])


@torch.no_grad()
def taught(
    teacher: nn.Module,
    lr: torch.Tensor,
    hr: torch.Tensor,
    clean: int,
    amount: float = 0.0,
    coring: float = 0.0,
) -> torch.Tensor:
    """HR for the ``clean`` first patches, and the output of ``teacher`` for the LR of the others.

    LR is (B, C, H, W), 0..1; HR and the result are (B, C, H*s, W*s), 0..1. A teacher of a larger
    scale is reduced to it. Its output is sharpened by ``amount``, with ``coring``.
    """
    if clean == len(lr):
        return hr
    output = teacher(lr[clean:]).float().clamp(0, 1)
    if output.shape[-2:] != hr.shape[-2:]:
        output = F.interpolate(output, hr.shape[-2:], mode="bicubic", antialias=True).clamp(0, 1)
    if amount:
        output = sharpened(output, amount, SIGMA * hr.shape[-1] / lr.shape[-1], coring)
    return torch.cat([hr[:clean], output])
