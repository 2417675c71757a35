"""VDSR: bicubic enlargement and twenty convolutions that learn what it lacks, for every scale.

Kim et al., "Accurate Image Super-Resolution Using Very Deep Convolutional Networks", CVPR 2016,
sections 3 and 4 (one network for all scales: section 4.3). Its initial weights
differ from the paper's, and its first layer repeats the border instead of padding with zeros.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
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
        "with it is the result; luma only. The weights are the same at every scale. Unlike the "
        "paper's, its first filters start blind to brightness, the others as rotations, and the "
        "first layer repeats the border."
    ),
    published={
        2: {"Set5": 37.53, "Set14": 33.03, "BSD100": 31.90},
        3: {"Set5": 33.66, "Set14": 29.77, "BSD100": 28.82},
        4: {"Set5": 31.35, "Set14": 28.01, "BSD100": 27.29},
    },
    strengths="One set of weights for all scales, and outlines nearly like those of fast.",
    limits=(
        "It computes at the size of the output and takes 12 to 50 times the time of espcn, "
        "which no gain in quality repays."
    ),
    choice="comparison only, on luma",
)

_CONTRAST = 4  # details are about a quarter as large as luma


@dataclass(frozen=True)
class Config:
    """The scale changes only the bicubic enlargement, not the weights."""

    scale: int
    channels: int = 64
    layers: int = 20
    color: ClassVar[Literal["y"]] = "y"


class VDSR(nn.Module):
    """Y (B, 1, H, W), 0..1 -> Y (B, 1, H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.enlarge = Bicubic(config.scale)
        width = config.channels
        hidden = [nn.Conv2d(width, width, 3, padding=1) for _ in range(config.layers - 2)]
        first = nn.Conv2d(1, width, 3, padding=1, padding_mode="replicate")
        last = nn.Conv2d(width, 1, 3, padding=1)
        self.body = nn.ModuleList([first, *hidden, last])
        _see_details_(first)
        for conv in hidden:
            _turn_(conv)
        silence_(last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = x = self.enlarge(x)
        *hidden, last = self.body
        for conv in hidden:
            x = torch.relu(conv(x))
        return base + last(x)


@torch.no_grad()
def _see_details_(conv: nn.Conv2d) -> None:
    """Random filters that do not respond to brightness, each with its negative.

    What bicubic lacks hardly depends on brightness, whose signal would outweigh it in every layer.
    For the same reason the first layer repeats the border: zeros there would look like an edge.
    """
    silence_(conv)
    filters = torch.randn(conv.out_channels // 2, 9)
    filters = _CONTRAST * F.normalize(filters - filters.mean(1, keepdim=True))
    conv.weight.copy_(torch.cat([filters, -filters]).view_as(conv.weight))


@torch.no_grad()
def _turn_(conv: nn.Conv2d) -> None:
    """A random rotation of features that come with their negatives, so that ReLU loses nothing.

    Balduzzi et al., "The Shattered Gradients Problem", ICML 2017, section 4 (looks-linear).
    """
    silence_(conv)
    turn = nn.init.orthogonal_(torch.empty(conv.out_channels // 2, conv.in_channels // 2))
    conv.weight[:, :, 1, 1] = torch.kron(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]), turn)
