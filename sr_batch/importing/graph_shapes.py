"""The shapes and the constants of an ONNX graph, for a picture of one size."""

from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper
from onnx.shape_inference import infer_shapes

from sr_batch.importing.graph_check import Port, input_of

_SIDE = 96  # of the picture


class Unknown(Exception):
    """The graph has a layer whose reach cannot be told."""


class Graph:
    """A graph whose shapes are known as far as ONNX infers them.

    Args:
        model: The network.
        port: Its input.

    Attributes:
        shapes: Name of a value -> its sides, of which unknown ones are 0.
    """

    def __init__(self, model: ModelProto, port: Port) -> None:
        inferred = infer_shapes(_with_sides(model, port), data_prop=True).graph
        infos = [*inferred.value_info, *inferred.input, *inferred.output]
        self.shapes = {
            each.name: [side.dim_value for side in each.type.tensor_type.shape.dim]
            for each in infos
        }
        self._weights = {each.name: each for each in model.graph.initializer}
        self.shapes |= {name: list(each.dims) for name, each in self._weights.items()}
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._weights[node.output[0]] = node.attribute[0].t
        self._users: dict[str, list[NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)

    def constant(self, node: NodeProto, place: int) -> np.ndarray:
        """The input of a node that must be a constant. Raises Unknown."""
        name = node.input[place] if len(node.input) > place else ""
        if name not in self._weights:
            raise Unknown
        return numpy_helper.to_array(self._weights[name])

    def sides(self, name: str, axes: tuple[int, int]) -> tuple[int, int]:
        """The sides of a value along two axes. Raises Unknown."""
        shape = self.shapes.get(name, [])
        if len(shape) <= max(axes) or not all(shape[axis] for axis in axes):
            raise Unknown
        return shape[axes[0]], shape[axes[1]]

    def follower(self, node: NodeProto, kind: str) -> NodeProto:
        """The only user of a node's output, which must be of a kind. Raises Unknown."""
        users = self._users.get(node.output[0], [])
        if len(users) != 1 or users[0].op_type != kind:
            raise Unknown
        return users[0]


def _with_sides(model: ModelProto, port: Port) -> ModelProto:
    """A copy without weights, for a picture of one size."""
    fixed = ModelProto()
    fixed.CopyFrom(model)
    place = 1 if port.channels_last else 2
    dimensions = input_of(fixed.graph).type.tensor_type.shape.dim
    wanted = [1, 3, 3, 3]
    wanted[place : place + 2] = [_SIDE, _SIDE]
    wanted[3 if port.channels_last else 1] = port.shape[3 if port.channels_last else 1] or 3
    for number, side in enumerate(wanted):
        dimension = dimensions[number] if len(dimensions) > number else dimensions.add()
        dimension.dim_value = dimension.dim_value or side
    return fixed


def attribute(node: NodeProto, name: str, default: object) -> Any:
    """The value of an attribute, or ``default``."""
    found = (helper.get_attribute_value(each) for each in node.attribute if each.name == name)
    return next(found, default)
