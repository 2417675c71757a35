"""Exact rewrites of trained networks into equivalent ones that ONNX Runtime runs faster.

EDSR's tail has no activation: convolution, shuffle, (convolution, shuffle,) convolution is one
linear map of 5x5 LR pixels at every scale. Inside the image, the result is the same to rounding.
In the outer two LR pixels it differs, because the staged tail pads with zeros at every resolution.
The rewritten network is the one that is certified and measured.

SRCNN's last convolution has one channel, but processors are fast with sixteen. It becomes a
convolution of stride 4 with sixteen channels, the 4x4 pixels of a block, and a shuffle.
"""

from copy import deepcopy
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from training.models.edsr import EDSR, Config, DirectTail, StagedTail
from training.models.srcnn import SRCNN

_KERNEL = 5
_CENTRE = 8  # centre of the probed map: its border is too far away to matter
_SIDE = 2 * _CENTRE + 1


def rewrite(net: nn.Module) -> nn.Module:
    """The faster equivalent of ``net``, or ``net`` itself if there is none."""
    if isinstance(net, EDSR) and isinstance(net.tail, StagedTail):
        return _with_direct_tail(net, net.tail)
    if isinstance(net, SRCNN) and net.config.color == "y":
        return _in_blocks(net)
    return net


class BlockConv(nn.Module):
    """``conv``, which has one output channel and no padding, on 4x4 pixels at a time.

    (B, C, H, W) -> (B, 1, H - K + 1, W - K + 1) for a kernel of K pixels a side.
    """

    def __init__(self, conv: nn.Conv2d, block: int = 4) -> None:
        super().__init__()
        self.side = side = conv.kernel_size[0]
        self.rest = (0, block - 1) * 2  # padding for a last block that is incomplete
        self.conv = nn.Conv2d(conv.in_channels, block**2, side + block - 1, stride=block)
        self.shuffle = nn.PixelShuffle(block)
        assert conv.bias is not None
        assert self.conv.bias is not None
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.bias.fill_(conv.bias.item())
            for i in range(block):
                for j in range(block):
                    self.conv.weight[i * block + j, :, i : i + side, j : j + side] = conv.weight[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = (pixels - self.side + 1 for pixels in x.shape[-2:])
        return self.shuffle(self.conv(F.pad(x, self.rest)))[..., :height, :width]


def _in_blocks(net: SRCNN) -> nn.Module:
    faster = deepcopy(net)
    faster.set_submodule("rebuild", BlockConv(net.rebuild))
    return faster.eval()


def _with_direct_tail(net: EDSR, tail: StagedTail) -> EDSR:
    direct = EDSR(replace(net.config, tail="direct"))
    direct.head.load_state_dict(net.head.state_dict())
    direct.body.load_state_dict(net.body.state_dict())
    direct.tail = collapse_tail(tail, direct.config)
    return direct.eval()


@torch.no_grad()
def collapse_tail(tail: StagedTail, config: Config) -> DirectTail:
    """Find the 5x5 kernels from the responses of ``tail`` to single points, in float64."""
    probe = deepcopy(tail).double()
    scale, width = config.scale, config.channels
    still = probe(torch.zeros(1, width, _SIDE, _SIDE, dtype=torch.float64))
    points = torch.zeros(width, width, _SIDE, _SIDE, dtype=torch.float64)
    points[range(width), range(width), _CENTRE, _CENTRE] = 1
    response = probe(points) - still  # (width, 3, SIDE*s, SIDE*s)
    phases = nn.functional.pixel_unshuffle(response, scale)  # (width, 3*s*s, SIDE, SIDE)
    reach = _KERNEL // 2
    window = slice(_CENTRE - reach, _CENTRE + reach + 1)
    kernels = phases[:, :, window, window].flip(-1, -2)  # a kernel is its response mirrored
    direct = DirectTail(config)
    direct.conv.weight.copy_(kernels.transpose(0, 1))
    assert direct.conv.bias is not None
    direct.conv.bias.copy_(nn.functional.pixel_unshuffle(still, scale)[0, :, _CENTRE, _CENTRE])
    return direct
