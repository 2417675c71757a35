"""Decides from an ONNX graph, before ONNX Runtime sees it, whether it may become a model."""

from collections.abc import Iterator
from dataclasses import dataclass

from onnx import (
    IR_VERSION,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
)
from onnx.defs import onnx_opset_version

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.graph_functions import STANDARD, operators
from sr_batch.importing.graph_operators import require_known
from sr_batch.importing.graph_values import require_order, require_short_names, require_whole

OLDEST_OPSET = 9
_MOST_NODES = 50_000
_MOST_CHANNELS = 32
_MOST_SIDE = 1 << 14  # of a fixed size

_TYPES: dict[int, str] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.UINT8: "uint8",
    TensorProto.DOUBLE: "float64",
}


@dataclass(frozen=True)
class Port:
    """The declared input of a network.

    Attributes:
        name: Its name in the graph.
        dtype: ``float32``, ``float16``, ``float64`` or ``uint8``, as numpy names them.
        shape: Four sides; None for a side that may be any.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    @property
    def channels_last(self) -> bool:
        """Whether the channels are the last axis, as far as the declaration tells."""
        return self.shape[1] not in (1, 3) and self.shape[3] in (1, 3)

    @property
    def sides(self) -> tuple[int | None, ...]:
        """Declared height and width."""
        return self.shape[1:3] if self.channels_last else self.shape[2:4]

    @property
    def has_fixed_sides(self) -> bool:
        """Whether height or width is declared to be one number."""
        return any(self.sides)


def check_graph(model: ModelProto) -> Port:
    """Refuse what cannot become a model. Returns the input that takes the picture.

    Raises:
        ImportRefused: without a file name.
    """
    _require_version(model)
    _require_opset(model)
    _require_few(len(model.graph.node))
    require_short_names(model)
    _require_few(operators(model))
    if model.training_info:
        raise ImportRefused("it holds steps of training: export it for inference")
    functions = {(each.domain, each.name) for each in model.functions}
    for node in _nodes(model):
        if (node.domain, node.op_type) not in functions:
            require_known(node)
    port = _require_picture_in_and_out(model.graph)
    for tensor in model.graph.initializer:
        require_whole(tensor)
    require_order(model.graph)
    return port


def input_of(graph: GraphProto) -> ValueInfoProto:
    """The only input that is not a weight."""
    weights = {each.name for each in graph.initializer}
    found: ValueInfoProto = next(each for each in graph.input if each.name not in weights)
    return found


def _require_version(model: ModelProto) -> None:
    if model.ir_version > IR_VERSION:
        raise ImportRefused(
            f"its ONNX format has version {model.ir_version}, and {IR_VERSION} is the newest that"
            " is supported; export it again with an older version of onnx"
        )


def _require_opset(model: ModelProto) -> None:
    stated = {each.version for each in model.opset_import if each.domain in STANDARD}
    if not stated:
        raise ImportRefused("its ONNX opset is not stated; export it again with opset 17")
    if len(stated) > 1:
        raise ImportRefused("it states its ONNX opset twice; export it again with opset 17")
    opset, newest = stated.pop(), onnx_opset_version()
    if not OLDEST_OPSET <= opset <= newest:
        end, most = ("oldest", OLDEST_OPSET) if opset < OLDEST_OPSET else ("newest", newest)
        raise ImportRefused(
            f"it is in ONNX opset {opset}, and {most} is the {end} that is supported;"
            " export it again with opset 17"
        )


def _require_few(count: int) -> None:
    if count > _MOST_NODES:
        raise ImportRefused(
            f"it has {count} operators, and {_MOST_NODES} is the limit: take a smaller network"
        )


def _nodes(model: ModelProto) -> Iterator[NodeProto]:
    yield from model.graph.node
    for each in model.functions:
        yield from each.node


def _require_picture_in_and_out(graph: GraphProto) -> Port:
    weights = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs) or "none"
        raise ImportRefused(
            f"it takes {len(inputs)} inputs ({names}), and must take one picture: export it with"
            " one input"
        )
    if len(graph.output) != 1:
        names = ", ".join(each.name for each in graph.output) or "none"
        raise ImportRefused(
            f"it returns {len(graph.output)} outputs ({names}), and must return one: export it with"
            " the enlarged picture only"
        )
    if graph.sparse_initializer:
        raise ImportRefused("it has sparse weights, which are not supported: export it without")
    return _port(inputs[0])


def _port(info: ValueInfoProto) -> Port:
    tensor = info.type.tensor_type
    if tensor.elem_type not in _TYPES:
        named = TensorProto.DataType.Name(tensor.elem_type) if tensor.elem_type else "no tensor"
        raise ImportRefused(
            f"its input is {named.lower()}, and must be float32, float16 or uint8: export it with"
            " one of these"
        )
    if not tensor.HasField("shape"):
        return Port(info.name, _TYPES[tensor.elem_type], (None,) * 4)
    shape = tuple(each.dim_value if each.dim_value > 0 else None for each in tensor.shape.dim)
    _require_one_picture(shape)
    if max(each or 0 for each in shape) > _MOST_SIDE:
        sides = "x".join(str(each or "any") for each in shape)
        raise ImportRefused(
            f"it takes pictures of {sides} only, and {_MOST_SIDE} pixels are the limit: export it"
            " with free height and width"
        )
    return Port(info.name, _TYPES[tensor.elem_type], shape)


def _require_one_picture(shape: tuple[int | None, ...]) -> None:
    if len(shape) == 5:
        raise ImportRefused(
            "it takes several frames (5 dimensions), as networks for video do: take one for single"
            " pictures"
        )
    if len(shape) != 4:
        raise ImportRefused(
            f"its input has {len(shape)} dimensions, and must have 4: export it for a batch of"
            " pictures"
        )
    if shape[0] not in (None, 1):
        raise ImportRefused(f"it takes {shape[0]} pictures at a time; export it for 1 or for any")
    channels, last = shape[1], shape[3]
    if channels in (1, 3) or last in (1, 3):
        return
    # A number above this is a side of the picture, in the place of the channels.
    count = next((each for each in (channels, last) if each and each <= _MOST_CHANNELS), None)
    if count is None:
        return
    raise ImportRefused(
        f"it takes {count} channels, and must take 3 (RGB) or 1 (gray): take another network"
    )
