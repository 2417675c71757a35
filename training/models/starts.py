"""Initial weights of other frameworks, in place of those that a network defines for itself."""

from collections.abc import Callable, Mapping

import torch
from torch import nn


def _orthogonal_(weight: torch.Tensor) -> torch.Tensor:
    """Fill ``weight`` with orthogonal filters; torch cannot if it is in channels_last."""
    plain = torch.empty(weight.shape, dtype=weight.dtype, device=weight.device)
    return weight.copy_(nn.init.orthogonal_(plain))


STARTS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "glorot": nn.init.xavier_uniform_,
    "orthogonal": _orthogonal_,
}


@torch.no_grad()
def start_as_(net: nn.Module, name: str) -> None:
    """Draw the weights of all convolutions of ``net`` as Keras does, with biases of zero."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            STARTS[name](module.weight)
            if module.bias is not None:
                module.bias.zero_()
