"""The loss of a whole run: the losses that its stages name, with the networks that some need."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.losses.adversarial import Adversary
from training.losses.perceptual import VGG19, Perceptual, load_squeezenet
from training.losses.pixel import LOSSES, Loss, Weights, consistency, mesh, total
from training.models import BadConfig, nearest

NAMES = (*LOSSES, "consistency", "mesh", "perceptual", "vgg", "adversarial")


@dataclass(frozen=True)
class Objective:
    """Losses by name, and the discriminator that trains beside the network if there is one."""

    losses: dict[str, Loss]
    adversary: Adversary | None

    def __call__(self, weights: Weights, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """The weighted sum of losses, a scalar, for SR and HR (B, C, H, W), 0..1."""
        return total(weights, self.losses)(sr, hr)

    def learn(self, weights: Weights, sr: torch.Tensor, hr: torch.Tensor) -> None:
        """Train the discriminator for one step, in stages whose loss includes it."""
        if self.adversary and "adversarial" in weights:
            self.adversary.learn(sr, hr)

    def state_dict(self) -> dict[str, Any]:
        return self.adversary.state_dict() if self.adversary else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.adversary:
            self.adversary.load_state_dict(state)


def make_objective(
    names: Collection[str],
    scale: int,
    lr: float,
    features: Path,
    device: torch.device,
    channels: int = 64,
) -> Objective:
    """Make the losses of a run.

    Args:
        names: Names of the losses that any part of the run uses.
        scale: Scale of the network.
        lr: Learning rate of the discriminator.
        features: The SqueezeNet file, read for ``perceptual`` only.
        device: Device that the run computes on.
        channels: Channels of the discriminator's first layer.

    Raises:
        BadConfig: a loss does not exist, or ``vgg`` is asked for without torchvision.
        FileNotFoundError: ``perceptual`` is asked for and ``features`` does not exist.
    """
    require_known(names)
    losses = LOSSES | {"consistency": consistency(scale), "mesh": mesh(scale)}
    if "perceptual" in names:
        perceptual = Perceptual(load_squeezenet(features)).to(device)
        # A quarter faster on a CPU.
        losses["perceptual"] = perceptual.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if "vgg" in names:
        losses["vgg"] = Perceptual(VGG19()).to(device)
    adversary = Adversary(lr, device, channels) if "adversarial" in names else None
    if adversary:
        losses["adversarial"] = adversary.deceive
    return Objective(losses, adversary)


def require_known(names: Iterable[str]) -> None:
    """Refuse losses that do not exist.

    Raises:
        BadConfig: one does not; the message lists those that do.
    """
    for name in names:
        if name not in NAMES:
            raise BadConfig(
                f"no loss is called {name}{nearest(name, NAMES)}There are {', '.join(NAMES)}"
            )
