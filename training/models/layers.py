"""Parts that several networks share: bicubic, a residual block, and initial weights.

A network whose initial weights interpolate need not learn to interpolate first. Its architecture
stays that of the paper: only its initial weights differ.
"""

from collections.abc import Callable, Collection

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sr_batch.imaging.keys import keys

Activation = Callable[[torch.Tensor], torch.Tensor]


class BicubicPhases(nn.Module):
    """(B, C, H, W) -> (B, C*s*s, H, W): MATLAB's bicubic, before the pixel shuffle.

    Keys' cubic with a = -0.5 and half-pixel centres reaches two pixels each way, so that one 5x5
    filter for each phase computes it. Border pixels are repeated outwards.
    """

    weight: torch.Tensor

    def __init__(self, scale: int, channels: int = 1) -> None:
        super().__init__()
        taps = _cubic_taps(scale)  # (s, 5)
        filters = torch.einsum("iy,jx->ijyx", taps, taps).reshape(scale**2, 1, 5, 5)
        self.register_buffer("weight", filters.repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
        return F.conv2d(padded, self.weight, groups=x.shape[1])


class Bicubic(nn.Module):
    """(B, C, H, W) -> (B, C, H*s, W*s): MATLAB's bicubic, as one convolution and one shuffle."""

    def __init__(self, scale: int, channels: int = 1) -> None:
        super().__init__()
        self.phases = BicubicPhases(scale, channels)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.shuffle(self.phases(x))
        return out


class ResidualBlock(nn.Module):
    """x + conv(activation(conv(x))), without batch norm."""

    def __init__(self, channels: int, activation: Activation = torch.relu) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(self.activation(self.conv1(x)))


def inner_layers(net: nn.Module) -> list[str]:
    """Names of all convolutions of ``net`` except the first and the last."""
    return conv_layers(net)[1:-1]


def rounded_layers(net: nn.Module, unrounded: Collection[str]) -> list[str]:
    """Names of the convolutions that int8 rounds: the inner ones except ``unrounded``."""
    inner = inner_layers(net)
    assert set(unrounded) <= set(inner), f"{unrounded} names a layer that is no inner layer"
    return [name for name in inner if name not in unrounded]


def conv_layers(net: nn.Module) -> list[str]:
    """Names of all convolutions of ``net``, in order."""
    return [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d)]


@torch.no_grad()
def silence_(conv: nn.Conv2d) -> None:
    """Make ``conv`` return zeros."""
    conv.weight.zero_()
    if conv.bias is not None:
        conv.bias.zero_()


@torch.no_grad()
def pass_through_(conv: nn.Conv2d, channels: int) -> None:
    """Let the first ``channels`` outputs of ``conv`` copy the first ``channels`` inputs."""
    centre = conv.kernel_size[0] // 2
    conv.weight[:channels] = 0
    for c in range(channels):
        conv.weight[c, c, centre, centre] = 1
        if conv.bias is not None:
            conv.bias[c] = 0


@torch.no_grad()
def smooth_(conv: nn.Conv2d, channels: int) -> None:
    """As :func:`pass_through_`, with a 3x3 binomial filter.

    It turns an image that was enlarged x2 by repeating its pixels into a bilinear one.
    """
    pass_through_(conv, channels)
    taps = torch.tensor([0.25, 0.5, 0.25])
    for c in range(channels):
        conv.weight[c, c] = torch.outer(taps, taps)


@torch.no_grad()
def bilinear_phases_(conv: nn.Conv2d, channels: int) -> None:
    """Make ``conv`` + PixelShuffle(s) enlarge its first ``channels`` inputs bilinearly.

    ``conv`` has ``channels * s * s`` outputs and a kernel of at least 3x3. The other inputs
    start with weight zero.
    """
    scale = round((conv.out_channels / channels) ** 0.5)
    centre = conv.kernel_size[0] // 2
    taps = _bilinear_taps(scale)  # (s, 3)
    silence_(conv)
    window = slice(centre - 1, centre + 2)
    for c in range(channels):
        for i in range(scale):
            for j in range(scale):
                phase = (c * scale + i) * scale + j
                conv.weight[phase, c, window, window] = torch.outer(taps[i], taps[j])


def _bilinear_taps(scale: int) -> torch.Tensor:
    """Weights (s, 3) of the LR neighbours -1, 0, +1 for each of the ``scale`` sub-pixels."""
    taps = torch.zeros(scale, 3)
    for phase in range(scale):
        offset = (phase + 0.5) / scale - 0.5  # half-pixel centres, in LR pixels
        taps[phase, 1] = 1 - abs(offset)
        taps[phase, 2 if offset > 0 else 0] += abs(offset)
    return taps


def _cubic_taps(scale: int) -> torch.Tensor:
    """Weights (s, 5) of the LR neighbours -2..2 for each of the ``scale`` sub-pixels."""
    centres = (np.arange(scale) + 0.5) / scale - 0.5
    return torch.from_numpy(keys(centres[:, None] - np.arange(-2, 3))).float()
