"""ESPCN: convolutions at LR resolution and one sub-pixel shuffle.

Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network", CVPR 2016. Wider than the paper's 64-32: three 5x5 layers of 64
channels, as its later open implementations use.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import nn

from training.models.about import About
from training.models.layers import bilinear_phases_, pass_through_, silence_

ABOUT = About(
    title="ESPCN, 5-5-5-3 with 64 channels",
    paper=(
        'Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient '
        'Sub-Pixel Convolutional Neural Network", CVPR 2016, section 3'
    ),
    summary=(
        "Three 5x5 convolutions of 64 channels with ReLU at LR resolution, a 3x3 convolution to "
        "scale x scale channels and one sub-pixel shuffle; luma only. Wider than the paper's "
        "64-32 (25 thousand parameters)."
    ),
    published={
        3: {"Set5": 33.13, "Set14": 29.49},
        4: {"Set5": 30.52, "Set14": 27.42, "BSD100": 26.87},
    },
    strengths="Clean outlines in little time and memory.",
    limits=(
        "Fine texture stays soft. Only luma passes through the network and color is enlarged by "
        "bicubic, so edges of saturated red or blue are softer than with fast. On pictures with "
        "visible noise or JPEG blocks, it sharpens these, too."
    ),
    choice="speed, on luma",
)


@dataclass(frozen=True)
class Config:
    """Width and depth of the stack of 5x5 convolutions.

    ``final_relu`` cuts off negative output, as the Keras network of a student report does.
    """

    scale: int
    channels: int = 64
    layers: int = 3
    final_relu: bool = False
    color: ClassVar[Literal["y"]] = "y"


@torch.no_grad()
def _start(conv: nn.Conv2d) -> nn.Conv2d:
    """Orthogonal filters (Saxe et al. 2014), and one channel that carries the image.

    The untrained network is then the bilinear enlargement: ReLU lets luma, which is never
    negative, through unchanged.
    """
    silence_(conv)
    nn.init.orthogonal_(conv.weight, nn.init.calculate_gain("relu"))
    pass_through_(conv, channels=1)
    return conv


class ESPCN(nn.Module):
    """Y (B, 1, H, W), 0..1 -> Y (B, 1, H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = [1] + [config.channels] * config.layers
        self.body = nn.ModuleList(
            _start(nn.Conv2d(a, b, 5, padding=2)) for a, b in pairwise(widths)
        )
        self.final_relu = config.final_relu
        self.tail = nn.Conv2d(config.channels, config.scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(config.scale)
        bilinear_phases_(self.tail, channels=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self.body:
            x = torch.relu(conv(x))
        x = self.tail(x)
        return self.shuffle(torch.relu(x) if self.final_relu else x)
