"""VDSR: bicubic enlargement and twenty convolutions that learn what it lacks, for every scale.

Kim et al., "Accurate Image Super-Resolution Using Very Deep Convolutional Networks", CVPR 2016,
sections 3 and 4 (one network for all scales: section 4.3).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import nn

from training.models.about import About
from training.models.layers import Bicubic, silence_

ABOUT = About(
    title="VDSR, 20 layers of 64 channels",
    paper=(
        'Kim et al., "Accurate Image Super-Resolution Using Very Deep Convolutional Networks", '
        "CVPR 2016, sections 3 and 4"
    ),
    summary=(
        "Bicubic enlargement inside the network and twenty 3x3 convolutions with ReLU whose sum "
        "with it is the result; luma only. The weights are the same at every scale."
    ),
    published={
        2: {"Set5": 37.53, "Set14": 33.03, "BSD100": 31.90},
        3: {"Set5": 33.66, "Set14": 29.77, "BSD100": 28.82},
        4: {"Set5": 31.35, "Set14": 28.01, "BSD100": 27.29},
    },
    strengths="One set of weights for all scales, and sharp luma for its 0.7 million parameters.",
    limits=(
        "Good quality at the price of computing at output resolution: of all networks here it is "
        "among the slowest for its size."
    ),
    choice="comparison; luma",
)


@dataclass(frozen=True)
class Config:
    """The scale only changes the bicubic enlargement, not a weight."""

    scale: int
    channels: int = 64
    layers: int = 20
    color: Literal["rgb", "y"] = "y"


class VDSR(nn.Module):
    """Y (B, 1, H, W), 0..1 -> Y (B, 1, H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.enlarge = Bicubic(config.scale)
        widths = [1] + [config.channels] * (config.layers - 1) + [1]
        convs = [_started(nn.Conv2d(a, b, 3, padding=1)) for a, b in pairwise(widths)]
        self.body = nn.ModuleList(convs)
        silence_(convs[-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = x = self.enlarge(x)
        *hidden, last = self.body
        for conv in hidden:
            x = torch.relu(conv(x))
        return base + last(x)


def _started(conv: nn.Conv2d) -> nn.Conv2d:
    """He et al. 2015, as the paper starts."""
    nn.init.kaiming_normal_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
