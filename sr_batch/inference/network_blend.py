"""Blends two networks of the same structure into one between them, as fast as each.

Wang et al., "Deep Network Interpolation for Continuous Imagery Effect Transition", CVPR 2019:
weights are interpolated one by one. It works if one network was trained from the other's weights.
No other module of this package imports ``onnx``, and it does so on first use.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import ContractError, ModelSpec, from_metadata, to_metadata

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto


def blended_name(name: str, strength: float) -> str:
    """The name of a blend: ``photo-0.5``."""
    return f"{name}-{strength:g}"


def parts_of_blend(name: str) -> tuple[str, str]:
    """The network and the strength in the name of a blend; an empty strength in another name."""
    blend = re.fullmatch(r"(.+)-(0\.\d+|[\d.]+e-\d+)", name)
    return (blend[1], blend[2]) if blend else (name, "")


def blend(weak: Path, strong: Path, strength: float) -> bytes:
    """The network between the files ``weak`` (strength 0) and ``strong`` (1), as an ONNX file.

    Its contract suits both: the larger overlap, and the lower bound of consistency. It has no
    scores, because nobody measured it.

    Raises:
        UnknownModel: a file cannot be read, or their structures differ.
    """
    first, model = _load(weak), _load(strong)
    try:
        _interpolate(first.graph, model.graph, strength)
        spec = _between(_spec(first), _spec(model), strength)
    except (ContractError, _Different) as fault:
        raise UnknownModel(f"{weak} and {strong} cannot be blended: {fault}") from fault
    del model.metadata_props[:]
    for key, value in to_metadata(spec).items():
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString())


class _Different(Exception):
    """Two networks do not have the same structure; the message names the difference."""


def _load(path: Path) -> ModelProto:
    import onnx

    try:
        return onnx.load(path)
    except Exception as fault:  # the exceptions of Protocol Buffers have no common base
        raise UnknownModel(f"{path}: it cannot be read as an ONNX file") from fault


def _spec(model: ModelProto) -> ModelSpec:
    return from_metadata({each.key: each.value for each in model.metadata_props})


def _between(weak: ModelSpec, strong: ModelSpec, strength: float) -> ModelSpec:
    for key in ("scale", "color", "precision"):
        if getattr(weak, key) != getattr(strong, key):
            raise _Different(f"their {key} is {getattr(weak, key)} and {getattr(strong, key)}")
    return replace(
        strong,
        name=blended_name(strong.name, strength),
        multiple=int(np.lcm(weak.multiple, strong.multiple)),
        receptive_field=max(weak.receptive_field, strong.receptive_field),
        overlap=max(weak.overlap, strong.overlap),
        consistency=min(weak.consistency, strong.consistency),
        pixel_bytes=max(weak.pixel_bytes, strong.pixel_bytes),
        scores={},
        partner="",
        color_lock=weak.color_lock or strong.color_lock,
    )


def _interpolate(weak: GraphProto, strong: GraphProto, strength: float) -> None:
    """Blend the weights of ``weak`` into those of ``strong``."""
    if _structure(weak) != _structure(strong):
        raise _Different("their layers differ")
    weights = {tensor.name: tensor for tensor in weak.initializer}
    if weights.keys() != {tensor.name for tensor in strong.initializer}:
        raise _Different("the names of their weights differ")
    for tensor in strong.initializer:
        _mix(weights[tensor.name], tensor, strength)


def _structure(graph: GraphProto) -> list[tuple[object, ...]]:
    return [
        (
            *(node.op_type, tuple(node.input), tuple(node.output)),
            *sorted(each.SerializeToString(deterministic=True) for each in node.attribute),
        )
        for node in graph.node
    ]


def _mix(weak: TensorProto, strong: TensorProto, strength: float) -> None:
    """Replace ``strong`` by the blend; tensors that are not weights, such as sizes, must agree."""
    from onnx import numpy_helper

    a, b = numpy_helper.to_array(weak), numpy_helper.to_array(strong)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        raise _Different(f"{strong.name} is {_shape(a)} and {_shape(b)}")
    if np.issubdtype(b.dtype, np.floating):
        mixed = (1 - strength) * a.astype(np.float64) + strength * b.astype(np.float64)
        strong.CopyFrom(numpy_helper.from_array(mixed.astype(b.dtype), strong.name))
    elif not np.array_equal(a, b):
        raise _Different(f"{strong.name} differs")


def _shape(array: np.ndarray) -> str:
    return f"{array.dtype} {'x'.join(map(str, array.shape))}"
