"""What a run strives for: the losses its recipe names, with the networks that some of them need."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sr_batch.errors import did_you_mean
from training.adversary import Adversary
from training.features import VGG19, Perceptual, load_squeezenet
from training.losses import LOSSES, Loss, Weights, consistency, mesh, total
from training.models import BadConfig
from training.recipe import Recipe

NAMES = (*LOSSES, "consistency", "mesh", "perceptual", "vgg", "adversarial")


@dataclass(frozen=True)
class Objective:
    """Losses by name. The adversary, if there is one, learns beside the network."""

    losses: dict[str, Loss]
    adversary: Adversary | None

    def __call__(self, weights: Weights, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """The weighted sum, a scalar, of SR and HR (B, C, H, W), 0..1."""
        return total(weights, self.losses)(sr, hr)

    def learn(self, weights: Weights, sr: torch.Tensor, hr: torch.Tensor) -> None:
        """Let the adversary have its turn, in stages in which it counts."""
        if self.adversary and "adversarial" in weights:
            self.adversary.learn(sr, hr)

    def state_dict(self) -> dict[str, Any]:
        return self.adversary.state_dict() if self.adversary else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.adversary:
            self.adversary.load_state_dict(state)


def make_objective(recipe: Recipe, features: Path, device: torch.device) -> Objective:
    """The losses of all stages of ``recipe``; ``features`` is the SqueezeNet file.

    Raises:
        BadConfig: there is no such loss, or no torchvision for ``vgg``.
        FileNotFoundError: there are no features for ``perceptual``.
    """
    names = {name for stage in recipe.stages for name in stage.loss} | set(recipe.original)
    _require_known(names)
    losses = LOSSES | {
        "consistency": consistency(recipe.scale),
        "mesh": mesh(recipe.scale),
    }
    if "perceptual" in names:
        perceptual = Perceptual(load_squeezenet(features)).to(device)
        # A quarter less time on a CPU.
        losses["perceptual"] = perceptual.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if "vgg" in names:
        losses["vgg"] = Perceptual(VGG19()).to(device)
    adversary = Adversary(recipe.lr, device) if "adversarial" in names else None
    if adversary:
        losses["adversarial"] = adversary.deceive
    return Objective(losses, adversary)


def _require_known(names: Iterable[str]) -> None:
    for name in names:
        if name not in NAMES:
            question = did_you_mean(name, NAMES)
            raise BadConfig(f"no loss is called {name}: {question}There are {', '.join(NAMES)}")
