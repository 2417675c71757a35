"""Which layers stay in fp32 when training runs in bf16.

The eight bits of a bf16 mantissa are too few for a picture: they round a bright pixel to half a
level. Therefore the first convolution reads the picture in fp32, and the last convolution and the
bicubic base write it in fp32, as do the sums of a residual network.
"""

from types import MethodType

import torch
from torch import nn

from training.models.layers import BicubicPhases, conv_layers


def keep_ends_in_fp32(net: nn.Module) -> None:
    """Exclude the first and the last convolution of ``net``, and its bicubic base, from autocast.

    Tracing does not support this, so it is only for networks that are being trained.
    """
    convs = conv_layers(net)
    ends = [net.get_submodule(name) for name in {convs[0], convs[-1]}]
    for module in (*ends, *(m for m in net.modules() if isinstance(m, BicubicPhases))):
        module.forward = MethodType(_in_fp32, module)


def _in_fp32(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast(x.device.type, enabled=False):
        out: torch.Tensor = type(module).forward(module, x.float())
        return out
