"""RRDB: residual-in-residual dense blocks, the generator of ESRGAN.

Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018,
section 3.1. ``rrdb`` is trained with pixel losses only. ``esrgan`` continues from it with a
perceptual and an adversarial loss. Both are the same network with different weights.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import nn

from training.models.about import About
from training.models.layers import pass_through_, silence_, smooth_

PAPER = (
    'Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018, '
    "section 3"
)
SUMMARY = (
    "Residual-in-residual dense blocks without batch norm at the input's resolution, two "
    "nearest-neighbour x2 stages with convolutions; RGB."
)

ABOUT = About(
    title="RRDB, in a small size",
    paper=PAPER,
    summary=SUMMARY,
    published={4: {"Set5": 32.73, "Set14": 28.99, "BSD100": 27.85}},
    strengths="The generator of ESRGAN, trained on pixels alone: clean outlines in full color.",
    limits=(
        "A small network after 27 minutes of training on one core; the published figures are those "
        "of 23 wide blocks. About as good as espcn, in three times its time. Lettering and distant "
        "faces stay soft. On pictures with visible noise or JPEG blocks, it sharpens these, too."
    ),
    choice="comparison only",
)

ESRGAN_ABOUT = About(
    title="ESRGAN, in a small size",
    paper=PAPER,
    summary=SUMMARY,
    published={},
    strengths=(
        "Sharper than rrdb, from whose weights it was trained: outlines, windows, foliage and rock "
        "look crisp. Colors stay those of the input."
    ),
    limits=(
        "A small network after some 40 minutes of training on one core. Its invented texture is a "
        "fine mesh of dots in wood, grass, rock and hair, which `--strength 0.7` nearly removes. "
        "Faces and lettering become no easier to recognize. On pictures with visible noise or JPEG "
        "blocks, it sharpens these, too. Do not take its details as evidence."
    ),
    choice="comparison only, with invented texture",
)

SLOPE = 0.2
_BETA = 0.2  # residual scaling of the paper
_RIM = 2  # LR pixels of repeated border: without it, the zeros beyond it draw a line around SR
_CUT = slice(4 * _RIM, -4 * _RIM)


@dataclass(frozen=True)
class Config:
    """The paper has 23 blocks.

    Attributes:
        tail: Channels of the layers that enlarge, the most expensive ones of a small network.
    """

    scale: int = 4
    channels: int = 64
    growth: int = 32
    blocks: int = 8
    tail: int = 64
    color: ClassVar[Literal["rgb"]] = "rgb"


class DenseBlock(nn.Module):
    """Five convolutions, each of which reads the output of all before it."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        inputs = [channels + growth * i for i in range(5)]
        outputs = [growth] * 4 + [channels]
        self.convs = nn.ModuleList(
            _small(nn.Conv2d(a, b, 3, padding=1)) for a, b in zip(inputs, outputs, strict=True)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *hidden, last = self.convs
        seen = x
        for conv in hidden:
            seen = torch.cat([seen, F.leaky_relu(conv(seen), SLOPE)], 1)
        return x + _BETA * last(seen)


class Block(nn.Module):
    """Three dense blocks in a residual block."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(channels, growth) for _ in range(3)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + _BETA * self.dense(x)


class RRDB(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, 4*H, 4*W), unclipped."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.channels
        blocks = (Block(width, config.growth) for _ in range(config.blocks))
        merge = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*blocks, merge)
        self.up1 = nn.Conv2d(width, config.tail, 3, padding=1)
        self.up2 = nn.Conv2d(config.tail, config.tail, 3, padding=1)
        self.fine = nn.Conv2d(config.tail, config.tail, 3, padding=1)
        self.last = nn.Conv2d(config.tail, 3, 3, padding=1)
        # At first, color passes through, twice enlarged bilinearly; the body adds nothing.
        for conv in (self.head, self.fine, self.last):
            pass_through_(conv, 3)
        for conv in (self.up1, self.up2):
            smooth_(conv, 3)
        silence_(merge)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shallow = self.head(F.pad(x, (_RIM,) * 4, mode="replicate"))
        features = shallow + self.body(shallow)
        features = F.leaky_relu(self.up1(_twice(features)), SLOPE)
        features = F.leaky_relu(self.up2(_twice(features)), SLOPE)
        return self.last(F.leaky_relu(self.fine(features), SLOPE))[..., _CUT, _CUT]


def _twice(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


@torch.no_grad()
def _small(conv: nn.Conv2d) -> nn.Conv2d:
    """Initial weights of He et al. 2015, times 0.1, as in the paper."""
    nn.init.kaiming_normal_(conv.weight, SLOPE, nonlinearity="leaky_relu")
    conv.weight.mul_(0.1)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
