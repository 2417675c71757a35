"""Initial weights of other frameworks, in place of those that a network defines for itself."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

STARTS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "glorot": nn.init.xavier_uniform_,
    "orthogonal": nn.init.orthogonal_,
}


@torch.no_grad()
def start_as_(net: nn.Module, name: str) -> None:
    """Draw the weights of all convolutions of ``net`` as Keras does, with biases of zero."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            STARTS[name](module.weight)
            if module.bias is not None:
                module.bias.zero_()
