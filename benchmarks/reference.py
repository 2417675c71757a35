"""``python -m benchmarks.reference`` writes the network that speeds are relative to.

Its output is useless; only its work matters: 3x3 convolutions with ReLU, as in most networks, with
32 channels, x2. All weights are equal, so the file does not need to store them.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sr_batch.bench.speed import REFERENCE
from sr_batch.core.model_spec import ModelSpec, to_metadata

_CHANNELS = (3, *[32] * 12, 12)

SPEC = ModelSpec(
    name="reference",
    arch="reference",
    scale=2,
    color="rgb",
    multiple=1,
    receptive_field=2 * (len(_CHANNELS) - 1) + 1,
    overlap=len(_CHANNELS) - 1,
    precision="fp32",
    protocol="none",
    licence="CC0",
    data="none",
    commit="none",
)


def write(path: Path) -> None:
    """Write the reference network to ``path``."""
    nodes, shapes, last = [], [], "input"
    for number, (before, after) in enumerate(pairwise(_CHANNELS)):
        weight = helper.make_tensor("value", TensorProto.FLOAT, [1], [1 / (9 * before)])
        shape = np.array([after, before, 3, 3], np.int64)
        shapes.append(numpy_helper.from_array(shape, f"shape{number}"))
        nodes += [
            helper.make_node("ConstantOfShape", [f"shape{number}"], [f"w{number}"], value=weight),
            helper.make_node("Conv", [last, f"w{number}"], [f"sum{number}"], pads=[1] * 4),
            helper.make_node("Relu", [f"sum{number}"], [f"map{number}"]),
        ]
        last = f"map{number}"
    nodes.append(helper.make_node("DepthToSpace", [last], ["output"], blocksize=2, mode="CRD"))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, "h", "w"])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "reference", [given], [output], shapes)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, to_metadata(SPEC))
    onnx.save(model, path)


if __name__ == "__main__":
    write(REFERENCE)
