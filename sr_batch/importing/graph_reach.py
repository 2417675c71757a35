"""How far the pixels around a tile matter, by the graph of a network that is too slow to measure.

It is a bound: every layer is taken to use all that it sees. A deep network is often blind long
before.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from onnx import ModelProto, NodeProto
from onnx.shape_inference import InferenceError

from sr_batch.importing.graph_check import Port
from sr_batch.importing.graph_shapes import Graph, Unknown, attribute

_POINTWISE = (
    "Abs Add And BatchNormalization Cast CastLike Ceil Celu Clip Concat Cos DequantizeLinear Div"
    " Dropout Elu Equal Erf Exp Expand Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish"
    " Identity LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow"
    " QuantizeLinear QuickGelu Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Softplus Softsign"
    " Split Sqrt Sub Sum Swish Tanh ThresholdedRelu Where"
)
_GLOBAL = (
    "Attention Einsum FusedMatMul Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool"
    " GroupNormalization InstanceNormalization MatMul MeanVarianceNormalization TopK"
)
_WINDOWS = ("Conv", "FusedConv", "AveragePool", "MaxPool", "LpPool")
_ALONG_THE_LAST = ("LayerNormalization", "RMSNormalization")
_ALONG_ONE = ("Softmax", "LogSoftmax", "Hardmax", "LpNormalization")
# Pixels of the input on either side that an interpolation uses.
_INTERPOLATIONS = {"nearest": 0.5, "linear": 1.0, "cubic": 2.0}


@dataclass(frozen=True)
class Field:
    """What an output pixel depends on.

    Attributes:
        reach: LR pixels in each direction; 0 if it is the whole picture.
        whole: Whether it is the whole picture.
    """

    reach: int
    whole: bool


@dataclass(frozen=True)
class _Seen:
    """What a value depends on.

    Attributes:
        reach: LR pixels in each direction.
        scale: Its pixels for one LR pixel.
        axes: Which of its axes are height and width.
    """

    reach: float
    scale: float
    axes: tuple[int, int]


def field_of(model: ModelProto, port: Port) -> Field | None:
    """The receptive field of the network; None if its graph does not tell.

    Args:
        model: The network, which :func:`graph_check.check_graph` accepts.
        port: Its input.
    """
    try:
        graph = Graph(model, port)
        seen = {port.name: _Seen(0.0, 1.0, (1, 2) if port.channels_last else (2, 3))}
        for node in model.graph.node:
            result = _after(graph, node, seen)
            if result:
                seen |= dict.fromkeys(node.output, result)
        last = seen[model.graph.output[0].name]
    except (Unknown, KeyError, InferenceError):
        return None
    if last.reach == math.inf:
        return Field(0, True)
    return Field(math.ceil(last.reach), False)


def _after(graph: Graph, node: NodeProto, seen: Mapping[str, _Seen]) -> _Seen | None:
    """What the outputs of ``node`` depend on; None if not on the picture's pixels."""
    given = [seen[name] for name in node.input if name in seen]
    if not given or node.op_type in ("Shape", "Size"):
        return None
    whole = max(given, key=lambda each: each.reach)
    if whole.reach == math.inf:
        return whole  # nothing makes less of it
    if node.op_type in _POINTWISE.split():
        return _joined(graph, node, given)
    if node.op_type in _GLOBAL.split():
        return replace(given[0], reach=math.inf)
    if node.op_type in _WINDOWS:
        return _window(graph, node, given[0])
    if node.op_type.startswith("Reduce") or node.op_type in (*_ALONG_THE_LAST, *_ALONG_ONE):
        return _along(graph, node, given[0])
    if node.op_type not in _OTHERS:
        raise Unknown
    return _OTHERS[node.op_type](graph, node, given[0])


def _joined(graph: Graph, node: NodeProto, given: Iterable[_Seen]) -> _Seen:
    first, *others = given
    if any((each.scale, each.axes) != (first.scale, first.axes) for each in others):
        raise Unknown
    if node.op_type in ("Concat", "Split"):
        _require_other_axis(graph, node, first)
    return replace(first, reach=max(each.reach for each in (first, *others)))


def _require_other_axis(graph: Graph, node: NodeProto, seen: _Seen) -> None:
    axis = attribute(node, "axis", 0)
    if axis % len(graph.shapes.get(node.output[0], [0] * 4)) in seen.axes:
        raise Unknown


def _window(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    _require_channels_first(seen)
    span, stride = _span(graph, node), max(attribute(node, "strides", [1]))
    return replace(seen, reach=seen.reach + (span - 1) / 2 / seen.scale, scale=seen.scale / stride)


def _transposed(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    _require_channels_first(seen)
    span, stride = _span(graph, node), max(attribute(node, "strides", [1]))
    return replace(
        seen, reach=seen.reach + (span - 1) / 2 / stride / seen.scale, scale=seen.scale * stride
    )


def _span(graph: Graph, node: NodeProto) -> int:
    """Pixels between the first and the last that a kernel sees, both included."""
    sides = attribute(node, "kernel_shape", []) or graph.shapes[node.input[1]][2:]
    dilation: int = max(attribute(node, "dilations", [1]))
    return (int(max(sides)) - 1) * dilation + 1


def _resized(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    ratio = _ratio(graph, node.input[0], node.output[0], seen.axes)
    mode = attribute(node, "mode", b"nearest").decode()
    around = _INTERPOLATIONS.get(mode, 2.0) / min(1.0, ratio)  # reduced, it may look further
    return replace(seen, reach=seen.reach + around / seen.scale, scale=seen.scale * ratio)


def _to_space(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    return _shuffled(seen, float(attribute(node, "blocksize", 1)))


def _to_depth(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    return _shuffled(seen, 1 / attribute(node, "blocksize", 1))


def _shuffled(seen: _Seen, ratio: float) -> _Seen:
    """Blocks of pixels become channels, or the other way round."""
    coarser = seen.scale * min(1.0, ratio)
    moved = 0.0 if ratio == 1 else 0.5 / coarser
    return replace(seen, reach=seen.reach + moved, scale=seen.scale * ratio)


def _reshaped(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    """A shuffle as exporters write it: Reshape, Transpose, Reshape."""
    _require_channels_first(seen)
    if len(graph.shapes[node.input[0]]) != 4:  # the last of the three
        return seen
    last = node
    if len(graph.shapes[node.output[0]]) != 4:
        last = graph.follower(graph.follower(node, "Transpose"), "Reshape")
    if len(graph.shapes[last.output[0]]) != 4 or graph.shapes[last.output[0]][0] != 1:
        raise Unknown  # for instance windows that became separate pictures
    return _shuffled(seen, _ratio(graph, node.input[0], last.output[0], seen.axes))


def _turned(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    order = attribute(node, "perm", [])
    if len(order) != 4:  # in the middle of a shuffle, which _reshaped has seen
        return seen
    first, second = (order.index(axis) for axis in seen.axes)
    if first > second:
        raise Unknown
    return replace(seen, axes=(first, second))


def _cut(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    """Pixels that are left out or added on one side only move the others."""
    before = graph.sides(node.input[0], seen.axes)
    after = graph.sides(node.output[0], seen.axes)
    if len(node.input) > 4 and (graph.constant(node, 4) != 1).any():
        raise Unknown  # steps
    moved = max(abs(one - other) for one, other in zip(before, after, strict=True)) / 2
    return replace(seen, reach=seen.reach + moved / seen.scale)


def _along(graph: Graph, node: NodeProto, seen: _Seen) -> _Seen:
    """A function of all values along some axes."""
    rank = len(graph.shapes.get(node.input[0], []))
    if not rank:
        raise Unknown
    if {axis % rank for axis in _axes(graph, node, rank)} & set(seen.axes):
        return replace(seen, reach=math.inf)
    if not attribute(node, "keepdims", 1):
        raise Unknown
    return seen


def _axes(graph: Graph, node: NodeProto, rank: int) -> list[int]:
    if node.op_type in _ALONG_ONE:
        return [attribute(node, "axis", -1)]
    if node.op_type in _ALONG_THE_LAST:
        return list(range(attribute(node, "axis", -1) % rank, rank))
    if len(node.input) > 1 and node.input[1]:
        return [int(each) for each in graph.constant(node, 1).ravel()]
    return list(attribute(node, "axes", [])) or list(range(rank))


def _ratio(graph: Graph, before: str, after: str, axes: tuple[int, int]) -> float:
    (rows, columns), (rows_after, columns_after) = (graph.sides(n, axes) for n in (before, after))
    if rows_after * columns != columns_after * rows:
        raise Unknown
    return rows_after / rows


def _require_channels_first(seen: _Seen) -> None:
    if seen.axes != (2, 3):
        raise Unknown


_OTHERS: Mapping[str, Callable[[Graph, NodeProto, _Seen], _Seen]] = {
    "ConvTranspose": _transposed,
    "Resize": _resized,
    "Upsample": _resized,
    "DepthToSpace": _to_space,
    "SpaceToDepth": _to_depth,
    "Reshape": _reshaped,
    "Transpose": _turned,
    "Slice": _cut,
    "Pad": _cut,
}
