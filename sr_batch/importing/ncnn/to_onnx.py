"""Converts an ncnn network to a plain ONNX file, which carries no contract."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from onnx import ModelProto, TensorProto
from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

from sr_batch.importing.ncnn.graph import Graph
from sr_batch.importing.ncnn.layers import add_layer
from sr_batch.importing.ncnn.parameters import Unsupported
from sr_batch.importing.ncnn.read import AGAIN, INSTEAD, BadNetwork, Layer, read_network

_OPSET, _IR = 18, 10
# A name in a .param file has no space, so these are not names of blobs.
_INPUT, _OUTPUT = "the input", "the output"
_SHAPED = {"InnerProduct", "Pooling"}  # their outputs have a size of 1x1
_PASSING = {"Clip", "Dropout", "HardSwish", "Noop", "ReLU", "Sigmoid", "Split", "Swish", "TanH"}
_KEEPING = _PASSING | {"Crop", "Interp", "Padding"}  # they keep the number of channels


def convert(source: Path, target: Path) -> None:
    """Write the network of the .param file ``source`` and of the .bin beside it to ``target``.

    Input and output are float32 (N, C, H, W), in the range that the network had.

    Raises:
        BadNetwork: the network cannot be read (:func:`read_network`), has a setting that is not
            supported, or its layers do not form one chain from one input to one output.
    """
    target.write_bytes(to_model(source).SerializeToString())


def to_model(source: Path) -> ModelProto:
    """The network as :func:`convert` writes it.

    Raises:
        BadNetwork: as :func:`convert`.
    """
    layers = read_network(source)
    reads, writes = _ends(source, layers)
    graph = Graph()
    graph.add("Identity", [_INPUT], reads)
    for layer in layers:
        if layer.type != "Input":
            _add(source, graph, layer)
    graph.add("Identity", [writes], _OUTPUT)
    return _model(graph, _channels(layers))


def _add(source: Path, graph: Graph, layer: Layer) -> None:
    try:
        add_layer(graph, layer)
    except Unsupported as error:
        raise BadNetwork(
            f"{source}: layer {layer.name} ({layer.type}): {error}; {INSTEAD}"
        ) from error


def _ends(source: Path, layers: Sequence[Layer]) -> tuple[str, str]:
    """The blobs at which the network begins and ends."""
    _require_order(source, layers)
    reads = [name for layer in layers if layer.type == "Input" for name in layer.outputs]
    used = {name for layer in layers for name in layer.inputs}
    writes = [name for layer in layers for name in layer.outputs if name not in used]
    for kind, names in (("input", reads), ("output", writes)):
        if len(names) != 1:
            raise BadNetwork(
                f"{source}: has {len(names)} {kind}s; a network for pictures has one: take another"
                " network"
            )
    return reads[0], writes[0]


def _require_order(source: Path, layers: Iterable[Layer]) -> None:
    """Each blob must be written once, before it is read; inner products read 1x1 pixels."""
    known: set[str] = set()
    small: set[str] = set()
    for layer in layers:
        about = f"{source}: layer {layer.name}"
        for name in layer.inputs:
            if name not in known:
                raise BadNetwork(f"{about}: no layer before it writes {name}: {AGAIN}")
        if again := known.intersection(layer.outputs):
            raise BadNetwork(f"{about}: writes {again.pop()} once more: {AGAIN}")
        known.update(layer.outputs)
        if layer.type in _SHAPED or (layer.type in _PASSING and small.issuperset(layer.inputs)):
            small.update(layer.outputs)
        if layer.type == "InnerProduct" and not small.issuperset(layer.inputs):
            raise BadNetwork(f"{about}: reads a whole picture of a fixed size; {INSTEAD}")


def _channels(layers: Iterable[Layer]) -> int | None:
    """The number of channels of the input, as the first convolution of it tells."""
    pictures: set[str] = set()
    for layer in layers:
        if layer.type == "Input" or (layer.type in _KEEPING and pictures.issuperset(layer.inputs)):
            pictures.update(layer.outputs)
        elif layer.type == "Convolution" and pictures.issuperset(layer.inputs):
            return int(layer.weights["weight"].shape[1])
    return None


def _model(graph: Graph, channels: int | None) -> ModelProto:
    reads, writes = (
        make_tensor_value_info(name, TensorProto.FLOAT, ["batch", count, "height", "width"])
        for name, count in ((_INPUT, channels), (_OUTPUT, None))
    )
    body = make_graph(graph.nodes, "ncnn", [reads], [writes], graph.constants)
    return make_model(body, opset_imports=[make_opsetid("", _OPSET)], ir_version=_IR)
