"""Calls a foreign network in ONNX Runtime, as it is."""

import re
from pathlib import Path
from typing import Any

import numpy.typing as npt

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.trial import Call, CallFailed
from sr_batch.inference.onnx_runtime import CPU, first_line, load_runtime

_MOST_SAID = 200  # letters


def open_net(path: Path, name: str, threads: int) -> Call:
    """The network at ``path`` as a function of its input ``name``; not optimised.

    Raises:
        ImportRefused: ONNX Runtime cannot load it.
    """
    onnxruntime = load_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            path, options, providers=[CPU], enable_fallback=False
        )
    except Exception as fault:  # ONNX Runtime's exceptions have no common base
        raise ImportRefused(
            f"ONNX Runtime cannot load it ({reason(fault)}): export it again, in another way"
        ) from fault

    def call(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        try:
            (output,) = session.run(None, {name: values})
        except Exception as fault:
            raise CallFailed(reason(fault)) from fault
        result: npt.NDArray[Any] = output
        return result

    return call


def reason(fault: Exception) -> str:
    """What ONNX Runtime says, without the place in its own source: ``Resize: ...``."""
    said = first_line(fault)
    operator = re.search(r"while running (\w+) node", said)
    said = re.sub(r"^.*Status Message: ", "", said)
    said = re.sub(r"\S*onnxruntime_src\S*:\d+ \S.*?\) ", "", said)[:_MOST_SAID]
    return f"{operator[1]}: {said}" if operator else said
