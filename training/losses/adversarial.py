"""The adversarial loss of ESRGAN: a discriminator learns to tell photographs from output.

Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018,
section 3.2: relativistic average losses, a VGG-style network.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import Adam

SLOPE = 0.2


class Discriminator(nn.Module):
    """RGB (B, 3, H, W), 0..1, at least 32 pixels a side -> logits (B, 1), high if it looks real."""

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(SLOPE)]
        width = channels
        for factor in (1, 2, 4, 8, 8):
            if factor * channels != width:
                layers += _layer(width, factor * channels, stride=1)
            layers += _layer(factor * channels, factor * channels, stride=2)
            width = factor * channels
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4))
        self.judge = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * width, 100), nn.LeakyReLU(SLOPE), nn.Linear(100, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.judge(self.features(x))
        return logits


class Adversary:
    """A discriminator with its own optimizer. :meth:`deceive` is the loss of the generator."""

    def __init__(self, lr: float, device: torch.device, channels: int = 64) -> None:
        self.net = Discriminator(channels).to(device)
        self.optimizer = Adam(self.net.parameters(), lr=lr, betas=(0.9, 0.99))

    def deceive(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """The generator's loss: low when ``sr`` looks more real than ``hr``; (B, 3, H, W), 0..1."""
        self.net.requires_grad_(requires_grad=False)
        return relativistic(self.net(sr), self.net(hr).detach())

    def learn(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        """Train the discriminator for one step. Returns its loss, still on the device."""
        self.net.requires_grad_(requires_grad=True)
        self.optimizer.zero_grad(set_to_none=True)
        loss = relativistic(self.net(hr), self.net(sr.detach()))
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])


def relativistic(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Low when ``real`` logits exceed the mean of ``fake``, and not the other way round."""
    above, below = real - fake.mean(), fake - real.mean()
    one, zero = torch.ones_like(above), torch.zeros_like(below)
    return (
        F.binary_cross_entropy_with_logits(above, one)
        + F.binary_cross_entropy_with_logits(below, zero)
    ) / 2


def _layer(channels: int, filters: int, stride: int) -> list[nn.Module]:
    size = 3 if stride == 1 else 4
    conv = nn.Conv2d(channels, filters, size, stride, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(filters), nn.LeakyReLU(SLOPE)]
