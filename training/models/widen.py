"""Starts a larger network of convolutions as the same function as a trained smaller one.

This is the idea of Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR
2016, with one difference: new channels are not copies. They begin with random filters, which
nothing reads yet. So the output does not change, and gradients reach all new weights within two
steps.
"""

from collections.abc import Mapping

import torch
from torch import nn

from training.models.fast import Block, ConvStack


@torch.no_grad()
def widened(weights: Mapping[str, torch.Tensor], net: ConvStack) -> dict[str, torch.Tensor]:
    """The weights of a `ConvStack` in the shapes of ``net``, which has more channels or blocks.

    Args:
        weights: Of a network with the same scale and as many convolutions in each block.
        net: Gives the random filters of the new channels. It is changed.
    """
    known = sum(
        1 for name in weights if name.startswith("body.") and name.endswith(".layers.0.weight")
    )
    for block in list(net.body)[known:]:
        assert isinstance(block, Block)
        last = block.layers[-1]
        assert isinstance(last, nn.Conv2d)
        last.weight.zero_()  # the new block adds nothing yet
    grown = {name: value.clone() for name, value in net.state_dict().items()}
    for name, old in weights.items():
        grown[name] = _padded(old.float(), grown[name])
    return grown


def _padded(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """``old``, (O, I, ...) or (O), in the corner of ``new``; old outputs read no new channel."""
    outputs = len(old)
    if old.ndim > 1:
        new[:outputs] = 0
        new[:outputs, : old.shape[1]] = old
    else:
        new[:outputs] = old
    return new
