"""An ONNX graph under construction. Pictures are (N, C, H, W), as in the finished file.

This module and `sr_batch.importing.ncnn.to_onnx` are where ncnn files meet the onnx library.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto
from onnx.helper import make_node
from onnx.numpy_helper import from_array

from sr_batch.importing.ncnn.weights import Number


class Graph:
    """Nodes and constants. The names of ncnn's blobs are the names of ONNX's values.

    A name that is made here has a space, which no name in a .param file can have.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        """Append a node with one output."""
        self.nodes.append(make_node(op, inputs, [output], **attributes))

    def step(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Append a node whose output gets a name that is not used yet. Returns the name."""
        name = self._fresh()
        self.add(op, inputs, name, **attributes)
        return name

    def constant(self, value: np.ndarray) -> str:
        """Add a constant. Returns its name."""
        name = self._fresh()
        self.constants.append(from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: Number) -> str:
        """Add a float32 constant without axes. Returns its name."""
        return self.constant(np.array(value, np.float32))

    def indices(self, *values: int) -> str:
        """Add an int64 constant of one axis. Returns its name."""
        return self.constant(np.array(values, np.int64))

    def activate(self, kind: int, numbers: Sequence[Number], value: str, output: str) -> None:
        """Apply the activation that ncnn fuses into a layer.

        Args:
            kind: ncnn's ``activation_type``.
            numbers: Its ``activation_params``.
            value: What the layer computed.
            output: Name of the result.

        Raises:
            KeyError: ncnn knows no such activation, or it is not supported.
            IndexError: it lacks a number.
        """
        name = ACTIVATIONS[kind]
        if name == "LeakyRelu":
            self.add(name, [value], output, alpha=float(numbers[0]))
        elif name == "Clip":
            self.add(name, [value, self.number(numbers[0]), self.number(numbers[1])], output)
        elif name == "HardSwish":
            self.hard_swish(value, output, *numbers[:2])
        else:
            self.add(name, [value], output)

    def hard_swish(self, value: str, output: str, alpha: Number, beta: Number) -> None:
        """Append ``value * clip(alpha * value + beta, 0, 1)``."""
        gate = self.step("HardSigmoid", [value], alpha=float(alpha), beta=float(beta))
        self.add("Mul", [value, gate], output)

    def _fresh(self) -> str:
        return f"value {len(self.nodes) + len(self.constants)}"


ACTIVATIONS: Mapping[int, str] = {
    0: "Identity",
    1: "Relu",
    2: "LeakyRelu",
    3: "Clip",
    4: "Sigmoid",
    5: "Mish",
    6: "HardSwish",
}
"""ncnn's number of a fused activation -> the ONNX operator."""
