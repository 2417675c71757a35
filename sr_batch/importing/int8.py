"""Makes an int8 network of an fp32 one: the only module that imports ``onnxruntime.quantization``.

The inner convolutions compute on 8-bit numbers; the first and the last ones stay in float, and so
does everything else. Runs in the sandbox.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, load, save
from onnx.checker import ValidationError
from onnx.version_converter import convert_version
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import (
    CalibrationMethod,
    TensorData,
    TensorsData,
    save_tensors_data,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from sr_batch.core.arrays import FloatArray
from sr_batch.core.errors import ImportRefused
from sr_batch.inference.onnx_runtime import CPU, first_line, load_runtime

# Values beyond these percentiles are clipped. Clipping rare peaks leaves more levels for all other
# values; clipping too many loses bright spots.
_PERCENTILES = (99.99, 99.999, 100.0)
_SAMPLES = 1 << 14  # values of each activation that a picture contributes
_LEAST_PICTURES = 2
_CONVOLUTIONS = ("Conv", "ConvTranspose")
_ACTIVATIONS = ("Relu", "LeakyRelu", "Clip")
_OPSET = 17  # weights with a range per filter need 13

Ranges = Mapping[str, tuple[float, float]]


def candidates(
    model: ModelProto, pictures: Iterable[FloatArray], folder: Path, seconds: float
) -> Iterator[ModelProto]:
    """``model`` with int8 convolutions, for several ranges of their activations.

    Activations are unsigned with one range. Weights are signed with a range per filter, and have
    seven bits, which do not overflow on processors without VNNI: the file gives the same picture
    on every processor.

    Args:
        model: A network with a contract, in fp32.
        pictures: Its inputs (1, C, H, W), whose activations set the ranges; at least two.
        folder: For temporary files.
        seconds: Processor time after which no further picture is computed.

    Raises:
        ImportRefused: it has no convolutions that can be int8; without a file name.
    """
    plain, quantized = folder / "plain.onnx", folder / "quantized.onnx"
    save(_prepared(model), plain)
    quant_pre_process(plain, plain, skip_optimization=True, skip_symbolic_shape=True)
    prepared = load(plain)
    nodes = inner_layers(prepared)
    if not nodes and _is_half(prepared):
        raise ImportRefused("it computes in float16: int8 is made of a file in float32")
    if not nodes:
        raise ImportRefused(
            "it has no convolutions between its first and its last one, which stay in float:"
            " int8 would gain nothing"
        )
    values = _activations(prepared, nodes, pictures, seconds)
    for percentile in _PERCENTILES:
        ranges = {name: _range(each, percentile) for name, each in values.items()}
        _quantize(plain, quantized, nodes, ranges)
        yield load(quantized)


def _is_half(model: ModelProto) -> bool:
    half = {each.name for each in model.graph.initializer if each.data_type == TensorProto.FLOAT16}
    return any(node.op_type == "Conv" and node.input[1] in half for node in model.graph.node)


def inner_layers(model: ModelProto) -> list[str]:
    """Names of the convolutions that become int8, and of the activations right after them.

    A first convolution has none before it, and a last one none behind it, on any way.
    """
    weights = {each.name for each in model.graph.initializer if each.data_type == TensorProto.FLOAT}
    after = _reached(model.graph.node, lambda node: (node.input, node.output))
    before = _reached(reversed(model.graph.node), lambda node: (node.output, node.input))
    inner = [
        node
        for node in model.graph.node
        if node.op_type == "Conv"
        and node.input[1] in weights
        and node.input[0] in after
        and node.output[0] in before
    ]
    outputs = {name for node in inner for name in node.output}
    activations = [
        node
        for node in model.graph.node
        if node.op_type in _ACTIVATIONS and node.input[0] in outputs
    ]
    return [node.name for node in (*inner, *activations)]


def _reached(
    nodes: Iterable[NodeProto],
    ends: Callable[[NodeProto], tuple[Sequence[str], Sequence[str]]],
) -> set[str]:
    """The values that a convolution leads to, along ``nodes``."""
    found: set[str] = set()
    for node in nodes:
        begin, end = ends(node)
        if node.op_type in _CONVOLUTIONS or not found.isdisjoint(begin):
            found |= set(end)
    return found


def _prepared(model: ModelProto) -> ModelProto:
    """A copy that ONNX Runtime can quantize: named nodes, weights as such, a recent opset."""
    copy = ModelProto()
    copy.CopyFrom(model)
    _lift_constants(copy)
    if any(each.domain in ("", "ai.onnx") and each.version < 13 for each in copy.opset_import):
        copy = _converted(copy)
    for number, node in enumerate(copy.graph.node):
        node.name = f"n{number}"  # some exporters name none, or several alike
    return copy


def _lift_constants(model: ModelProto) -> None:
    """Turn constants into weights: the bias of a convolution must be one."""
    kept = []
    for node in model.graph.node:
        held = [each.t for each in node.attribute if each.name == "value" and each.HasField("t")]
        if node.op_type != "Constant" or not held:
            kept.append(node)
            continue
        weight = model.graph.initializer.add()
        weight.CopyFrom(held[0])
        weight.name = node.output[0]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in kept]
    del model.graph.node[:]
    model.graph.node.extend(copies)


def _converted(model: ModelProto) -> ModelProto:
    try:
        return convert_version(model, _OPSET)
    except (RuntimeError, ValidationError) as fault:
        raise ImportRefused(
            f"its ONNX opset is too old for int8; export it again with opset {_OPSET}"
        ) from fault


def _activations(
    model: ModelProto, nodes: Sequence[str], pictures: Iterable[FloatArray], seconds: float
) -> dict[str, FloatArray]:
    """Samples of the values that ``nodes`` take and return."""
    chosen = set(nodes)
    names = sorted(
        {
            name
            for node in model.graph.node
            if node.name in chosen
            for name in (node.input[0], node.output[0])
        }
    )
    run = _runner(model, names)
    found: list[list[FloatArray]] = []
    end = time.process_time() + seconds
    for picture in pictures:
        if len(found) >= _LEAST_PICTURES and time.process_time() > end:
            break
        found.append([_sampled(each) for each in run(picture)])
    return {name: np.concatenate(each) for name, *each in zip(names, *found, strict=True)}


def _runner(model: ModelProto, names: Sequence[str]) -> Callable[[FloatArray], list[FloatArray]]:
    """The network as a function that returns the values ``names``."""
    watched = ModelProto()
    watched.CopyFrom(model)
    del watched.graph.output[:]
    watched.graph.output.extend(ValueInfoProto(name=name) for name in names)
    runtime = load_runtime()
    session = runtime.InferenceSession(watched.SerializeToString(), providers=[CPU])
    return lambda picture: session.run(None, {"input": picture})


def _sampled(values: FloatArray) -> FloatArray:
    flat = values.ravel()
    step = max(1, flat.size // _SAMPLES) | 1  # odd: no multiple of a row's length
    return flat[::step].astype(np.float32)


def _range(values: FloatArray, percentile: float) -> tuple[float, float]:
    low, high = np.percentile(values, (100 - percentile, percentile))
    return float(low), float(high)


def _quantize(plain: Path, target: Path, nodes: list[str], ranges: Ranges) -> None:
    """Write the file ``plain`` with int8 ``nodes`` to ``target``."""
    cache = target.with_suffix(".json")
    data = {name: _tensor_data(*each) for name, each in ranges.items()}
    save_tensors_data(TensorsData(CalibrationMethod.MinMax, data), cache)
    logging.disable(logging.WARNING)
    try:
        quantize_static(
            plain,
            target,
            calibration_data_reader=None,
            calibration_cache_path=cache,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", *_ACTIVATIONS],
            nodes_to_quantize=nodes,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            calibrate_method=CalibrationMethod.MinMax,
        )
    except Exception as fault:  # ONNX Runtime's exceptions have no common base
        raise ImportRefused(f"it cannot become int8: {first_line(fault)}") from fault
    finally:
        logging.disable(logging.NOTSET)


def _tensor_data(low: float, high: float) -> Any:
    return TensorData(lowest=np.float32(low), highest=np.float32(high))
