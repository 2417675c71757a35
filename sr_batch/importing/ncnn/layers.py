"""The ONNX nodes of each ncnn layer, as the wiki of ncnn and its reference code define the layers.

A blob without height and width (after a global pooling, or an inner product) is (N, C, 1, 1) here,
so that a scale by it needs no reshaping.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from sr_batch.importing.ncnn.graph import Graph
from sr_batch.importing.ncnn.parameters import Unsupported, counted, number, numbers, whole
from sr_batch.importing.ncnn.read import Layer
from sr_batch.importing.ncnn.weights import FROM_BLOB

_SAME = {-233: "SAME_UPPER", -234: "SAME_LOWER"}
_END = np.iinfo(np.int64).max


def add_layer(graph: Graph, layer: Layer) -> None:
    """Append the nodes of ``layer``, which has a type that can be read.

    Raises:
        Unsupported: one of its settings is not supported or makes no sense.
    """
    try:
        _LAYERS[layer.type](graph, layer)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Unsupported(f"its parameters make no sense for {layer.type}") from error


def _split(graph: Graph, layer: Layer) -> None:
    for output in layer.outputs:
        graph.add("Identity", layer.inputs, output)


def _convolution(graph: Graph, layer: Layer) -> None:
    weight, bias = (graph.constant(layer.weights[name]) for name in ("weight", "bias"))
    if number(layer, 18):
        raise Unsupported("it pads with other values than 0")
    value = graph.step(
        "Conv",
        [layer.inputs[0], weight, bias],
        group=counted(layer, 7, 1),
        **_window(layer),
        **_padding(layer),
    )
    _activate(graph, layer, value)


def _deconvolution(graph: Graph, layer: Layer) -> None:
    """Ncnn keeps the weights as (out, in, kh, kw), ONNX as (in, out, kh, kw)."""
    weight = graph.constant(layer.weights["weight"].transpose(1, 0, 2, 3))
    bias = graph.constant(layer.weights["bias"])
    if any(whole(layer, key, 0) for key in (20, 21)):
        raise Unsupported("it fixes the size of its output")
    right = whole(layer, 18, 0)
    value = graph.step(
        "ConvTranspose",
        [layer.inputs[0], weight, bias],
        output_padding=[whole(layer, 19, right), right],
        **_window(layer),
        **_padding(layer),
    )
    _activate(graph, layer, value)


def _window(layer: Layer) -> dict[str, list[int]]:
    """Dilations and strides, height first."""
    dilation, stride = counted(layer, 2, 1), counted(layer, 3, 1)
    return {
        "dilations": [counted(layer, 12, dilation), dilation],
        "strides": [counted(layer, 13, stride), stride],
    }


def _padding(layer: Layer) -> dict[str, object]:
    left = whole(layer, 4, 0)
    if left in _SAME:
        return {"auto_pad": _SAME[left]}
    top, right = whole(layer, 14, left), whole(layer, 15, left)
    return {"pads": [top, left, whole(layer, 16, top), right]}


def _activate(graph: Graph, layer: Layer, value: str) -> None:
    graph.activate(whole(layer, 9, 0), numbers(layer, 10), value, layer.outputs[0])


def _inner_product(graph: Graph, layer: Layer) -> None:
    """A convolution of 1x1: its input has a size of 1x1, which `to_onnx` makes sure of."""
    weight = graph.constant(layer.weights["weight"][:, :, None, None])
    bias = graph.constant(layer.weights["bias"])
    _activate(graph, layer, graph.step("Conv", [layer.inputs[0], weight, bias]))


def _pooling(graph: Graph, layer: Layer) -> None:
    if not whole(layer, 4, 0):
        raise Unsupported("it pools over a window; only pooling over the whole picture is read")
    kind = ("GlobalMaxPool", "GlobalAveragePool")[whole(layer, 0, 0)]
    graph.add(kind, layer.inputs, layer.outputs[0])


def _scale(graph: Graph, layer: Layer) -> None:
    if whole(layer, 0, 0) == FROM_BLOB:
        value, factor = layer.inputs
        graph.add("Mul", [value, factor], layer.outputs[0])
        return
    scaled = graph.step("Mul", [layer.inputs[0], _by_channel(graph, layer.weights["scale"])])
    graph.add("Add", [scaled, _by_channel(graph, layer.weights["bias"])], layer.outputs[0])


def _batch_norm(graph: Graph, layer: Layer) -> None:
    names = ("slope", "bias", "mean", "variance")
    arrays = [graph.constant(layer.weights[name]) for name in names]
    inputs = [layer.inputs[0], *arrays]
    epsilon = float(number(layer, 1))
    graph.add("BatchNormalization", inputs, layer.outputs[0], epsilon=epsilon)


def _prelu(graph: Graph, layer: Layer) -> None:
    slope = _by_channel(graph, layer.weights["slope"])
    graph.add("PRelu", [layer.inputs[0], slope], layer.outputs[0])


def _by_channel(graph: Graph, values: np.ndarray) -> str:
    return graph.constant(values[:, None, None])


def _relu(graph: Graph, layer: Layer) -> None:
    graph.add("LeakyRelu", layer.inputs, layer.outputs[0], alpha=float(number(layer, 0)))


def _swish(graph: Graph, layer: Layer) -> None:
    gate = graph.step("Sigmoid", layer.inputs)
    graph.add("Mul", [layer.inputs[0], gate], layer.outputs[0])


def _hard_swish(graph: Graph, layer: Layer) -> None:
    alpha, beta = number(layer, 0, 0.2), number(layer, 1, 0.5)
    graph.hard_swish(layer.inputs[0], layer.outputs[0], alpha, beta)


def _clip(graph: Graph, layer: Layer) -> None:
    limits = [graph.number(layer.params[key]) for key in (0, 1)]  # type: ignore[arg-type]
    graph.add("Clip", [layer.inputs[0], *limits], layer.outputs[0])


def _binary(graph: Graph, layer: Layer) -> None:
    kind = whole(layer, 0, 0)
    left = layer.inputs[0]
    right = graph.number(number(layer, 2)) if whole(layer, 1, 0) else layer.inputs[1]
    if kind in _REVERSED:
        left, right = right, left
    graph.add(_BINARY[kind], [left, right], layer.outputs[0])


_BINARY = {0: "Add", 1: "Sub", 2: "Mul", 3: "Div", 4: "Max", 5: "Min", 6: "Pow", 7: "Sub", 8: "Div"}
_REVERSED = {7, 8}


def _eltwise(graph: Graph, layer: Layer) -> None:
    """A product, a sum, perhaps weighted, or a maximum of any number of blobs."""
    op = ("Mul", "Sum", "Max")[whole(layer, 0, 0)]
    values, factors = list(layer.inputs), numbers(layer, 1)
    if factors and op == "Sum":
        values = [
            graph.step("Mul", [value, graph.number(factor)])
            for value, factor in zip(values, factors, strict=True)
        ]
    if op == "Mul":
        for _, factor in pairwise(list(values)):
            values = [graph.step("Mul", [values[0], factor]), *values[2:]]
        op = "Identity"
    graph.add(op, values, layer.outputs[0])


def _concat(graph: Graph, layer: Layer) -> None:
    graph.add("Concat", layer.inputs, layer.outputs[0], axis=_axis(whole(layer, 0, 0)))


def _axis(axis: int) -> int:
    """Ncnn counts from the channels, ONNX from the pictures of a batch."""
    return axis + 1 if axis >= 0 else axis


def _crop(graph: Graph, layer: Layer) -> None:
    """Cut to the size of a second blob from an offset, or from starts to ends as ONNX does."""
    if len(layer.inputs) == 2:
        start = graph.indices(0, whole(layer, 2, 0), whole(layer, 1, 0), whole(layer, 0, 0))
        end = graph.step("Add", [start, graph.step("Shape", [layer.inputs[1]])])
        graph.add("Slice", [layer.inputs[0], start, end], layer.outputs[0])
        return
    starts, ends = ([int(each) for each in numbers(layer, key)] for key in (9, 10))
    if not starts:
        raise Unsupported("it fixes the size of its output")
    axes = [_axis(int(each)) for each in numbers(layer, 11)] or list(range(1, 1 + len(starts)))
    ends = [_END if end == FROM_BLOB else end for end in ends]
    if not len(starts) == len(ends) == len(axes):
        raise Unsupported("its starts, ends and axes differ in number")
    cuts = [graph.indices(*each) for each in (starts, ends, axes)]
    graph.add("Slice", [layer.inputs[0], *cuts], layer.outputs[0])


def _interp(graph: Graph, layer: Layer) -> None:
    """Ncnn's own resampling: nearest takes the pixel above and left, cubic has a = -0.75."""
    factors = np.array([1, 1, number(layer, 1, 1), number(layer, 2, 1)], np.float32)
    if any(number(layer, key) for key in (3, 4, 5, 6)) or len(layer.inputs) != 1:
        raise Unsupported("it fixes the size of its output, or aligns corners")
    graph.add(
        "Resize",
        [layer.inputs[0], "", graph.constant(factors)],
        layer.outputs[0],
        **_RESIZE[whole(layer, 0, 0)],
    )


_RESIZE: Mapping[int, Mapping[str, object]] = {
    1: {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    },
    2: {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    3: {"mode": "cubic", "coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": -0.75},
}


def _padding_layer(graph: Graph, layer: Layer) -> None:
    if any(whole(layer, key, 0) for key in (6, 7, 8)):
        raise Unsupported("it pads channels")
    top, bottom, left, right = (whole(layer, key, 0) for key in range(4))
    mode = ("constant", "edge", "reflect")[whole(layer, 4, 0)]
    pads = graph.indices(0, 0, top, left, 0, 0, bottom, right)
    inputs = [layer.inputs[0], pads, graph.number(number(layer, 5))]
    graph.add("Pad", inputs, layer.outputs[0], mode=mode)


def _pixel_shuffle(graph: Graph, layer: Layer) -> None:
    mode = ("CRD", "DCR")[whole(layer, 1, 0)]
    side = counted(layer, 0, 1)
    graph.add("DepthToSpace", layer.inputs, layer.outputs[0], blocksize=side, mode=mode)


def _plain(op: str) -> Callable[[Graph, Layer], None]:
    def add(graph: Graph, layer: Layer) -> None:
        graph.add(op, layer.inputs, layer.outputs[0])

    return add


_LAYERS: Mapping[str, Callable[[Graph, Layer], None]] = {
    "BatchNorm": _batch_norm,
    "BinaryOp": _binary,
    "Clip": _clip,
    "Concat": _concat,
    "Convolution": _convolution,
    "ConvolutionDepthWise": _convolution,
    "Crop": _crop,
    "Deconvolution": _deconvolution,
    "Dropout": _plain("Identity"),
    "Eltwise": _eltwise,
    "HardSwish": _hard_swish,
    "InnerProduct": _inner_product,
    "Interp": _interp,
    "Noop": _plain("Identity"),
    "PReLU": _prelu,
    "Padding": _padding_layer,
    "PixelShuffle": _pixel_shuffle,
    "Pooling": _pooling,
    "ReLU": _relu,
    "Scale": _scale,
    "Sigmoid": _plain("Sigmoid"),
    "Split": _split,
    "Swish": _swish,
    "TanH": _plain("Tanh"),
}
