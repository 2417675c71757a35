"""Reads ncnn files: the layers as text (.param) and their weights (.bin).

The wiki of ncnn describes the fields of each layer ("operation-param-weight-table", "param and
model file structure").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import numpy as np

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.ncnn.weights import (
    SUPPORTED,
    BadWeights,
    Number,
    Params,
    Stream,
    read_weights,
)

MAGIC = "7767517"
INSTEAD = "take the network's .onnx, .pth or .safetensors file if there is one"
AGAIN = "damaged; download it again"
_ARRAY = -23300  # the key of an array is this minus its own number


class BadNetwork(ImportRefused):
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
        weights: float32 arrays by name, as :mod:`sr_batch.importing.ncnn.weights` describes them.
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
    stream = Stream(path, _read(path))
    filled = tuple(_filled(param, layer, stream) for layer in layers)
    if stream.left:
        raise BadNetwork(
            f"{path}: {stream.left} bytes follow the last layer: it is not the .bin of"
            f" {param.name}, or one of them is truncated; download both again"
        )
    return filled


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadNetwork(f"{path}: cannot be read: {error.strerror}") from error


def _read_layers(path: Path, lines: list[str]) -> list[Layer]:
    if not lines or lines[0].strip() != MAGIC:
        raise BadNetwork(f"{path}: not a .param file of ncnn (its first line is not {MAGIC})")
    layers = [_layer(path, line.split()) for line in lines[2:] if line.strip()]
    announced = lines[1].split()[0] if lines[1:] and lines[1].strip() else "no"
    if announced != str(len(layers)):
        raise BadNetwork(
            f"{path}: announces {announced} layers and lists {len(layers)}: truncated or damaged;"
            " download it again"
        )
    return layers


def _layer(path: Path, fields: list[str]) -> Layer:
    name = fields[1] if fields[1:] else fields[0]
    try:
        reads, writes = int(fields[2]), int(fields[3])
        blobs, rest = fields[4 : 4 + reads + writes], fields[4 + reads + writes :]
        if min(reads, writes) < 0 or len(blobs) < reads + writes:
            raise ValueError
        params = dict(_param(text) for text in rest)
    except (ValueError, IndexError, OverflowError) as error:
        raise BadNetwork(f"{path}: layer {name}: its line cannot be read: {AGAIN}") from error
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
    value = float(text) if any(mark in text for mark in ".eE") else int(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _filled(path: Path, layer: Layer, stream: Stream) -> Layer:
    """``layer`` with its part of ``stream``."""
    if layer.type not in SUPPORTED:
        raise BadNetwork(
            f"{path}: layer {layer.name}: layers of type {layer.type} are not supported; {INSTEAD}"
        )
    try:
        weights = read_weights(layer.type, layer.params, stream)
    except BadWeights as error:
        raise BadNetwork(f"{stream.path}: layer {layer.name}: {error}") from error
    return Layer(layer.type, layer.name, layer.inputs, layer.outputs, layer.params, weights)
