"""Decides from an ONNX graph, before ONNX Runtime sees it, whether it may become a model."""

from collections.abc import Iterator
from dataclasses import dataclass

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from sr_batch.core.errors import ImportRefused

OLDEST_OPSET = 9
_MOST_NODES = 50_000
_MOST_CHANNELS = 32
_STANDARD = ("", "ai.onnx")

# Operators of ordinary networks. All are functions of their inputs, and take time and memory in
# proportion to their sizes.
_ARITHMETIC = (
    "Abs Add And BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BitShift Ceil Clip Cos Cosh CumSum Div"
    " Equal Erf Exp Floor FusedMatMul Gemm Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Log"
    " MatMul Max Mean Min Mod Mul Neg Not Or Pow Reciprocal Round Sign Sin Sinh Sqrt Sub Sum Tan"
    " Trilu Where Xor Einsum Det"
)
_ACTIVATIONS = (
    "Celu Elu Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu QuickGelu Relu"
    " Selu Shrink Sigmoid Softmax Softplus Softsign Swish Tanh ThresholdedRelu"
)
_LAYERS = (
    "Attention AveragePool BatchNormalization Col2Im Conv ConvInteger ConvTranspose DeformConv"
    " DequantizeLinear DynamicQuantizeLinear GlobalAveragePool GlobalLpPool GlobalMaxPool"
    " GridSample AffineGrid GroupNormalization InstanceNormalization LayerNormalization LRN"
    " LpNormalization LpPool MatMulInteger MaxPool MeanVarianceNormalization"
    " RMSNormalization RotaryEmbedding QLinearConv QLinearMatMul QuantizeLinear"
    " SimplifiedLayerNormalization SkipLayerNormalization FusedConv"
)
_SHAPES = (
    "ArgMax ArgMin Cast CastLike CenterCropPad Compress Concat Constant ConstantOfShape"
    " DepthToSpace Dropout Expand EyeLike Flatten Gather GatherElements GatherND Identity NonZero"
    " OneHot Pad Range ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean"
    " ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape Resize ReverseSequence"
    " ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Squeeze Tile TopK Transpose"
    " Unsqueeze Upsample"
)
ALLOWED = frozenset(f"{_ARITHMETIC} {_ACTIVATIONS} {_LAYERS} {_SHAPES}".split())

_RANDOM = ("Random", "Multinomial", "Bernoulli")
_STATEFUL = ("LSTM", "GRU", "RNN")
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
    _require_opset(model)
    inlined = {(each.domain, each.name) for each in model.functions}
    for node in _nodes(model):
        if (node.domain, node.op_type) not in inlined:
            _require_known(node)
    return _require_picture_in_and_out(model.graph)


def input_of(graph: GraphProto) -> ValueInfoProto:
    """The only input that is not a weight."""
    weights = {each.name for each in graph.initializer}
    found: ValueInfoProto = next(each for each in graph.input if each.name not in weights)
    return found


def _require_opset(model: ModelProto) -> None:
    opset = next((each.version for each in model.opset_import if each.domain in _STANDARD), None)
    if opset is None:
        raise ImportRefused("its ONNX opset is not stated; export it again with opset 17")
    if opset < OLDEST_OPSET:
        raise ImportRefused(
            f"it is in ONNX opset {opset}, and {OLDEST_OPSET} is the oldest that is supported;"
            " export it again with opset 17"
        )


def _nodes(model: ModelProto) -> Iterator[NodeProto]:
    nodes = [*model.graph.node, *(node for each in model.functions for node in each.node)]
    if len(nodes) > _MOST_NODES:
        raise ImportRefused(f"it has {len(nodes)} operators, and {_MOST_NODES} is the limit")
    yield from nodes


def _require_known(node: NodeProto) -> None:
    kind = node.op_type
    if kind in ("Loop", "If", "Scan") or any(_holds_a_graph(each) for each in node.attribute):
        raise ImportRefused(
            f"it has control flow ({kind}), which is not supported; export it without"
            " (torch.onnx.export with fixed options, or onnxsim)"
        )
    if kind.startswith(_RANDOM):
        raise ImportRefused(f"it draws random numbers ({kind}): its output would always differ")
    if kind in _STATEFUL:
        raise ImportRefused(f"it is a recurrent network ({kind}), which is not supported")
    if node.domain not in (*_STANDARD, "com.microsoft"):
        raise ImportRefused(f"it has an operator of its own ({node.domain}:{kind})")
    if kind not in ALLOWED:
        raise ImportRefused(f"its operator {kind} is not supported")


def _holds_a_graph(attribute: AttributeProto) -> bool:
    return attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS)


def _require_picture_in_and_out(graph: GraphProto) -> Port:
    weights = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs) or "none"
        raise ImportRefused(f"it takes {len(inputs)} inputs ({names}), and must take one picture")
    if len(graph.output) != 1:
        names = ", ".join(each.name for each in graph.output) or "none"
        raise ImportRefused(
            f"it returns {len(graph.output)} outputs ({names}), and must return one"
        )
    if graph.sparse_initializer:
        raise ImportRefused("it has sparse weights, which are not supported")
    return _port(inputs[0])


def _port(info: ValueInfoProto) -> Port:
    tensor = info.type.tensor_type
    if tensor.elem_type not in _TYPES:
        named = TensorProto.DataType.Name(tensor.elem_type) if tensor.elem_type else "no tensor"
        raise ImportRefused(f"its input is {named.lower()}, and must be float32, float16 or uint8")
    if not tensor.HasField("shape"):
        return Port(info.name, _TYPES[tensor.elem_type], (None,) * 4)
    shape = tuple(each.dim_value if each.dim_value > 0 else None for each in tensor.shape.dim)
    _require_one_picture(shape)
    return Port(info.name, _TYPES[tensor.elem_type], shape)


def _require_one_picture(shape: tuple[int | None, ...]) -> None:
    if len(shape) == 5:
        raise ImportRefused("it takes several frames (5 dimensions): a network for video")
    if len(shape) != 4:
        raise ImportRefused(f"its input has {len(shape)} dimensions, and must have 4")
    if shape[0] not in (None, 1):
        raise ImportRefused(f"it takes {shape[0]} pictures at a time; export it for 1 or for any")
    channels, last = shape[1], shape[3]
    if channels in (1, 3) or last in (1, 3):
        return
    # A number above this is a side of the picture, in the place of the channels.
    count = next((each for each in (channels, last) if each and each <= _MOST_CHANNELS), None)
    if count is None:
        return
    raise ImportRefused(f"it takes {count} channels, and must take 3 (RGB) or 1 (gray)")
