"""A deep RGB SRCNN: ten convolutions at output resolution, with batch norm and sigmoids.

The network of a student report. Our change is ``skip``, with which the layers learn only what the
bicubic image lacks.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import nn

from training.models.about import About
from training.models.layers import Bicubic, silence_

ABOUT = About(
    title="Deep RGB SRCNN, ten convolutions",
    paper=(
        'a variation on Dong et al., "Image Super-Resolution Using Deep Convolutional Networks", '
        "TPAMI 2016"
    ),
    summary=(
        "Bicubic enlargement inside the network, then ten convolutions of 64 to 256 channels with "
        "ReLU and sigmoid in turn, batch norm and one residual; their result is added to the "
        "bicubic image; RGB."
    ),
    published={},
    strengths="Full color, and more context than SRCNN: ten layers in place of three.",
    limits=(
        "Softer than fast. Of all these networks it is by far the slowest, with 2.8 million "
        "multiply-adds for each pixel of the output."
    ),
    choice="comparison only",
)


@dataclass(frozen=True)
class Config:
    """``width`` scales all layers; ``skip`` adds the bicubic image to the result."""

    scale: int
    width: int = 64
    skip: bool = True
    color: ClassVar[Literal["rgb"]] = "rgb"


class SRCNNDeep(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, H*s, W*s)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        one, two, four = config.width, 2 * config.width, 4 * config.width
        self.enlarge = Bicubic(config.scale, channels=3)
        self.before = nn.Sequential(
            _conv(3, one, 9), nn.ReLU(),
            _conv(one, one, 5), nn.ReLU(),
            _conv(one, two, 3), nn.ReLU(), nn.BatchNorm2d(two),
            _conv(two, two, 3), nn.Sigmoid(),
            _conv(two, four, 3), nn.ReLU(), nn.BatchNorm2d(four),
            _conv(four, four, 3), nn.Sigmoid(),
        )  # fmt: skip
        self.residual = nn.Sequential(
            _conv(four, four, 3), nn.ReLU(),
            _conv(four, four, 3), nn.Sigmoid(),
        )  # fmt: skip
        last = _conv(one, 3, 5)
        self.after = nn.Sequential(
            _conv(four, two, 3), nn.ReLU(),
            _conv(two, one, 3), nn.Sigmoid(),
            last, nn.Sigmoid(),
        )  # fmt: skip
        for stack in (self.before, self.residual, self.after):
            _start(stack)
        self.skip = config.skip
        if config.skip:
            silence_(last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = self.enlarge(x)
        features = self.before(base)
        out = self.after(features + self.residual(features))
        return base + out - 0.5 if self.skip else out


@torch.no_grad()
def _start(stack: nn.Sequential) -> None:
    """Initial weights with which a picture reaches the end of ``stack``, not a flat grey.

    A sigmoid takes away three quarters of a signal and adds a half. So the filters in front of one
    start larger (Glorot and Bengio, AISTATS 2010), and all filters have a mean of zero.
    """
    for conv, activation in pairwise(stack):
        if isinstance(conv, nn.Conv2d) and conv.bias is not None:
            gain = 4.0 if isinstance(activation, nn.Sigmoid) else 2**0.5
            conv.weight.normal_(0, gain / conv.weight[0].numel() ** 0.5)
            conv.weight.sub_(conv.weight.mean((1, 2, 3), keepdim=True))
            conv.bias.zero_()


def _conv(channels: int, filters: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(channels, filters, size, padding=size // 2)
