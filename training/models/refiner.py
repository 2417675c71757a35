"""A shallow residual network that refines the bicubic image.

The network of a student report. Our change is ``stride``: the blocks run at the resolution of the
input, where each costs a sixteenth at x4.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn

from training.models.about import About
from training.models.layers import Bicubic, ResidualBlock, silence_

ABOUT = About(
    title="Bicubic refiner, 12 residual blocks of 64 channels",
    paper='its blocks are those of Lim et al., "Enhanced Deep Residual Networks", CVPRW 2017',
    summary=(
        "Bicubic enlargement inside the network, a strided convolution down to the input's "
        "resolution, residual blocks there, and a sub-pixel convolution whose result is added to "
        "the bicubic image; RGB."
    ),
    published={},
    strengths="It keeps what bicubic gets right and corrects the rest, in full color.",
    limits="A little softer than fast, in five times its time.",
    choice="comparison only",
)


@dataclass(frozen=True)
class Config:
    """``stride`` 1 keeps the blocks at output resolution, as in the report."""

    scale: int = 4
    channels: int = 64
    blocks: int = 12
    stride: int = 4
    color: ClassVar[Literal["rgb"]] = "rgb"


class Refiner(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, 4*H, 4*W), unclipped. ``stride`` divides the scale."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, stride = config.channels, config.stride
        self.enlarge = Bicubic(config.scale, channels=3)
        reach = 1 if stride == 1 else stride // 2
        self.head = nn.Conv2d(3, width, stride + 2 * reach, stride, padding=reach)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(config.blocks)))
        self.last = nn.Conv2d(width, 3 * stride**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(stride)
        silence_(self.last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = self.enlarge(x)
        return base + self.shuffle(self.last(self.body(self.head(base - 0.5))))
