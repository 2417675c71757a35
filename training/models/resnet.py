"""A deep residual network at input resolution with LeakyReLU and two sub-pixel stages.

The network of a student report, whose largest form had 24 blocks of 612 channels. Our change is
its tail: it makes the colors in the last sub-pixel stage, at twice the size of the input.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import nn

from training.models.about import About
from training.models.layers import Bicubic, ResidualBlock, silence_

SLOPE = 0.2

ABOUT = About(
    title="Deep residual CNN, 12 blocks of 64 channels",
    paper=(
        'after Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative '
        'Adversarial Network", CVPR 2017, section 2.1.1, without batch norm'
    ),
    summary=(
        "Residual blocks with LeakyReLU at the input's resolution, two x2 sub-pixel stages with "
        "LeakyReLU between them, and a global bicubic skip; RGB."
    ),
    published={},
    strengths=(
        "It refines once more at twice the size of the input, before the last enlargement; full "
        "color."
    ),
    limits="Softer than fast, in six times its time.",
    choice="comparison only",
)


@dataclass(frozen=True)
class Config:
    """``tail`` is the number of channels after the first sub-pixel stage.

    0 is the tail of the report: both stages keep all channels, and a further convolution makes the
    colors at the size of the output.
    """

    scale: int = 4
    channels: int = 64
    blocks: int = 12
    tail: int = field(default=32, metadata={"least": 0})
    color: ClassVar[Literal["rgb"]] = "rgb"


class ResNet(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, 4*H, 4*W), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, tail = config.channels, config.tail or config.channels
        self.enlarge = Bicubic(config.scale, channels=3)
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(width, _leaky) for _ in range(config.blocks)))
        self.up1 = nn.Conv2d(width, 4 * tail, 3, padding=1)
        self.up2 = nn.Conv2d(tail, 4 * (3 if config.tail else tail), 3, padding=1)
        self.last = None if config.tail else nn.Conv2d(tail, 3, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)
        silence_(self.last or self.up2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = _leaky(self.head(x - 0.5))
        half = _leaky(self.shuffle(self.up1(features + self.body(features))))
        whole = self.shuffle(self.up2(half))
        return self.enlarge(x) + (self.last(_leaky(whole)) if self.last else whole)


def _leaky(x: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(x, SLOPE)
