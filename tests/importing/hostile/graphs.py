"""ONNX graphs that lie, recurse or go in circles. All are some kilobytes at most."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests.importing.foreign import FLOAT, enlarging, looping, model_of
from tests.importing.hostile.case import Case, Make

Edit = Callable[[ModelProto], object]
COPY = [helper.make_node("Identity", ["x"], ["y"])]


def model(nodes: Sequence[NodeProto] = COPY, edit: Edit | None = None, **how: Any) -> Make:
    """Writes a model of ``nodes``, changed by ``edit``."""

    def make(folder: Path) -> Path:
        path = folder / "net.onnx"
        made = model_of(nodes, **how)
        if edit:
            edit(made)
        path.write_bytes(made.SerializeToString())
        return path

    return make


def enlarger_with(edit: Edit) -> Make:
    nodes, weights = enlarging()
    return model(nodes, edit, weights=weights)


def node(kind: str, *inputs: str, out: str = "y", **attributes: Any) -> NodeProto:
    return helper.make_node(kind, inputs, [out], **attributes)


def chosen(folder: Path) -> Path:
    """An If with a graph in each branch."""
    branch = helper.make_graph([], "branch", [], [helper.make_tensor_value_info("x", FLOAT, None)])
    path = folder / "net.onnx"
    made = model_of([node("If", "go", then_branch=branch, else_branch=branch)])
    made.graph.initializer.append(numpy_helper.from_array(np.array(True), "go"))
    path.write_bytes(made.SerializeToString())
    return path


def disguise(made: ModelProto) -> None:
    """A graph in an attribute whose declared type is a number."""
    attribute = made.graph.node[0].attribute.add()
    attribute.name, attribute.type = "body", onnx.AttributeProto.INT
    attribute.g.CopyFrom(helper.make_graph([], "body", [], []))


def nest(folder: Path) -> Path:
    """Graphs in graphs, 500 deep."""
    inner = helper.make_graph([], "inner", [], [])
    for _ in range(500):
        outer = onnx.GraphProto(name="g")
        attribute = outer.node.add(op_type="Identity").attribute.add()
        attribute.name, attribute.type = "body", onnx.AttributeProto.GRAPH
        attribute.g.CopyFrom(inner)
        inner = outer
    path = folder / "net.onnx"
    # The model by hand: the library would refuse to write it so deep.
    data = inner.SerializePartialToString()
    path.write_bytes(b"\x08\x08" + b"\x3a" + _length(len(data)) + data)
    return path


def _length(size: int) -> bytes:
    out = bytearray()
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes([*out, size])


def function(
    made: ModelProto, name: str, nodes: Sequence[NodeProto], domain: str = "local"
) -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    made.functions.append(helper.make_function(domain, name, ["a"], ["b"], nodes, opsets))


def call(name: str, source: str = "a", out: str = "b") -> NodeProto:
    return helper.make_node(name, [source], [out], domain="local")


def laugh(made: ModelProto) -> None:
    """Forty functions, each of which calls the one before twice."""
    function(made, "f0", [helper.make_node("Abs", ["a"], ["b"])])
    for number in range(1, 40):
        calls = [call(f"f{number - 1}", "a", "m"), call(f"f{number - 1}", "m", "b")]
        function(made, f"f{number}", calls)
    made.opset_import.append(helper.make_opsetid("local", 1))


def recurse(made: ModelProto) -> None:
    function(made, "one", [call("two")])
    function(made, "two", [call("one")])
    made.opset_import.append(helper.make_opsetid("local", 1))


def hide(made: ModelProto) -> None:
    """A function with the name of a standard operator, which calls a forbidden one."""
    function(made, "Identity", [helper.make_node("RandomNormalLike", ["a"], ["b"])], "")


def sparse(made: ModelProto) -> None:
    values = helper.make_tensor("s", FLOAT, [1], [1.0])
    places = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [1 << 40]))


def sparse_constant(made: ModelProto) -> None:
    sparse(made)
    tensor = made.graph.sparse_initializer.pop()
    made.graph.node.append(helper.make_node("Constant", [], ["s"], sparse_value=tensor))


def train(made: ModelProto) -> None:
    graph = helper.make_graph([], "steps", [], [])
    made.training_info.add().algorithm.CopyFrom(graph)


def text(made: ModelProto) -> None:
    made.graph.initializer.append(TensorProto(name="s", data_type=TensorProto.STRING, dims=[1]))


def inflate(made: ModelProto) -> None:
    """A weight that states 2 to the 31 rows, and has as many bytes as before."""
    weight(made).dims[0] = 1 << 31


def negative(made: ModelProto) -> None:
    weight(made).dims[0] = -12


def weight(made: ModelProto) -> TensorProto:
    found: TensorProto = next(each for each in made.graph.initializer if each.name == "w")
    return found


def listed_twice(made: ModelProto) -> None:
    made.graph.initializer.append(weight(made))


def future(made: ModelProto) -> None:
    made.opset_import[0].version = 1 << 40


def future_format(made: ModelProto) -> None:
    made.ir_version = 1 << 40


def two_opsets(made: ModelProto) -> None:
    made.opset_import.append(helper.make_opsetid("ai.onnx", 7))


def escape(made: ModelProto) -> None:
    """An operator whose name clears the terminal and forges a line."""
    made.graph.node[0].op_type = "\x1b[2J\nadded safe x2: RGB"


def shout(made: ModelProto) -> None:
    made.graph.node[0].output[0] = made.graph.output[0].name = "y" * (5 << 20)


def lengthen(made: ModelProto) -> None:
    data = made.graph.SerializeToString()
    made.graph.MergeFromString(data[: COPY[0].ByteSize() + 2] * 50_001)


CIRCLE = [node("Add", "x", "b", out="a"), node("Abs", "a", out="b"), node("Abs", "b")]
TWICE = [node("Abs", "x"), node("Neg", "x")]
DROPOUT = [node("Dropout", "x", "ratio", "training")]
TRAINING = {"ratio": np.array(0.001, np.float32), "training": np.array(True)}

CASES = (
    Case("a loop without an end", lambda folder: looping(folder / "net.onnx"), r"flow \(Loop\)"),
    Case("a branch", chosen, r"control flow \(If\)"),
    Case("a graph in an attribute of another type", model(edit=disguise), "control flow"),
    Case("graphs in graphs, 500 deep", nest, "nested too deep"),
    Case("a circle", model(CIRCLE), "circle"),
    Case("a value that is written twice", model(TWICE), "y twice"),
    Case("a value that nothing writes", model([node("Add", "x", "none")]), "none, which nothing"),
    Case("an output that nothing writes", model([node("Abs", "x", out="z")]), "y, which nothing"),
    Case("a weight that is listed twice", enlarger_with(listed_twice), "w twice"),
    Case("functions that double 40 times", model([call("f39", "x", "y")], laugh), "operators"),
    Case(
        "functions that call each other", model([call("one", "x", "y")], recurse), "call each other"
    ),
    Case("a function in the place of an operator", model(edit=hide), "place of an operator"),
    Case("an operator of another library", model([call("Run", "x", "y")]), "local:Run"),
    Case("random numbers", model([node("RandomUniformLike", "x")]), "random numbers"),
    Case("a dropout that trains", model(DROPOUT, weights=TRAINING), "random"),
    Case("a memory of earlier pictures", model([node("LSTM", "x", "w", "r")]), "recurrent"),
    Case("sparse weights", model(edit=sparse), "sparse"),
    Case("a sparse constant", model(edit=sparse_constant), "sparse"),
    Case("text as a weight", model(edit=text), "text"),
    Case("text as the picture", model(kind=TensorProto.STRING), "input is string"),
    Case("steps of training", model(edit=train), "training"),
    Case("a weight of 2^31 rows", enlarger_with(inflate), "w .*2147483648x3x3x3"),
    Case("a weight of a negative size", enlarger_with(negative), "w .*-12x3x3x3"),
    Case("a picture of 2^31 pixels a side", model(shape=[1, 3, 1 << 31, 1 << 31]), "2147483648"),
    Case("an opset of the far future", model(edit=future), "opset 1099511627776"),
    Case("a format of the far future", model(edit=future_format), "version 1099511627776"),
    Case("two opsets", model(edit=two_opsets), "opset twice"),
    Case("escape codes in the name of an operator", model(edit=escape), r"\\x1b\[2J\\nadded"),
    Case("a name of five million letters", model(edit=shout), "name of 5242880"),
    Case("more operators than any network", model(edit=lengthen), "50002 operators"),
)
