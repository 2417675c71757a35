"""A teacher from ncnn files, for targets computed at every step.

It runs the layers that Real-ESRGAN's networks have: those of its general ones (SRVGGNetCompact) are
3x3 convolutions with PReLU and a shuffle, those of x4plus (RRDB) densely connected convolutions and
sums. Networks with other layers are refused.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from sr_batch.importing.ncnn.parameters import Unsupported, counted, number, numbers, whole
from sr_batch.importing.ncnn.read import BadNetwork, Layer, read_network

Blobs = dict[str, torch.Tensor]
"""ncnn's name of a value -> the value. Each is read once: a Split gives copies other names."""

_PROBE = 8  # pixels a side of the picture on which a network is tried


class Step(nn.Module):
    """One layer, which takes its inputs out of the blobs and puts its outputs there."""

    def __init__(self, layer: Layer, function: nn.Module) -> None:
        super().__init__()
        self.name, self.inputs, self.outputs = layer.name, layer.inputs, layer.outputs
        self.function = function

    def forward(self, blobs: Blobs) -> None:
        result = self.function(*[blobs.pop(name) for name in self.inputs])
        blobs.update(dict.fromkeys(self.outputs, result))


class Teacher(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> RGB (B, 3, H*s, W*s), unclipped.

    Attributes:
        scale: Side of the output / side of the input.
    """

    def __init__(self, reads: str, steps: Sequence[Step]) -> None:
        super().__init__()
        self.reads, self.steps, self.scale = reads, nn.ModuleList(steps), 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        blobs = {self.reads: x}
        for step in self.steps:
            step(blobs)
        (sr,) = blobs.values()
        return sr


class Sum(nn.Module):
    """The sum of pictures, each times its factor."""

    def __init__(self, factors: Sequence[float]) -> None:
        super().__init__()
        self.factors = factors

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        pairs = zip(values, self.factors, strict=True)
        return torch.stack([value * factor for value, factor in pairs]).sum(0)


class Concat(nn.Module):
    """The channels of all pictures, one after the other."""

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return torch.cat(values, 1)


def load_teacher(param: Path) -> Teacher:
    """Load the network of ``param`` and of the .bin file beside it, frozen.

    Raises:
        BadNetwork: a file is missing or damaged, or the network has other layers or makes no RGB
            picture.
    """
    layers = read_network(param)
    reads = [name for layer in layers if layer.type == "Input" for name in layer.outputs]
    if len(reads) != 1:
        raise BadNetwork(f"{param}: has {len(reads)} inputs; a teacher has one")
    steps = [Step(layer, _function(param, layer)) for layer in layers if layer.type != "Input"]
    teacher = Teacher(reads[0], steps).eval().requires_grad_(requires_grad=False)
    teacher.scale = _tried(param, teacher)
    return teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.inference_mode()
def _tried(param: Path, teacher: Teacher) -> int:
    """The scale of ``teacher``, by a small picture that passes its layers one by one."""
    blobs = {teacher.reads: torch.zeros(1, 3, _PROBE, _PROBE)}
    for step in teacher.steps:
        try:
            step(blobs)
        except (KeyError, RuntimeError, ValueError) as error:
            name = step.name
            raise BadNetwork(f"{param}: layer {name}: does not fit the layers before it") from error
    shapes = [tuple(blob.shape) for blob in blobs.values()]
    scale = shapes[0][-1] // _PROBE if shapes else 0
    if shapes != [(1, 3, _PROBE * scale, _PROBE * scale)]:
        raise BadNetwork(f"{param}: does not make one RGB picture, larger by a whole factor")
    return scale


def _function(param: Path, layer: Layer) -> nn.Module:
    make = _FUNCTIONS.get(layer.type)
    if make is None:
        known = ", ".join(sorted(_FUNCTIONS))
        raise BadNetwork(f"{param}: layer {layer.name}: is {layer.type}; a teacher has {known}")
    try:
        return make(layer)
    except Unsupported as error:
        raise BadNetwork(f"{param}: layer {layer.name}: {error}") from error


def _convolution(layer: Layer) -> nn.Module:
    weight, bias = (torch.from_numpy(layer.weights[name]) for name in ("weight", "bias"))
    side = weight.shape[-1]
    if weight.shape[-2] != side or side % 2 == 0 or whole(layer, 4, 0) != side // 2:
        raise Unsupported("must keep the size of the picture")
    if any(whole(layer, key, 1) != 1 for key in (2, 3, 7)):
        raise Unsupported("has a dilation, a stride or groups")
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], side, padding=side // 2)
    conv.weight.data, conv.bias = weight, nn.Parameter(bias)
    return nn.Sequential(conv, *_activation(layer))


def _activation(layer: Layer) -> tuple[nn.Module, ...]:
    """What ncnn fuses into a convolution: nothing, ReLU or LeakyReLU."""
    kind = whole(layer, 9, 0)
    if kind > 2:
        raise Unsupported("has an activation other than ReLU and LeakyReLU")
    return (nn.LeakyReLU(float((0, *numbers(layer, 10))[-1])),) if kind else ()


def _prelu(layer: Layer) -> nn.Module:
    slope = torch.from_numpy(layer.weights["slope"])
    prelu = nn.PReLU(len(slope))
    prelu.weight.data = slope
    return prelu


def _binary(layer: Layer) -> nn.Module:
    if whole(layer, 0, 0) or whole(layer, 1, 0):
        raise Unsupported("must add two pictures")
    return Sum((1.0, 1.0))


def _eltwise(layer: Layer) -> nn.Module:
    if whole(layer, 0, 0) != 1:
        raise Unsupported("must be a sum")
    return Sum([float(factor) for factor in numbers(layer, 1)] or [1.0] * len(layer.inputs))


def _enlarge(layer: Layer) -> nn.Module:
    factor = number(layer, 1, 1)
    if whole(layer, 0, 0) != 1 or number(layer, 2, 1) != factor or factor != int(factor):
        raise Unsupported("must repeat pixels, as often in both directions")
    return nn.Upsample(scale_factor=int(factor), mode="nearest")


def _shuffle(layer: Layer) -> nn.Module:
    if whole(layer, 1, 0):
        raise Unsupported("must shuffle groups of channels that follow one another")
    return nn.PixelShuffle(counted(layer, 0, 1))


_FUNCTIONS: Mapping[str, Callable[[Layer], nn.Module]] = {
    "BinaryOp": _binary,
    "Concat": lambda _: Concat(),
    "Convolution": _convolution,
    "Eltwise": _eltwise,
    "Interp": _enlarge,
    "PReLU": _prelu,
    "PixelShuffle": _shuffle,
    "Split": lambda _: nn.Identity(),
}
