"""SRCNN: bicubic enlargement, then three convolutions that sharpen it.

Dong et al., "Image Super-Resolution Using Deep Convolutional Networks", TPAMI 2016, section 3.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from training.models.about import About
from training.models.layers import Bicubic, pass_through_, silence_

ABOUT = About(
    title="SRCNN 9-1-7",
    paper=(
        'Dong et al., "Image Super-Resolution Using Deep Convolutional Networks", TPAMI 2016, '
        "section 3"
    ),
    summary=(
        "Bicubic enlargement inside the network, then a 9x9 convolution to 64 channels, a 1x1 to "
        "32 and a 7x7 back to luma, with ReLU between them; luma only."
    ),
    published={
        2: {"Set5": 36.66, "Set14": 32.42, "BSD100": 31.36},
        3: {"Set5": 32.75, "Set14": 29.28, "BSD100": 28.41},
        4: {"Set5": 30.48, "Set14": 27.49, "BSD100": 26.90},
    },
    strengths=(
        "The first network of its kind: three layers, easy to read, and the yardstick in the "
        "tables of papers. The quickest at x2."
    ),
    limits=(
        "The softest of these networks. It computes at the size of the output, so at x4 it is no "
        "quicker than espcn. The published figures are those of its 9-5-5 form."
    ),
    choice="comparison only, on luma",
)


_FIRST, _LAST = 4, 3  # pixels on each side that the 9x9 and the 7x7 filter see


@dataclass(frozen=True)
class Config:
    """Widths of the two hidden layers; 128 and 64 are the wide form.

    ``normal`` starts as in the paper, from N(0, 0.001), and normalises luma by ``mean`` and
    ``deviation``, which by default are those of a student report's photographs. With ``zeros``,
    each convolution pads with zeros, as that report did; otherwise the border is repeated.
    ``color`` may be ``rgb``, for a network with three channels.
    """

    scale: int
    features: int = 64
    mapping: int = 32
    start: Literal["bicubic", "normal"] = "bicubic"
    mean: float = 0.434
    deviation: float = 0.232
    padding: Literal["replicate", "zeros"] = "replicate"
    color: Literal["rgb", "y"] = "y"


class SRCNN(nn.Module):
    """Y (B, 1, H, W) or RGB (B, 3, H, W), 0..1 -> the same at (H*s, W*s), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = 3 if config.color == "rgb" else 1
        self.enlarge = Bicubic(config.scale, channels)
        self.extract = nn.Conv2d(channels, config.features, 9)
        self.map = nn.Conv2d(config.features, config.mapping, 1)
        self.rebuild = nn.Conv2d(config.mapping, channels, 7)
        self.config = config
        self.normalised = config.start == "normal"
        if self.normalised:
            self._start_as_the_paper()
        else:
            self._start_as_bicubic(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.enlarge(x)
        if not self.normalised:
            return self._sharpen(x)
        mean, deviation = self.config.mean, self.config.deviation
        return self._sharpen((x - mean) / deviation) * deviation + mean

    def _sharpen(self, x: torch.Tensor) -> torch.Tensor:
        if self.config.padding == "zeros":
            x = self._see(F.pad(x, [_FIRST] * 4))
            return self.rebuild(F.pad(x, [_LAST] * 4))
        # Zeros would be a dark frame to learn.
        return self.rebuild(self._see(F.pad(x, [_FIRST + _LAST] * 4, mode="replicate")))

    def _see(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.map(torch.relu(self.extract(x))))

    def _start_as_bicubic(self, channels: int) -> None:
        """As many channels as the picture has carry it, and ReLU passes them unchanged."""
        silence_(self.rebuild)
        for conv in (self.extract, self.map, self.rebuild):
            pass_through_(conv, channels)

    def _start_as_the_paper(self) -> None:
        for conv in (self.extract, self.map, self.rebuild):
            silence_(conv)
            nn.init.normal_(conv.weight, 0, 0.001)
