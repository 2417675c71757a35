"""Enlarges pictures of noise, and computes what must come out, by the network alone."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.upscaling.upscaler import Upscaled, Upscaler


def ignore(_: Any) -> None:
    pass


def choose(**options: Any) -> UpscaleOptions:
    defaults: dict[str, Any] = {"model": "small", "device": "cpu", "jobs": 2}
    return UpscaleOptions(**defaults | options)


def enlarge(image: Image, progress: Callable[[int], None] = ignore, **options: Any) -> Upscaled:
    with Upscaler(choose(**options), ignore) as upscaler:
        return upscaler(image, "cat.png", progress, threading.Event())


def noise(*shape: int, kind: Any = np.uint8, seed: int = 0) -> np.ndarray:
    random, top = np.random.default_rng(seed), np.iinfo(kind).max
    pixels: np.ndarray = random.integers(0, top, shape, kind, endpoint=True)
    return pixels


def infer(path: Path, planes: np.ndarray) -> np.ndarray:
    """Run only the network, on whole planes (C, h, w)."""
    out: np.ndarray = OnnxSession.open(path)(planes[None].astype(np.float32))[0]
    return out


def to_integers(values: np.ndarray, kind: Any) -> np.ndarray:
    integers: np.ndarray = np.rint(values.clip(0, 1) * np.iinfo(kind).max).astype(kind)
    return integers


def reference_rgb(folder: Path, color: np.ndarray, scale: int = 2) -> np.ndarray:
    planes = color.transpose(2, 0, 1) / np.iinfo(color.dtype).max
    out = infer(folder / f"small_x{scale}.onnx", planes)
    return to_integers(out.transpose(1, 2, 0), color.dtype)


def reference_gray(folder: Path, plane: np.ndarray) -> np.ndarray:
    values = infer(folder / "small_x2.onnx", np.repeat(plane[None] / 255, 3, 0))
    return to_integers(values.mean(axis=0), plane.dtype)
