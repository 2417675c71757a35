"""One peer in its own process: a script that enlarges files with another library.

``python -m benchmarks.peer KIND NETWORK THREADS`` reads lines of JSON, each a list of [input,
output] paths, enlarges the files, and prints the seconds it took. The first line is a warm-up.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Planes = npt.NDArray[np.float32]
Run = Callable[[Planes], Planes]
"""Maps (C, h, w) to (C, H, W), both 0..1."""

_TILE, _CONTEXT = 256, 16


def torch_whole(path: Path, threads: int) -> Run:
    """PyTorch on the whole picture in one call."""
    import torch

    from training.models import build

    torch.set_num_threads(threads)
    name, _, scale = path.stem.rpartition("_x")
    network = build(name, int(scale), {}).eval()  # the same network; its weights do not matter

    def run(planes: Planes) -> Planes:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(planes)[None])[0].numpy())

    return run


def torch_tiled(path: Path, threads: int) -> Run:
    """PyTorch in a loop over tiles."""
    return _tiled(torch_whole(path, threads))


def opencv(path: Path, threads: int) -> Run:
    """OpenCV's dnn module in tiles, because whole photographs take gigabytes."""
    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(str(path))

    def run(planes: Planes) -> Planes:
        network.setInput(planes[None])
        return np.asarray(network.forward()[0])

    return _tiled(run)


def ncnn(path: Path, threads: int) -> Run:
    """The library ncnn in tiles, on the network that pnnx converted from the ONNX file."""
    import ncnn as library

    network = library.Net()
    network.opt.num_threads = threads
    network.opt.use_vulkan_compute = False
    network.load_param(str(path.with_suffix(".ncnn.param")))
    network.load_model(str(path.with_suffix(".ncnn.bin")))

    def run(planes: Planes) -> Planes:
        with network.create_extractor() as extractor:
            extractor.input("in0", library.Mat(np.ascontiguousarray(planes)).clone())
            return np.array(extractor.extract("out0")[1])

    return _tiled(run)


def onnxruntime_naive(path: Path, threads: int) -> Run:
    """ONNX Runtime as in its examples: the whole picture, one stage after the other."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(planes: Planes) -> Planes:
        (enlarged,) = session.run(None, {"input": planes[None]})
        return np.asarray(enlarged[0])

    return run


KINDS: dict[str, Callable[[Path, int], Run]] = {
    "PyTorch, whole picture": torch_whole,
    "PyTorch, tiles": torch_tiled,
    "OpenCV dnn, tiles": opencv,
    "ncnn, tiles": ncnn,
    "ONNX Runtime, naive loop": onnxruntime_naive,
}


def _tiled(run: Run) -> Run:
    """Run every tile with its context, and keep its core; the image is not padded."""

    def tiles(planes: Planes) -> Planes:
        _, height, width = planes.shape
        whole: Planes | None = None
        for top in range(0, height, _TILE):
            for left in range(0, width, _TILE):
                y, x = max(0, top - _CONTEXT), max(0, left - _CONTEXT)
                window = planes[:, y : top + _TILE + _CONTEXT, x : left + _TILE + _CONTEXT]
                made = run(np.ascontiguousarray(window))
                scale = made.shape[1] // window.shape[1]
                if whole is None:
                    whole = np.empty((len(made), height * scale, width * scale), np.float32)
                core = made[:, (top - y) * scale :, (left - x) * scale :]
                core = core[:, : _TILE * scale, : _TILE * scale]
                down, right = top * scale, left * scale
                whole[:, down : down + core.shape[1], right : right + core.shape[2]] = core
        assert whole is not None
        return whole

    return tiles


def _enlarge(run: Run, source: str, target: str) -> None:
    pixels = cv2.imread(source)
    assert pixels is not None
    planes = np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1), np.float32) / np.float32(
        255
    )
    enlarged = (run(planes).clip(0, 1) * 255).round().astype(np.uint8)
    cv2.imwrite(target, np.ascontiguousarray(enlarged.transpose(1, 2, 0)[..., ::-1]))


def _serve(run: Run) -> None:
    for line in sys.stdin:
        pairs: list[Any] = json.loads(line)
        started = time.perf_counter()
        for source, target in pairs:
            _enlarge(run, source, target)
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    kind, network, threads = sys.argv[1:]
    _serve(KINDS[kind](Path(network), int(threads)))
