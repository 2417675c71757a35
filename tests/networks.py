"""Small networks for tests: one in numpy, and real ones as ONNX files with a contract."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from sr_batch.core.model_spec import Color, ModelSpec, Precision, to_metadata
from sr_batch.inference.session import Batch


class NearestSession:
    """A `Session` that repeats every pixel: the simplest network that keeps its contract."""

    provider = "fake"

    def __init__(self, scale: int = 2, color: str = "rgb", multiple: int = 1) -> None:
        kind: Color = "y" if color == "y" else "rgb"
        self.spec = make_spec(scale, kind, multiple, name="nearest")

    def __call__(self, batch: Batch) -> Batch:
        scale = self.spec.scale
        return batch.repeat(scale, axis=2).repeat(scale, axis=3)


def conv_network(
    path: Path,
    scale: int = 2,
    color: Color = "rgb",
    width: int = 8,
    spec: ModelSpec | None = None,
    seed: int = 0,
) -> Path:
    """Two 3x3 convolutions and a shuffle: every output depends on 5x5 inputs."""
    channels = 3 if color == "rgb" else 1
    nodes = [
        helper.make_node("Conv", ["input", "w1"], ["hidden"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["hidden"], ["positive"]),
        helper.make_node("Conv", ["positive", "w2"], ["phases"], pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["phases"], ["output"], blocksize=scale, mode="CRD"),
    ]
    weights = {
        "w1": _weights(width, channels, 3, seed),
        "w2": _weights(channels * scale**2, width, 3, seed),
    }
    spec = spec or make_spec(scale=scale, color=color, receptive_field=5, overlap=2)
    return save(path, nodes, weights, spec)


def long_network(path: Path, layers: int = 100, spec: ModelSpec | None = None) -> Path:
    """x1: convolutions that take seconds for a tile of 128x128, and a fraction of one each."""
    nodes = [helper.make_node("Conv", ["input", "first"], ["m0"], pads=[1, 1, 1, 1])]
    nodes += [
        helper.make_node("Conv", [f"m{n}", "w"], [f"m{n + 1}"], pads=[1, 1, 1, 1])
        for n in range(layers)
    ]
    nodes.append(helper.make_node("Conv", [f"m{layers}", "last"], ["output"], pads=[1, 1, 1, 1]))
    weights = {"first": _weights(64, 3, 3), "w": _weights(64, 64, 3), "last": _weights(3, 64, 3)}
    return save(path, nodes, weights, spec or make_spec(scale=1))


def block_network(path: Path) -> Path:
    """x2 on blocks of 4x4: sides must be multiples of 4, and the position of a block matters."""
    nodes = [
        helper.make_node("SpaceToDepth", ["input"], ["blocks"], blocksize=4),
        helper.make_node("Conv", ["blocks", "w"], ["phases"], pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["phases"], ["output"], blocksize=8, mode="CRD"),
    ]
    spec = make_spec(multiple=4, receptive_field=15, overlap=7)
    return save(path, nodes, {"w": _weights(3 * 64, 3 * 16, 3)}, spec)


def nan_network(path: Path) -> Path:
    """Every output value is NaN."""
    nodes = [
        helper.make_node("Sub", ["input", "input"], ["zero"]),
        helper.make_node("Div", ["zero", "zero"], ["nan"]),
        helper.make_node("Concat", ["nan"] * 4, ["phases"], axis=1),
        helper.make_node("DepthToSpace", ["phases"], ["output"], blocksize=2),
    ]
    return save(path, nodes, {}, make_spec())


def dazzled_network(folder: Path) -> tuple[Path, Path]:
    """``dazzled_x2`` repeats pixels; in half precision, values above 0.94 become infinite.

    The casts are explicit, because the CPU would run a half-precision network in single precision.
    """
    full, half = folder / "dazzled_x2.onnx", folder / "dazzled_x2_fp16.onnx"
    for path, kind in ((full, TensorProto.FLOAT), (half, TensorProto.FLOAT16)):
        nodes = [
            helper.make_node("Mul", ["input", "gain"], ["bright"]),
            helper.make_node("Cast", ["bright"], ["reduced"], to=kind),
            helper.make_node("Cast", ["reduced"], ["back"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["back", "gain"], ["dim"]),
            helper.make_node("Concat", ["dim"] * 4, ["phases"], axis=1),
            helper.make_node("DepthToSpace", ["phases"], ["output"], blocksize=2),
        ]
        spec = make_spec(precision="fp32" if path == full else "fp16", name="dazzled")
        save(path, nodes, {"gain": np.full(1, 69632, np.float32)}, spec)
    return full, half


def make_spec(
    scale: int = 2,
    color: Color = "rgb",
    multiple: int = 1,
    receptive_field: int = 1,
    overlap: int = 0,
    precision: Precision = "fp32",
    name: str = "small",
) -> ModelSpec:
    return ModelSpec(
        name=name,
        arch="small",
        scale=scale,
        color=color,
        multiple=multiple,
        receptive_field=receptive_field,
        overlap=overlap,
        precision=precision,
        protocol="none",
        licence="none",
        data="none",
        commit="none",
    )


def save(
    path: Path,
    nodes: Sequence[NodeProto],
    weights: dict[str, np.ndarray],
    spec: ModelSpec | None,
    names: tuple[str, str] = ("input", "output"),
) -> Path:
    """Write the file; with ``spec`` None, without a contract."""
    channels = 1 if spec and spec.color == "y" else 3
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, ["n", channels, "h", "w"])],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = helper.make_opsetid("", 18)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    helper.set_model_props(model, to_metadata(spec) if spec else {})
    onnx.save(model, path)
    return path


def _weights(n_out: int, n_in: int, side: int, seed: int = 0) -> np.ndarray:
    """Random weights that mostly keep outputs in the range of the inputs."""
    random = np.random.default_rng([n_out, n_in, *([seed] if seed else [])])
    weights = random.uniform(-0.5, 1, (n_out, n_in, side, side))
    weights /= weights.sum(axis=(1, 2, 3), keepdims=True)
    return weights.astype(np.float32)
