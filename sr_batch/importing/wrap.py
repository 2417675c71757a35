"""Puts layers around a foreign network, so that the file keeps this project's contract."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper
from onnx.compose import add_prefix
from onnx.helper import make_node, make_tensor_value_info, set_model_props

from sr_batch.core.model_spec import ModelSpec, to_metadata
from sr_batch.importing.graph_check import input_of
from sr_batch.importing.net_format import RANGES, Border, NetFormat

_NET = "net/"  # put before the names in the network
_TYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "uint8": TensorProto.UINT8,
}
_FAR = 1 << 40
# A gray network sees gray from 0 to 1, and the contract's luma is from 16 to 235 of 255.
_BLACK, _STEPS = 16 / 255, 219 / 255

_Layer = tuple[str, Sequence[str], dict[str, Any]]
"""Operator, constants after its first input, attributes."""


def wrap(model: ModelProto, spec: ModelSpec, form: NetFormat, border: Border) -> ModelProto:
    """The network with the contract ``spec``, as a new model."""
    inner = add_prefix(model, _NET)
    chain = _Chain(_opset(model))
    entry, exit_ = input_of(inner.graph).name, inner.graph.output[0].name
    before = chain.enter("input", entry, spec, form, border)
    after = chain.leave(exit_, "output", spec, form, border)
    nodes = [*before, *inner.graph.node, *after]
    del inner.graph.node[:], inner.graph.input[:], inner.graph.output[:]
    del inner.graph.value_info[:]  # shapes that an exporter noted may be wrong
    inner.graph.node.extend(nodes)
    inner.graph.initializer.extend(chain.weights)
    sides: list[str | int] = [*spec.window_sides] if spec.window else ["h", "w"]
    shape = [1 if spec.window else "n", spec.channels, *sides]
    inner.graph.input.append(make_tensor_value_info("input", TensorProto.FLOAT, shape))
    inner.graph.output.append(make_tensor_value_info("output", TensorProto.FLOAT, None))
    inner.ir_version = max(inner.ir_version, 4)  # from there on, weights need not be inputs
    set_model_props(inner, to_metadata(spec))
    return inner


def _opset(model: ModelProto) -> int:
    standard = (each for each in model.opset_import if each.domain in ("", "ai.onnx"))
    return int(next(standard).version)


class _Chain:
    """Layers one after the other, with the constants that they need."""

    def __init__(self, opset: int) -> None:
        self._opset = opset
        self._count = 0
        self.weights: list[TensorProto] = []

    def enter(
        self, source: str, target: str, spec: ModelSpec, form: NetFormat, border: Border
    ) -> list[NodeProto]:
        """From the contract's input to the network's."""
        gain, offset = RANGES[form.range]
        if spec.color == "y":
            gain, offset = gain / _STEPS, offset - gain * _BLACK / _STEPS
        layers = [*self._linear(gain, offset), *self._swap(form)]
        if border.before or border.after:
            layers.append(self._pad(border))
        if form.dtype == "uint8":
            layers += self._rounded()
        if form.dtype != "float32":
            layers.append(("Cast", [], {"to": _TYPES[form.dtype]}))
        if form.layout == "nhwc":
            layers.append(("Transpose", [], {"perm": [0, 2, 3, 1]}))
        return self._joined(source, layers, target)

    def leave(
        self, source: str, target: str, spec: ModelSpec, form: NetFormat, border: Border
    ) -> list[NodeProto]:
        """From the network's output to the contract's."""
        gain, offset = RANGES[form.range_out]
        back, shift = 1 / gain, -offset / gain
        if spec.color == "y":
            back, shift = back * _STEPS, shift * _STEPS + _BLACK
        layers: list[_Layer] = []
        if form.layout_out == "nhwc":
            layers.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
        layers.append(("Cast", [], {"to": TensorProto.FLOAT}))
        layers += [*self._cropped(border), *self._swap(form), *self._linear(back, shift)]
        return self._joined(source, layers, target)

    def _joined(self, source: str, layers: Sequence[_Layer], target: str) -> list[NodeProto]:
        nodes = []
        for number, (kind, operands, attributes) in enumerate(layers, 1):
            out = target if number == len(layers) else self._name()
            nodes.append(make_node(kind, [source, *operands], [out], **attributes))
            source = out
        return nodes or [make_node("Identity", [source], [target])]

    def _linear(self, gain: float, offset: float) -> list[_Layer]:
        layers: list[_Layer] = []
        if gain != 1:
            layers.append(("Mul", [self._constant(np.float32(gain))], {}))
        if offset != 0:
            layers.append(("Add", [self._constant(np.float32(offset))], {}))
        return layers

    def _swap(self, form: NetFormat) -> list[_Layer]:
        if not form.bgr:
            return []
        return [("Gather", [self._constant(np.array([2, 1, 0], np.int64))], {"axis": 1})]

    def _rounded(self) -> list[_Layer]:
        """To whole numbers from 0 to 255; Round and Clip differ too much between opsets."""
        return [
            ("Add", [self._constant(np.float32(0.5))], {}),
            ("Floor", [], {}),
            ("Max", [self._constant(np.float32(0))], {}),
            ("Min", [self._constant(np.float32(255))], {}),
        ]

    def _pad(self, border: Border) -> _Layer:
        pads = [0, 0, border.before, border.before, 0, 0, border.after, border.after]
        if self._opset < 11:
            return ("Pad", [], {"pads": pads, "mode": "reflect"})
        return ("Pad", [self._constant(np.array(pads, np.int64))], {"mode": "reflect"})

    def _cropped(self, border: Border) -> list[_Layer]:
        first, last = border.crop, border.crop_after
        if not first and not last:
            return []
        starts, ends = [first, first], [-last if last else _FAR] * 2
        if self._opset < 10:
            return [("Slice", [], {"starts": starts, "ends": ends, "axes": [2, 3]})]
        operands = [self._constant(np.array(each, np.int64)) for each in (starts, ends, [2, 3])]
        return [("Slice", operands, {})]

    def _constant(self, value: npt.NDArray[np.generic] | np.generic) -> str:
        name = self._name()
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _name(self) -> str:
        self._count += 1
        return f"wrapper/{self._count}"
