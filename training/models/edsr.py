"""EDSR-baseline: 16 residual blocks of 64 channels without batch norm, sub-pixel tail.

Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017,
section 3 and table 1. The paper subtracts the mean colour of its training set; zero-centring by
0.5 is the same up to a bias and needs no number of somebody's data.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from training.models.layers import bilinear_phases_, pass_through_


@dataclass(frozen=True)
class Config:
    scale: int
    channels: int = 64
    blocks: int = 16
    tail: Literal["staged", "direct"] = "staged"
    color: Literal["rgb", "y"] = "rgb"


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(torch.relu(self.conv1(x)))


class EDSR(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.channels
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(
            *(ResidualBlock(width) for _ in range(config.blocks)),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.tail = StagedTail(config) if config.tail == "staged" else DirectTail(config)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start as the bilinear enlargement: three channels carry the image past a silent body."""
        nn.init.zeros_(self.body[-1].weight)
        nn.init.zeros_(self.body[-1].bias)
        pass_through_(self.head, channels=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shallow = self.head(x - 0.5)
        return self.tail(shallow + self.body(shallow)) + 0.5


class StagedTail(nn.Module):
    """The paper's: a convolution and a shuffle for every stage, then a convolution to RGB."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, factors = config.channels, steps(config.scale)
        self.stages = nn.ModuleList(nn.Conv2d(width, width * s * s, 3, padding=1) for s in factors)
        self.shuffles = nn.ModuleList(nn.PixelShuffle(s) for s in factors)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        for stage in self.stages:
            _start_stage_(stage)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        pass_through_(self.last, channels=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage, shuffle in zip(self.stages, self.shuffles, strict=True):
            x = shuffle(stage(x))
        return self.last(x)


class DirectTail(nn.Module):
    """One 5x5 convolution and one shuffle: what the staged tail, being linear, amounts to."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.conv = nn.Conv2d(config.channels, 3 * config.scale**2, 5, padding=2)
        self.shuffle = nn.PixelShuffle(config.scale)
        bilinear_phases_(self.conv, channels=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shuffle(self.conv(x))


def steps(scale: int) -> list[int]:
    """The sub-pixel stages of ``scale``: x4 is two stages of x2, as in the paper."""
    return [2, 2] if scale == 4 else [scale]


@torch.no_grad()
def _start_stage_(stage: nn.Conv2d) -> None:
    """Bilinear phases for the three image channels, the default random filters for the rest."""
    phases = stage.out_channels // stage.in_channels
    carried = nn.Conv2d(stage.in_channels, 3 * phases, 3, padding=1)
    bilinear_phases_(carried, channels=3)
    stage.weight[: 3 * phases] = carried.weight
    stage.bias[: 3 * phases] = 0
