"""Reads ncnn files: the layers as text (.param) and their weights (.bin).

Only plain networks are read: convolutions, activations, sums, concatenations, shuffles and
enlargements. The wiki of ncnn describes the fields of each layer ("operation-param-weight-table",
"param and model file structure").
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sr_batch.core.errors import UsageError

Number = int | float
Params = Mapping[int, Number | tuple[Number, ...]]

_MAGIC = "7767517"
_HALF, _FULL = 0x01306B47, 0
_ARRAY = -23300  # the key of an array is this minus its own number


class BadNetwork(UsageError):
    """A file is not an ncnn network, or has a layer that is not supported."""


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        type: Its name in ncnn, for instance ``Convolution``.
        name: Unique in its network.
        inputs: Names of the blobs it reads.
        outputs: Names of the blobs it writes.
        params: Its parameters by ncnn's keys; only those in the file.
        weights: float32 arrays: ``weight`` (out, in, kh, kw) and ``bias`` (out) of a convolution,
            ``slope`` (channels or 1) of a PReLU.
    """

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: Params
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)


def read_network(param: Path, weights: Path | None = None) -> tuple[Layer, ...]:
    """The layers of ``param`` in their order, each with its part of ``weights``.

    Args:
        param: The .param file.
        weights: The .bin file; the one beside ``param`` if not given.

    Raises:
        BadNetwork: a file is missing or not an ncnn file; a layer is not supported, or its weights
            have an impossible shape or are neither fp16 nor fp32; the .bin is too short or too
            long.
    """
    layers = _read_layers(param, _read(param).decode("utf-8", "replace").splitlines())
    path = weights or param.with_suffix(".bin")
    stream = _Stream(path, _read(path))
    filled = tuple(_filled(param, layer, stream) for layer in layers)
    if stream.left:
        raise BadNetwork(
            f"{path}: {stream.left} bytes follow the last layer; does it belong to {param.name}?"
        )
    return filled


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadNetwork(f"{path}: cannot be read: {error.strerror}") from error


def _read_layers(path: Path, lines: list[str]) -> list[Layer]:
    if not lines or lines[0].strip() != _MAGIC:
        raise BadNetwork(f"{path}: not a .param file of ncnn (its first line is not {_MAGIC})")
    layers = [_layer(path, line.split()) for line in lines[2:] if line.strip()]
    announced = lines[1].split()[0] if lines[1:] and lines[1].strip() else "no"
    if announced != str(len(layers)):
        raise BadNetwork(f"{path}: announces {announced} layers and lists {len(layers)}")
    return layers


def _layer(path: Path, fields: list[str]) -> Layer:
    name = fields[1] if fields[1:] else fields[0]
    try:
        reads, writes = int(fields[2]), int(fields[3])
        blobs, rest = fields[4 : 4 + reads + writes], fields[4 + reads + writes :]
        if min(reads, writes) < 0 or len(blobs) < reads + writes:
            raise ValueError
        params = dict(_param(text) for text in rest)
    except (ValueError, IndexError) as error:
        raise BadNetwork(f"{path}: layer {name}: its line cannot be read") from error
    return Layer(fields[0], name, tuple(blobs[:reads]), tuple(blobs[reads:]), params)


def _param(text: str) -> tuple[int, Number | tuple[Number, ...]]:
    """``6=1728`` or ``-23310=1,0.2``, an array of one number with the key 10."""
    key, _, value = text.partition("=")
    if int(key) > _ARRAY:
        return int(key), _number(value)
    count, *numbers = value.split(",")
    if int(count) != len(numbers):
        raise ValueError(text)
    return _ARRAY - int(key), tuple(_number(number) for number in numbers)


def _number(text: str) -> Number:
    return float(text) if any(mark in text for mark in ".eE") else int(text)


def _filled(path: Path, layer: Layer, stream: "_Stream") -> Layer:
    """``layer`` with its part of ``stream``."""
    if layer.type not in _WEIGHTS:
        known = ", ".join(sorted(_WEIGHTS))
        raise BadNetwork(
            f"{path}: layer {layer.name}: {layer.type} is not supported; supported are {known}"
        )
    try:
        weights = _WEIGHTS[layer.type](layer.params, stream)
    except _BadWeights as error:
        raise BadNetwork(f"{stream.path}: layer {layer.name}: {error}") from error
    return Layer(layer.type, layer.name, layer.inputs, layer.outputs, layer.params, weights)


class _BadWeights(Exception):
    """The weights of one layer are wrong; the message does not name the layer."""


class _Stream:
    """The .bin file, read from start to end."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self._data, self._at = path, data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def flagged(self, count: int) -> np.ndarray:
        """``count`` numbers after a flag that gives their precision, as float32."""
        flag = int(self.plain(1, "<u4")[0])
        if flag == _FULL:
            return self.plain(count)
        if flag != _HALF:
            raise _BadWeights(f"its weights are neither fp32 nor fp16 (flag {flag:#010x})")
        halves = self.plain(count + count % 2, "<f2")  # in whole groups of four bytes
        return halves[:count].astype(np.float32)

    def plain(self, count: int, kind: str = "<f4") -> np.ndarray:
        size = count * np.dtype(kind).itemsize
        if size > self.left:
            raise _BadWeights(f"needs {size} bytes of weights and only {self.left} are left")
        self._at += size
        return np.frombuffer(self._data, kind, count, self._at - size).copy()


def _convolution(params: Params, stream: _Stream) -> dict[str, np.ndarray]:
    if params.get(8):
        raise _BadWeights("int8 weights are not supported")
    out, size = _whole(params, 0), _whole(params, 6)
    width = _whole(params, 1)
    height = _whole(params, 11) if 11 in params else width
    if size % (out * height * width):
        raise _BadWeights(f"{size} weights do not make {out} kernels of {width}x{height}")
    weight = stream.flagged(size).reshape(out, -1, height, width)
    bias = stream.plain(out) if params.get(5) else np.zeros(out, np.float32)
    return _finite({"weight": weight, "bias": bias})


def _prelu(params: Params, stream: _Stream) -> dict[str, np.ndarray]:
    return _finite({"slope": stream.plain(_whole(params, 0))})


def _nothing(params: Params, stream: _Stream) -> dict[str, np.ndarray]:
    del params, stream
    return {}


_WEIGHTS: Mapping[str, Callable[[Params, _Stream], dict[str, np.ndarray]]] = {
    "Convolution": _convolution,
    "PReLU": _prelu,
    **dict.fromkeys(
        ("BinaryOp", "Concat", "Input", "Interp", "PixelShuffle", "ReLU", "Split"), _nothing
    ),
}
"""Type of a layer -> the function that reads its weights."""


def _whole(params: Params, key: int) -> int:
    value = params.get(key)
    if not isinstance(value, int) or value < 1:
        raise _BadWeights(f"parameter {key} must be a whole number above 0, not {value}")
    return value


def _finite(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, values in weights.items():
        if not math.isfinite(float(np.abs(values).sum(dtype=np.float64))):
            raise _BadWeights(f"its {name} has NaN or infinite values")
    return weights
