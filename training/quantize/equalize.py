"""Channel equalization: gives the channels of a network similar ranges before quantization.

All channels of an activation share one 8-bit range, so that a wide channel costs the others levels.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
section 4.1: scaling a channel and dividing the weights that read it leaves the network unchanged,
also across ReLU and additions. Xiao et al., "SmoothQuant", ICML 2023, equation 4: the factor leaves
half of the spread in the activations and moves the other half into the weights.
"""

import operator
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

# These commute with scaling a channel by a positive factor.
_MODULES = (nn.ReLU, nn.LeakyReLU)
_FUNCTIONS = {torch.relu, F.relu, F.leaky_relu}
_SUMS = {operator.add, torch.add}
_LEAST = 1e-6  # smallest range: a channel may be all zeros


@dataclass
class _Channels:
    """Convolutions that must share their factors, because their arrays are added to each other."""

    makers: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)
    free: bool = True  # only convolutions write and read the arrays


@torch.no_grad()
def equalize_(net: nn.Module, images: Sequence[torch.Tensor]) -> None:
    """Give the inner channels of ``net`` similar ranges; its output stays the same to rounding.

    Args:
        net: Convolutions without a bias stay as they are.
        images: (C, H, W) float32, 0..1, whose activations are measured.
    """
    peaks = _peaks(net, images)
    for group in _groups(net):
        makers, readers = (
            [_conv(net, name) for name in names] for names in (group.makers, group.readers)
        )
        seen = reduce(torch.maximum, (peaks[name] for name in group.readers))
        read = reduce(torch.maximum, (conv.weight.abs().amax((0, 2, 3)) for conv in readers))
        factors = (read.clamp(min=_LEAST) / seen.clamp(min=_LEAST)).sqrt()
        for conv in makers:
            conv.weight.mul_(factors[:, None, None, None])
            assert conv.bias is not None
            conv.bias.mul_(factors)
        for conv in readers:
            conv.weight.div_(factors[:, None, None])


def _peaks(net: nn.Module, images: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Name of a convolution -> largest absolute value (C,) of each channel that it reads."""
    peaks: dict[str, torch.Tensor] = {}

    def look(name: str, _: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        peak = inputs[0].abs().amax((0, 2, 3))
        peaks[name] = torch.maximum(peaks.get(name, peak), peak)

    hooks = [
        module.register_forward_pre_hook(partial(look, name))
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    for image in images:
        net(image[None])
    for hook in hooks:
        hook.remove()
    return peaks


def _groups(net: nn.Module) -> Iterator[_Channels]:
    """The groups of convolutions whose channels can be scaled."""
    groups: dict[fx.Node, _Channels] = defaultdict(_Channels)
    joined: dict[fx.Node, fx.Node] = {}

    def root(node: fx.Node) -> fx.Node:
        while node in joined:
            node = joined[node]
        return node

    nodes = list(fx.symbolic_trace(net).graph.nodes)
    for node in nodes:
        if _passes(net, node):
            for other in node.all_input_nodes:
                if root(other) is not root(node):
                    joined[root(other)] = root(node)
    for node in nodes:
        if node.op == "call_module" and _has_bias(net.get_submodule(str(node.target))):
            groups[root(node)].makers.append(str(node.target))
            groups[root(node.all_input_nodes[0])].readers.append(str(node.target))
        elif not _passes(net, node):
            for other in (node, *node.all_input_nodes):
                groups[root(other)].free = False
    return (each for each in groups.values() if each.free and each.makers and each.readers)


def _passes(net: nn.Module, node: fx.Node) -> bool:
    if node.op == "call_module":
        return isinstance(net.get_submodule(str(node.target)), _MODULES)
    if node.target in _SUMS:
        return len(node.all_input_nodes) == len(node.args) == 2
    return node.op == "call_function" and node.target in _FUNCTIONS


def _has_bias(module: Any) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == 1 and module.bias is not None


def _conv(net: nn.Module, name: str) -> nn.Conv2d:
    conv = net.get_submodule(name)
    assert isinstance(conv, nn.Conv2d)
    return conv
