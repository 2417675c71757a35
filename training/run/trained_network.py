"""Networks with the weights that recipes gave them, and what can be said of them unmeasured."""

from dataclasses import dataclass

import torch
from torch import nn

from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.session import Batch
from training.models import build, configure
from training.models.rewrite import rewrite
from training.recipes.recipe import Recipe
from training.run.checkpoint import State
from training.run.source_commit import source_commit

PROTOCOL = (
    "PSNR-Y and SSIM on BT.601 studio-range Y, border of `scale` pixels left out, antialiased "
    "bicubic LR (8-bit for RGB networks, float for Y networks), output rounded to 8 bit"
)
LICENCE = "CC BY-SA 4.0"
DATA = (
    "584 pictures, 79 megapixels: CID22 training pictures (CC BY-SA 4.0), CLIC (Unsplash licence), "
    "open-licence photographs (CC0, public domain, CC BY, CC BY-SA, Unsplash, Pexels) and gb82 "
    "(CC0); no BSDS image"
)


@dataclass(frozen=True)
class NetSession:
    """A network on its way through training, to be looked at as an exported one is."""

    net: nn.Module
    spec: ModelSpec
    provider: str = "torch"

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> Batch:
        device = next(self.net.parameters()).device
        sr: Batch = self.net(torch.from_numpy(batch).to(device)).float().cpu().numpy()
        return sr


def network(recipe: Recipe, weights: State) -> nn.Module:
    """The network of ``recipe`` with the ``weights`` it learnt."""
    net = build(recipe.model, recipe.scale, recipe.model_options)
    net.load_state_dict(dict(weights))
    return net.eval()


def starting_weights(recipe: Recipe, source: Recipe, weights: State) -> State:
    """``weights`` of ``source`` as ``recipe`` takes them over: collapsed for a direct tail."""
    if recipe.model_options.get("tail") != "direct":
        return weights
    return rewrite(network(source, weights)).state_dict()


def draft_spec(recipe: Recipe) -> ModelSpec:
    """The contract of a network of ``recipe`` before anything is measured."""
    return ModelSpec(
        name=recipe.model,
        arch=recipe.model,
        scale=recipe.scale,
        color=configure(recipe.model, recipe.scale, recipe.model_options).color,
        multiple=1,
        receptive_field=1,
        overlap=0,
        precision="fp32",
        protocol=PROTOCOL,
        licence=LICENCE,
        data=DATA,
        commit=source_commit(),
    )
