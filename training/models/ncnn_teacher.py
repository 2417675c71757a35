"""A teacher from ncnn files: a plain stack of convolutions, for targets computed at every step.

The structure is that of Real-ESRGAN's general networks (SRVGGNetCompact): 3x3 convolutions with
PReLU, one shuffle, and the input enlarged by repeating pixels. Other structures are refused.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from sr_batch.importing.ncnn.read import BadNetwork, Layer, read_network

_WIRING = {"Input", "Split"}  # they compute nothing
_ENDING = ("PixelShuffle", "Interp", "BinaryOp")


class PlainStack(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, H*s, W*s), unclipped."""

    def __init__(self, body: nn.Sequential, scale: int) -> None:
        super().__init__()
        self.body, self.scale = body, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        return F.pixel_shuffle(self.body(x), self.scale) + base


def load_teacher(param: Path) -> PlainStack:
    """Load the network of ``param`` and of the .bin file beside it, frozen.

    Raises:
        BadNetwork: a file is missing or damaged, or the network is of another structure.
    """
    layers = [layer for layer in read_network(param) if layer.type not in _WIRING]
    split = len(layers) - len(_ENDING)
    if tuple(layer.type for layer in layers[split:]) != _ENDING:
        raise BadNetwork(f"{param}: does not end in {', '.join(_ENDING)}; only plain stacks teach")
    _require_chain(param, layers[: split + 1])
    scale = _scale(param, layers[split])
    _require_ending(param, layers[split + 1 :], scale)
    body = nn.Sequential(*(_module(param, layer) for layer in layers[:split]))
    _require_channels(param, layers[: split + 1], scale)
    stack = PlainStack(body, scale).eval().requires_grad_(requires_grad=False)
    return stack.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _require_chain(param: Path, layers: Sequence[Layer]) -> None:
    """Each layer must read the output of the layer before it."""
    for before, layer in pairwise(layers):
        if layer.inputs != before.outputs:
            raise BadNetwork(f"{param}: layer {layer.name}: does not follow {before.name}")


def _scale(param: Path, shuffle: Layer) -> int:
    scale = shuffle.params.get(0, 1)
    if not isinstance(scale, int) or scale < 1:
        raise BadNetwork(f"{param}: layer {shuffle.name}: cannot enlarge {scale} times")
    return scale


def _require_channels(param: Path, layers: Sequence[Layer], scale: int) -> None:
    """Each layer must take as many channels as the one before it makes; the last is the shuffle."""
    channels = 3
    for layer in layers:
        takes = channels
        if layer.type == "Convolution":
            takes, makes = layer.weights["weight"].shape[1], len(layer.weights["weight"])
        elif layer.type == "PReLU" and len(layer.weights["slope"]) > 1:
            takes = makes = len(layer.weights["slope"])
        elif layer.type == "PixelShuffle":
            takes = makes = 3 * scale**2
        else:
            makes = channels
        if takes != channels:
            raise BadNetwork(
                f"{param}: layer {layer.name}: takes {takes} channels, and gets {channels}"
            )
        channels = makes


def _require_ending(param: Path, layers: Sequence[Layer], scale: int) -> None:
    """The end must be an enlargement by repeated pixels, and a sum."""
    interp, add = layers
    if [interp.params.get(key) for key in (0, 1, 2)] != [1, scale, scale]:
        raise BadNetwork(f"{param}: layer {interp.name}: must repeat pixels {scale} times")
    if add.params.get(0, 0) != 0 or len(add.inputs) != 2:
        raise BadNetwork(f"{param}: layer {add.name}: must add two pictures")


def _module(param: Path, layer: Layer) -> nn.Module:
    if layer.type == "PReLU":
        slope = torch.from_numpy(layer.weights["slope"])
        prelu = nn.PReLU(len(slope))
        prelu.weight.data = slope
        return prelu
    if layer.type != "Convolution":
        raise BadNetwork(f"{param}: layer {layer.name}: {layer.type} is not part of a plain stack")
    return _convolution(param, layer)


def _convolution(param: Path, layer: Layer) -> nn.Conv2d:
    weight, bias = (torch.from_numpy(layer.weights[name]) for name in ("weight", "bias"))
    side, odd = weight.shape[-1], {2: 1, 3: 1, 9: 0}  # dilation, stride, fused activation
    if weight.shape[-2] != side or layer.params.get(4, 0) != side // 2:
        raise BadNetwork(f"{param}: layer {layer.name}: must keep the size of the picture")
    if any(layer.params.get(key, usual) != usual for key, usual in odd.items()):
        raise BadNetwork(f"{param}: layer {layer.name}: has a dilation, a stride or an activation")
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], side, padding=side // 2)
    conv.weight.data, conv.bias = weight, nn.Parameter(bias)
    return conv
