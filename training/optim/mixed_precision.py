"""What stays in fp32 where training runs in bf16.

Eight bits of mantissa are too few for a picture: they round a bright pixel to half a level. So the
first convolution reads the picture as it is, the last one and the bicubic base write it so, and
with them every sum that a residual network carries on.
"""

from types import MethodType

import torch
from torch import nn

from training.models.layers import BicubicPhases, conv_layers


def keep_ends_in_fp32(net: nn.Module) -> None:
    """Leave the first and the last convolution of ``net``, and its bicubic base, out of autocast.

    Tracing would not follow it, so it is for the networks of a run and no others.
    """
    convs = conv_layers(net)
    ends = [net.get_submodule(name) for name in {convs[0], convs[-1]}]
    for module in (*ends, *(m for m in net.modules() if isinstance(m, BicubicPhases))):
        module.forward = MethodType(_in_fp32, module)


def _in_fp32(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast(x.device.type, enabled=False):
        out: torch.Tensor = type(module).forward(module, x.float())
        return out
