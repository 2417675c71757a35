"""The time that keeping optimized graphs would save when a network is opened."""

import time
from collections.abc import Iterator
from pathlib import Path

import onnxruntime

from benchmarks.setting import Row, Setting
from sr_batch.inference.model_catalog import find_models

_ROUNDS = 7


def graphs(setting: Setting) -> Iterator[Row]:
    """Time the opening of every fp32 and int8 network, as the least CPU time of several rounds."""
    onnxruntime.set_default_logger_severity(4)
    levels = onnxruntime.GraphOptimizationLevel
    for model in find_models():
        if model.precision == "fp16":
            continue
        kept = setting.folder / f"{model.path.stem}.onnx"
        _seconds(model.path, levels.ORT_ENABLE_ALL, kept)
        plain = min(_seconds(model.path, levels.ORT_ENABLE_ALL) for _ in range(_ROUNDS))
        ready = min(_seconds(kept, levels.ORT_DISABLE_ALL) for _ in range(_ROUNDS))
        what = f"{model.path.stem}: opening it, optimized before"
        yield Row(what, f"{1000 * plain:.1f}, {1000 * ready:.1f} ms", "", True)


def _seconds(path: Path, level: object, kept: Path | None = None) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    if kept:
        options.optimized_model_filepath = str(kept)
    started = time.process_time()
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return time.process_time() - started
