"""Converts an exported network to other precisions: int8 for CPUs, fp16 for GPUs."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import onnx
from onnxruntime import InferenceSession
from onnxruntime.quantization import (
    CalibrationMethod,
    QuantFormat,
    QuantType,
    create_calibrator,
    quantize_static,
    save_tensors_data,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

# Values beyond these percentiles are clipped. Clipping rare peaks leaves more levels for all other
# values; clipping too many loses bright spots. The percentile with the smaller error is used.
_PERCENTILES = (99.99, 99.999)
_ROUNDED = ["Conv", "Relu"]


class _Picture:
    """A calibration reader of one picture: it returns one batch, then None."""

    def __init__(self, image: np.ndarray) -> None:
        self.batches = [{"input": image[None]}]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.batches.pop() if self.batches else None


def to_int8(
    model: onnx.ModelProto, layers: Sequence[str], images: Sequence[np.ndarray]
) -> onnx.ModelProto:
    """``model`` with 8-bit convolutions.

    Activations are unsigned with one range. Weights are signed with a range per filter, for which
    ONNX Runtime has fast kernels, and have seven bits, which do not overflow on processors without
    VNNI. Therefore the file gives the same picture on every processor.

    Args:
        model: The network in fp32.
        layers: Names, as in torch, of the convolutions to convert.
        images: LR (C, H, W) float32, 0..1. Their activations set the ranges, and the candidate
            whose output is closest to ``model`` on them is returned.
    """
    nodes = _rounded_nodes(model, layers)
    expected = _outputs(model, images)

    def difference(candidate: onnx.ModelProto) -> float:
        found = _outputs(candidate, images)
        return sum(float(np.square(a - b).mean()) for a, b in zip(found, expected, strict=True))

    return min(_quantized(model, nodes, images), key=difference)


def _rounded_nodes(model: onnx.ModelProto, layers: Sequence[str]) -> list[str]:
    """Names of the convolutions of ``layers``, and of each ReLU that follows one.

    Such a ReLU is quantized with its convolution, so that the output is rounded after the ReLU
    only. Rounding before it, too, would halve the levels, and training does not do it.
    """
    weights = {f"{layer}.weight" for layer in layers}
    inner = [node for node in model.graph.node if not weights.isdisjoint(node.input)]
    assert len(inner) == len(layers), "the exporter has renamed weights"
    outputs = {name for node in inner for name in node.output}
    rectified = [
        node
        for node in model.graph.node
        if node.op_type == "Relu" and not outputs.isdisjoint(node.input)
    ]
    return [node.name for node in (*inner, *rectified)]


def _quantized(
    model: onnx.ModelProto, nodes: list[str], images: Sequence[np.ndarray]
) -> Iterator[onnx.ModelProto]:
    """A candidate for each of the percentiles."""
    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, plain)
        quant_pre_process(plain, plain, skip_optimization=True, skip_symbolic_shape=True)
        for ranges in _ranges(plain, images):
            quantize_static(
                plain,
                quantized,
                calibration_data_reader=None,
                calibration_cache_path=ranges,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=_ROUNDED,
                nodes_to_quantize=nodes,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=True,
                calibrate_method=CalibrationMethod.Percentile,
            )
            yield onnx.load(quantized)


def _ranges(plain: Path, images: Sequence[np.ndarray]) -> list[Path]:
    """Files with the ranges of the activations at each of the percentiles."""
    paths = [plain.with_name(f"{percentile}.json") for percentile in _PERCENTILES]
    with redirect_stdout(None):
        calibrator = create_calibrator(
            plain,
            _ROUNDED,
            augmented_model_path=str(plain.with_name("augmented.onnx")),
            calibrate_method=CalibrationMethod.Percentile,
        )
        for image in images:  # one by one: the activations of all would take gigabytes
            calibrator.collect_data(_Picture(image))
        for percentile, path in zip(_PERCENTILES, paths, strict=True):
            calibrator.collector.percentile = percentile
            save_tensors_data(calibrator.compute_data(), path)
    return paths


def _outputs(model: onnx.ModelProto, images: Sequence[np.ndarray]) -> list[np.ndarray]:
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [session.run(None, {"input": image[None]})[0] for image in images]


def to_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model`` in half precision; its input and output stay float32."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    _unshare_factors(copy.graph)
    half = OnnxModel(convert_float_to_float16(copy, keep_io_types=True))
    half.topological_sort()  # the conversion appends its casts at the end
    sorted_model: onnx.ModelProto = half.model
    return sorted_model


def _unshare_factors(graph: onnx.GraphProto) -> None:
    """Give each Resize factors of its own: the conversion fails if two share them."""
    resizes = [node for node in graph.node if node.op_type == "Resize"]
    shared = {node.input[2] for node in resizes}
    known = {tensor.name: tensor for tensor in graph.initializer if tensor.name in shared}
    for number, node in enumerate(resizes):
        factors = onnx.TensorProto()
        factors.CopyFrom(known[node.input[2]])
        factors.name = node.input[2] = f"factors_{number}"
        graph.initializer.append(factors)
    for tensor in known.values():
        graph.initializer.remove(tensor)
