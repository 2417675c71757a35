"""EDSR-baseline: 16 residual blocks of 64 channels without batch norm, sub-pixel tail.

Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017,
section 3 and table 1. The paper subtracts the mean color of its training set. Subtracting 0.5 is
the same up to a bias, and depends on no data.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn

from training.models.about import About
from training.models.layers import ResidualBlock, bilinear_phases_, pass_through_, silence_

ABOUT = About(
    title="EDSR-baseline, 16 residual blocks of 64 channels",
    paper=(
        'Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW '
        "2017, section 3 and table 1"
    ),
    summary=(
        "A 3x3 convolution, 16 residual blocks (convolution, ReLU, convolution) and a global skip "
        "at LR resolution, then a linear sub-pixel tail; RGB. The exported tail is one 5x5 "
        "convolution and one shuffle, the exact collapse of the paper's."
    ),
    published={
        2: {"Set5": 37.99, "Set14": 33.57, "BSD100": 32.16},
        3: {"Set5": 34.37, "Set14": 30.28, "BSD100": 29.09},
        4: {"Set5": 32.09, "Set14": 28.58, "BSD100": 27.57},
    },
    strengths="Crisp outlines, lettering and regular texture in full color.",
    limits=(
        "Made for clean pictures. On pictures with visible noise or JPEG blocks, it sharpens "
        "these, too. It invents nothing: distant faces, fur and small print stay soft. It takes "
        "more than twice the time of balanced, and is hardly better."
    ),
    choice="clean pictures; slower than balanced",
)


@dataclass(frozen=True)
class Config:
    """``staged`` is the paper's tail, ``direct`` its collapse, which trains faster at x4."""

    scale: int
    channels: int = 64
    blocks: int = 16
    tail: Literal["staged", "direct"] = "staged"
    color: ClassVar[Literal["rgb"]] = "rgb"


class EDSR(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.head = nn.Conv2d(3, width, 3, padding=1)
        last = nn.Conv2d(width, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(config.blocks)), last)
        self.tail = StagedTail(config) if config.tail == "staged" else DirectTail(config)
        # Start as an interpolation: three channels carry the image past a body that returns zeros.
        silence_(last)
        pass_through_(self.head, channels=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shallow = self.head(x - 0.5)
        return self.tail(shallow + self.body(shallow)) + 0.5


class StagedTail(nn.Module):
    """The paper's tail: a convolution and a shuffle for each stage, then a convolution to RGB."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, factors = config.channels, steps(config.scale)
        self.stages = nn.ModuleList(_stage(width, s) for s in factors)
        self.shuffles = nn.ModuleList(nn.PixelShuffle(s) for s in factors)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        silence_(self.last)
        pass_through_(self.last, channels=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage, shuffle in zip(self.stages, self.shuffles, strict=True):
            x = shuffle(stage(x))
        return self.last(x)


class DirectTail(nn.Module):
    """One 5x5 convolution and one shuffle: the collapse of the staged tail, which is linear."""

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
def _stage(width: int, factor: int) -> nn.Conv2d:
    """Bilinear phases for the three image channels, random filters for the others."""
    phases = factor**2
    stage = nn.Conv2d(width, width * phases, 3, padding=1)
    carried = nn.Conv2d(width, 3 * phases, 3, padding=1)
    bilinear_phases_(carried, channels=3)
    stage.weight[: 3 * phases] = carried.weight
    if stage.bias is not None:
        stage.bias[: 3 * phases] = 0
    return stage
