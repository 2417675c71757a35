"""ESPCN: convolutions at LR resolution and one sub-pixel shuffle.

Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network", CVPR 2016. Wider than the paper's 64-32: three 5x5 layers of 64
channels, as its later open implementations use.
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
    layers: int = 3
    color: Literal["rgb", "y"] = "y"


class ESPCN(nn.Module):
    """Y (B, 1, H, W), 0..1 -> Y (B, 1, H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = [1] + [config.channels] * config.layers
        self.body = nn.ModuleList(
            nn.Conv2d(n_in, n_out, 5, padding=2) for n_in, n_out in zip(widths, widths[1:], strict=False)
        )
        self.tail = nn.Conv2d(config.channels, config.scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(config.scale)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Orthogonal filters (Saxe et al. 2014), with one channel that carries the image itself.

        The untrained network is then the bilinear enlargement: ReLU lets luma, which is never
        negative, through unchanged.
        """
        for conv in self.body:
            nn.init.orthogonal_(conv.weight, nn.init.calculate_gain("relu"))
            nn.init.zeros_(conv.bias)
            pass_through_(conv, channels=1)
        bilinear_phases_(self.tail, channels=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self.body:
            x = torch.relu(conv(x))
        return self.shuffle(self.tail(x))
