"""Starting weights that make an untrained network the bilinear enlargement of its input.

A network that starts as an interpolation spends no iteration on learning one. The architecture
stays the paper's: only the numbers it starts from differ.
"""

import torch
from torch import nn


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
