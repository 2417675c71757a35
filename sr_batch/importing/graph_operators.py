"""The operators that a network of another project may have."""

from onnx import AttributeProto, NodeProto, TensorProto

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.graph_functions import STANDARD
from sr_batch.importing.graph_values import require_whole

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


def require_known(node: NodeProto) -> None:
    """Refuse an operator that ordinary networks do not have.

    Raises:
        ImportRefused: the message names the operator.
    """
    kind = node.op_type
    if kind in ("Loop", "If", "Scan") or any(_holds_a_graph(each) for each in node.attribute):
        raise ImportRefused(
            f"it has control flow ({kind}), which is not supported; export it without"
            " (torch.onnx.export with fixed options, or onnxsim)"
        )
    if kind.startswith(_RANDOM):
        raise ImportRefused(
            f"it draws random numbers ({kind}), so that its output would always differ: export it"
            " for inference"
        )
    if kind in _STATEFUL:
        raise ImportRefused(
            f"it is a recurrent network ({kind}), which is not supported: take another network"
        )
    if node.domain not in (*STANDARD, "com.microsoft"):
        raise ImportRefused(
            f"it has an operator of another library ({node.domain}:{kind}): export it with the"
            " operators of ONNX only"
        )
    if kind not in ALLOWED:
        raise ImportRefused(
            f"its operator {kind} is not supported: export it in another way, or take another"
            " network"
        )
    _require_plain(node)


def _require_plain(node: NodeProto) -> None:
    """Refuse attributes that make an allowed operator another one."""
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        raise ImportRefused(
            "it drops values at random (Dropout with a training mode): export it for inference"
        )
    for each in node.attribute:
        if each.HasField("sparse_tensor") or each.sparse_tensors:
            raise ImportRefused("it has sparse weights, which are not supported: export it without")
        if node.op_type == "Constant" and each.name in ("value_string", "value_strings"):
            raise ImportRefused(
                "it has text as a weight, which is not supported: export it without"
            )
        if each.name == "to" and each.i == TensorProto.STRING:
            raise ImportRefused(
                "it makes text of numbers (Cast): this is not a network of pictures"
            )
        for tensor in (*([each.t] if each.HasField("t") else []), *each.tensors):
            require_whole(tensor)


def _holds_a_graph(attribute: AttributeProto) -> bool:
    declared = attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS)
    return declared or attribute.HasField("g") or bool(attribute.graphs)
