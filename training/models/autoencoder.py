"""A convolutional encoder-decoder with skips, on the bicubic image.

After Mao et al., "Image Restoration Using Very Deep Convolutional Encoder-Decoder Networks with
Symmetric Skip Connections", NIPS 2016, section 2, with strided convolutions down and sub-pixel
shuffles up.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn

from training.models.about import About
from training.models.layers import Bicubic, ResidualBlock, silence_

ABOUT = About(
    title="Convolutional autoencoder with skips",
    paper=(
        'after Mao et al., "Image Restoration Using Very Deep Convolutional Encoder-Decoder '
        'Networks with Symmetric Skip Connections", NIPS 2016, section 2'
    ),
    summary=(
        "Bicubic enlargement inside the network, two strided convolutions down to the input's "
        "resolution, residual blocks there, two sub-pixel stages up with skips from the way down, "
        "and a global skip; RGB."
    ),
    published={},
    strengths="It sees far around each pixel, because it works at three resolutions.",
    limits=(
        "Softer than fast, in four times its time: most of its work is at the size of the "
        "output, where it gains little."
    ),
    choice="comparison only",
)


@dataclass(frozen=True)
class Config:
    """``channels`` at output resolution; two and four times that at the lower resolutions."""

    scale: int = 4
    channels: int = 16
    blocks: int = 4
    skip: bool = True
    color: ClassVar[Literal["rgb"]] = "rgb"


class Autoencoder(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, 4*H, 4*W), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        one, two, four = config.channels, 2 * config.channels, 4 * config.channels
        self.enlarge = Bicubic(config.scale, channels=3)
        self.head = nn.Conv2d(3, one, 3, padding=1)
        self.down1 = nn.Conv2d(one, two, 4, stride=2, padding=1)
        self.down2 = nn.Conv2d(two, four, 4, stride=2, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(four) for _ in range(config.blocks))
        self.up1 = _Up(four, two)
        self.up2 = _Up(two, one)
        self.last = nn.Conv2d(one, 3, 3, padding=1)
        self.skip = config.skip
        if config.skip:
            silence_(self.last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = self.enlarge(x)
        full = torch.relu(self.head(base))
        half = torch.relu(self.down1(full))
        code = torch.relu(self.down2(half))
        for block in self.blocks:
            code = block(code)
        out = self.last(self.up2(self.up1(code) + half) + full)
        return base + out if self.skip else out


class _Up(nn.Sequential):
    """Twice the resolution: convolution, shuffle, ReLU."""

    def __init__(self, channels: int, filters: int) -> None:
        conv = nn.Conv2d(channels, 4 * filters, 3, padding=1)
        super().__init__(conv, nn.PixelShuffle(2), nn.ReLU())
