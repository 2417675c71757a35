"""Shared by cases: runs the tool and the bare network on the same photographs."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from benchmarks.setting import Setting
from sr_batch.batch import engine
from sr_batch.batch.loading import Loader, load_file
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import Format, UpscaleOptions
from sr_batch.core.results import Done
from sr_batch.inference.model_catalog import choose
from sr_batch.upscaling.upscaler import Upscaler

_GROUPS = 5  # both sides take turns, so that a slow minute of the machine affects both


def ignore(line: str) -> None:
    """Benchmarks print their own lines."""


def options_for(model: str, scale: int, output_format: Format, setting: Setting) -> UpscaleOptions:
    """Options for the CPU, with the threads of `setting`."""
    return UpscaleOptions(
        model=model,
        scale=scale,
        device="cpu",
        precision="fp32",
        format=output_format,
        jobs=setting.threads,
    )


def in_turns(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Groups of ``paths``, each with pictures of all sizes, for two sides that take turns."""
    return (paths[start::_GROUPS] for start in range(_GROUPS))


def bare_session(model: str, scale: int, threads: int) -> onnxruntime.InferenceSession:
    """ONNX Runtime with its default settings, except for the number of threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        choose(model)[scale].path, options, providers=["CPUExecutionProvider"]
    )


def network_input(path: Path, color: str) -> npt.NDArray[np.float32]:
    """An array (1, C, H, W) for a network; only its shape matters for the time."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("L" if color == "y" else "RGB"), np.float32) / 255
    planes = pixels[None] if color == "y" else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(planes[None])


def infer(session: onnxruntime.InferenceSession, array: npt.NDArray[np.float32]) -> float:
    """Seconds to run ``session`` on ``array``."""
    started = time.perf_counter()
    session.run(None, {"input": array})
    return time.perf_counter() - started


def enlarge(
    paths: Sequence[Path],
    options: UpscaleOptions,
    out: Path,
    upscaler: Upscaler,
    load: Loader = load_file,
) -> float:
    """Seconds that planning and the engine take for ``paths``, from files to files."""
    started = time.perf_counter()
    plan = plan_jobs([str(path) for path in paths], f"{out}/", options, upscaler.model, load=load)
    results = list(engine.run(plan, upscaler, options, lambda _: None, threading.Event(), load))
    seconds = time.perf_counter() - started
    if not all(isinstance(result, Done) for result in results):
        raise RuntimeError(f"not all done: {results}")
    return seconds
