"""Quantization-aware training: the network trains with the rounding of the int8 file.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018, section 3. Values are rounded as in ``onnx_precision.to_int8``; gradients
pass as if they were not. Ranges are those of the batch, so that the network has no further state
and its weights also fit the network without rounding.
"""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import fx, nn

from training.models.layers import rounded_layers

# Weights have seven bits: 8-bit by 8-bit products overflow on processors without VNNI.
WEIGHT_LEVELS = 63


class QuantConv2d(nn.Conv2d):
    """A convolution with 8-bit activations (one range) and 7-bit weights (a range per filter).

    Its output is rounded, too. If a ReLU follows, ``rectified`` applies it before the rounding.
    """

    rectified = False

    @classmethod
    def of(cls, conv: nn.Conv2d, rectified: bool) -> "QuantConv2d":
        """A rounding convolution that shares the parameters of ``conv``."""
        rounding = cls(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
        )
        rounding.weight, rounding.bias, rounding.rectified = conv.weight, conv.bias, rectified
        return rounding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self._conv_forward(round_activations(x), round_weights(self.weight), self.bias)
        return round_activations(torch.relu(out) if self.rectified else out)


def prepare(net: nn.Module, unrounded: Collection[str] = ()) -> nn.Module:
    """Replace the inner convolutions of ``net``, except ``unrounded``, in place; return ``net``."""
    rectified = rectified_layers(net)
    for name in rounded_layers(net, unrounded):
        conv = net.get_submodule(name)
        assert isinstance(conv, nn.Conv2d)
        net.set_submodule(name, QuantConv2d.of(conv, name in rectified))
    return net


def rectified_layers(net: nn.Module) -> set[str]:
    """Names of the layers of ``net`` whose output is read only by ReLUs."""
    nodes = fx.symbolic_trace(net).graph.nodes

    def is_relu(node: fx.Node) -> bool:
        if node.op == "call_module":
            return isinstance(net.get_submodule(str(node.target)), nn.ReLU)
        return node.target in (torch.relu, F.relu)

    layers = [node for node in nodes if node.op == "call_module" and node.users]
    return {str(node.target) for node in layers if all(map(is_relu, node.users))}


def round_activations(x: torch.Tensor) -> torch.Tensor:
    """Round to 256 levels between the minimum and the maximum; zero is one of them."""
    low, high = (bound.detach().float() for bound in x.aminmax())
    low, high = low.clamp(max=0), high.clamp(min=1e-6)
    step = (high - low) / 255
    zero = (-low / step).round().int()
    return torch.fake_quantize_per_tensor_affine(x, step, zero, 0, 255)


def round_weights(weight: torch.Tensor) -> torch.Tensor:
    """Round (O, I, k, k) to 127 levels around zero, with one range per filter."""
    step = weight.detach().abs().amax((1, 2, 3)).float().clamp(min=1e-6) / WEIGHT_LEVELS
    zero = torch.zeros_like(step, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(
        weight, step, zero, 0, -WEIGHT_LEVELS, WEIGHT_LEVELS
    )
