"""The weights of each kind of layer, as they follow one another in a .bin file.

Arrays that a layer announces are only read, never allocated, before the file is known to have
them: a line of text may announce terabytes.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Number = int | float
Params = Mapping[int, Number | tuple[Number, ...]]
Arrays = dict[str, np.ndarray]

FROM_BLOB = -233
"""A parameter has this number if another blob or the size of the picture gives its value."""

_AGAIN = "damaged; download both files again"
_HALF, _FULL = 0x01306B47, 0


class BadWeights(Exception):
    """The weights of one layer are wrong; the message does not name the layer."""


class Stream:
    """A .bin file, read from start to end."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self._data, self._at = path, data, 0

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self._data) - self._at

    def flagged(self, count: int) -> np.ndarray:
        """``count`` numbers after a flag that gives their precision, as float32.

        Raises:
            BadWeights: the file ends before, or the numbers are neither fp16 nor fp32.
        """
        flag = int(self.plain(1, "<u4")[0])
        if flag == _FULL:
            return self.plain(count)
        if flag != _HALF:
            raise BadWeights(
                f"its weights are neither fp32 nor fp16 (flag {flag:#010x}): take the network's"
                " fp16 or fp32 file"
            )
        halves = self.plain(count + count % 2, "<f2")  # in whole groups of four bytes
        return halves[:count].astype(np.float32)

    def plain(self, count: int, kind: str = "<f4") -> np.ndarray:
        """``count`` numbers without a flag.

        Raises:
            BadWeights: the file ends before.
        """
        size = count * np.dtype(kind).itemsize
        if size > self.left:
            raise BadWeights(
                f"needs {size} bytes of weights and only {self.left} are left: truncated, or of"
                " another .param; download both files again"
            )
        self._at += size
        return np.frombuffer(self._data, kind, count, self._at - size).copy()


def _convolution(params: Params, stream: Stream) -> Arrays:
    """``weight`` (out, in, kh, kw) and ``bias`` (out)."""
    out, size = _whole(params, 0), _whole(params, 6)
    width = _whole(params, 1)
    height = _whole(params, 11) if 11 in params else width
    if size % (out * height * width):
        raise BadWeights(f"{size} weights do not make {out} kernels of {width}x{height}: {_AGAIN}")
    weight = _flagged(params, stream, size).reshape(out, -1, height, width)
    return {"weight": weight, "bias": _bias(params, stream, 5, out)}


def _inner_product(params: Params, stream: Stream) -> Arrays:
    """``weight`` (out, in) and ``bias`` (out)."""
    out, size = _whole(params, 0), _whole(params, 2)
    if size % out:
        raise BadWeights(f"{size} weights do not make {out} rows: {_AGAIN}")
    weight = _flagged(params, stream, size).reshape(out, -1)
    return {"weight": weight, "bias": _bias(params, stream, 1, out)}


def _flagged(params: Params, stream: Stream, size: int) -> np.ndarray:
    if params.get(8):
        raise BadWeights("int8 weights are not supported; use the fp16 or fp32 file of the network")
    return stream.flagged(size)


def _bias(params: Params, stream: Stream, key: int, out: int) -> np.ndarray:
    return stream.plain(out) if params.get(key) else np.zeros(out, np.float32)


def _prelu(params: Params, stream: Stream) -> Arrays:
    return {"slope": stream.plain(_whole(params, 0))}


def _scale(params: Params, stream: Stream) -> Arrays:
    """``scale`` unless another blob has it, and ``bias`` if there is one."""
    if params.get(0) == FROM_BLOB:
        return {}
    out = _whole(params, 0)
    return {"scale": stream.plain(out), "bias": _bias(params, stream, 1, out)}


def _batch_norm(params: Params, stream: Stream) -> Arrays:
    """``slope``, ``mean``, ``variance`` and ``bias``, in this order."""
    out = _whole(params, 0)
    return {name: stream.plain(out) for name in ("slope", "mean", "variance", "bias")}


def _nothing(params: Params, stream: Stream) -> Arrays:
    del params, stream
    return {}


_WITHOUT = """
BinaryOp Clip Concat Crop Dropout Eltwise HardSwish Input Interp Noop Padding PixelShuffle Pooling
ReLU Sigmoid Split Swish TanH
"""
_READERS: Mapping[str, Callable[[Params, Stream], Arrays]] = {
    "BatchNorm": _batch_norm,
    "Convolution": _convolution,
    "ConvolutionDepthWise": _convolution,
    "Deconvolution": _convolution,
    "InnerProduct": _inner_product,
    "PReLU": _prelu,
    "Scale": _scale,
    **dict.fromkeys(_WITHOUT.split(), _nothing),
}

SUPPORTED = frozenset(_READERS)
"""The types of layers whose weights can be read."""


def read_weights(type: str, params: Params, stream: Stream) -> Arrays:
    """The weights of a layer of a supported ``type``, float32.

    Raises:
        BadWeights: the file ends before; their number does not fit the layer; they are of a
            precision that is not supported; one is NaN or infinite.
    """
    arrays = _READERS[type](params, stream)
    for name, values in arrays.items():
        if not math.isfinite(float(np.abs(values).sum(dtype=np.float64))):
            raise BadWeights(f"its {name} has NaN or infinite values: {_AGAIN}")
    return arrays


def _whole(params: Params, key: int) -> int:
    value = params.get(key)
    if not isinstance(value, int) or value < 1:
        raise BadWeights(f"parameter {key} must be a whole number above 0, not {value}: {_AGAIN}")
    return value
