"""Other precisions of an exported network: int8 for CPUs, fp16 for GPUs."""

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

# A few bright spots in 10,000 values, or in 100,000, would cost all others some of their levels;
# cut off too many, and the spots are lost. The better of the two is taken.
_PERCENTILES = (99.99, 99.999)
_ROUNDED = ["Conv", "Relu"]


class _Picture:
    """What the calibration takes: a batch, then None."""

    def __init__(self, image: np.ndarray) -> None:
        self.batches = [{"input": image[None]}]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.batches.pop() if self.batches else None


def to_int8(
    model: onnx.ModelProto, layers: Sequence[str], images: Sequence[np.ndarray]
) -> onnx.ModelProto:
    """``model`` with 8-bit convolutions inside.

    Activations are unsigned with one range, weights signed with one for each filter (what ONNX
    Runtime has quick kernels for), and of seven bits, which do not overflow where there is no
    VNNI: the file gives the same picture on every processor.

    Args:
        model: In fp32.
        layers: Names of the convolutions, as in torch, that shall be 8-bit.
        images: LR (C, H, W) float32, 0..1, whose activations set the ranges. Of those, what comes
            nearest to ``model`` on them is taken.
    """
    nodes = _rounded_nodes(model, layers)
    expected = _outputs(model, images)

    def difference(candidate: onnx.ModelProto) -> float:
        found = _outputs(candidate, images)
        return sum(float(np.square(a - b).mean()) for a, b in zip(found, expected, strict=True))

    return min(_quantized(model, nodes, images), key=difference)


def _rounded_nodes(model: onnx.ModelProto, layers: Sequence[str]) -> list[str]:
    """Names of the convolutions of ``layers``, and of each ReLU behind one.

    What is rounded after a ReLU, which costs nothing there, is not also before it: that would
    halve the levels, and training does not round there.
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
    """One for each of the percentiles."""
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
    """Files with what each of the percentiles leaves of the spread of the activations."""
    paths = [plain.with_name(f"{percentile}.json") for percentile in _PERCENTILES]
    with redirect_stdout(None):
        calibrator = create_calibrator(
            plain,
            _ROUNDED,
            augmented_model_path=str(plain.with_name("augmented.onnx")),
            calibrate_method=CalibrationMethod.Percentile,
        )
        for image in images:  # activations of one: those of all would take gigabytes
            calibrator.collect_data(_Picture(image))
        for percentile, path in zip(_PERCENTILES, paths, strict=True):
            calibrator.collector.percentile = percentile
            save_tensors_data(calibrator.compute_data(), path)
    return paths


def _outputs(model: onnx.ModelProto, images: Sequence[np.ndarray]) -> list[np.ndarray]:
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [session.run(None, {"input": image[None]})[0] for image in images]


def to_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model`` in half precision inside; its input and output stay float32."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    half = OnnxModel(convert_float_to_float16(copy, keep_io_types=True))
    half.topological_sort()  # the casts come last
    sorted_model: onnx.ModelProto = half.model
    return sorted_model
