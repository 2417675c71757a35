"""The parameters of an ncnn layer, as numbers. One that makes no sense is refused."""

from sr_batch.importing.ncnn.read import Layer
from sr_batch.importing.ncnn.weights import Number


class Unsupported(Exception):
    """A layer has a setting that is not supported; the message does not name the layer."""


def whole(layer: Layer, key: int, usual: int) -> int:
    """The integer parameter ``key`` of ``layer``, ``usual`` if the file does not give it."""
    value = layer.params.get(key, usual)
    if not isinstance(value, int):
        raise Unsupported(f"parameter {key} must be an integer, not {value}")
    return value


def counted(layer: Layer, key: int, usual: int) -> int:
    """The integer parameter ``key`` of ``layer``, which must be above 0."""
    value = whole(layer, key, usual)
    if value < 1:
        raise Unsupported(f"parameter {key} must be above 0, not {value}")
    return value


def number(layer: Layer, key: int, usual: Number = 0) -> Number:
    """The number ``key`` of ``layer``, ``usual`` if the file does not give it."""
    value = layer.params.get(key, usual)
    if isinstance(value, tuple):
        raise Unsupported(f"parameter {key} must be one number")
    return value


def numbers(layer: Layer, key: int) -> tuple[Number, ...]:
    """The array ``key`` of ``layer``, empty if the file does not give it."""
    value = layer.params.get(key, ())
    return value if isinstance(value, tuple) else (value,)
