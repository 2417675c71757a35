"""The steps that make an int8 file of an added model and measure it; run in the sandbox.

In their folder are ``model.onnx``, the model, and crops of the user's pictures.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto

from sr_batch.codec import encode_image, read_image
from sr_batch.core.arrays import FloatArray
from sr_batch.core.cpu import cores
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.model_spec import ModelSpec
from sr_batch.core.options import MAX_PIXELS, UpscaleOptions
from sr_batch.imaging.color import rgb_to_y_studio
from sr_batch.imaging.resample import resize
from sr_batch.importing import onnx_file
from sr_batch.importing.drawn_picture import psnr
from sr_batch.importing.int8 import candidates
from sr_batch.importing.store import CALIBRATION, HELD, INT8, MODEL
from sr_batch.inference.onnx_runtime import CPU, load_runtime
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from sr_batch.upscaling.upscaler import Upscaler

Levels = npt.NDArray[np.uint8]

# Of the time of a step, on an idle machine.
_CALIBRATION_SECONDS, _QUALITY_SECONDS, _SPEED_SECONDS = 15.0, 25.0, 10.0
_LEAST_PICTURES = 2
_COMPARED = 4  # batches that choose between the ranges
_ROUNDS = 7
_QUALITY = 50  # of the JPEG that a network of scale 1 has to restore


def make_int8(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``int8.onnx``: of several ranges, those whose output is closest to ``model.onnx``.

    Raises:
        ImportRefused: the model has nothing to gain; without a file name.
    """
    del request
    model, spec = onnx_file.read_model(folder / MODEL), read_spec(folder / MODEL)
    batches = [each for crop in _crops(folder / CALIBRATION) for each in _batches(crop, spec)]
    compared = batches[:: len(batches) // _COMPARED | 1][:_COMPARED]  # of both kinds
    expected = _outputs(model, compared)

    def difference(candidate: ModelProto) -> float:
        found = _outputs(candidate, compared)
        return sum(float(np.square(a - b).mean()) for a, b in zip(found, expected, strict=True))

    made = candidates(model, batches, folder, _CALIBRATION_SECONDS * cores())
    best = min(made, key=difference)
    onnx_file.set_contract(best, replace(spec, precision="int8"))
    onnx_file.write_model(best, folder / INT8)
    return {}


def judge_int8(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Compare ``int8.onnx`` with ``model.onnx`` on the pictures that did not set its ranges.

    Returns:
        ``pictures``: how many; ``fp32`` and ``int8``: PSNR in dB between the picture and its
        enlarged reduction, as means; ``alike``: the same between both outputs; ``speed``: how many
        times as fast int8 is, in runs that take turns.
    """
    del request
    spec = read_spec(folder / MODEL)
    found: list[tuple[float, float, float]] = []
    end = time.process_time() + _QUALITY_SECONDS * cores()
    with (
        Upscaler(_options(folder / MODEL, spec), lambda _: None) as full,
        Upscaler(_options(folder / INT8, spec), lambda _: None) as small,
    ):
        for crop in _crops(folder / HELD):
            if len(found) >= _LEAST_PICTURES and time.process_time() > end:
                break
            given = _given(crop, spec.scale)
            one, other = _enlarged(full, given), _enlarged(small, given)
            found.append((_psnr(one, crop), _psnr(other, crop), _psnr(other, one)))
    fp32, int8, alike = (round(fmean(each), 3) for each in zip(*found, strict=True))
    speed = round(_speed(folder, _batch(given, spec)), 2)
    return {"pictures": len(found), "fp32": fp32, "int8": int8, "alike": alike, "speed": speed}


def _crops(path: Path) -> Iterator[Levels]:
    with np.load(path) as file:
        for name in file.files:
            yield file[name]


def _batches(crop: Levels, spec: ModelSpec) -> Iterable[FloatArray]:
    """The crop as pictures are measured, and a part of it as pictures are enlarged."""
    given = _given(crop, spec.scale)
    yield _batch(given, spec)
    if spec.scale > 1:
        yield _batch(crop[: given.shape[0], : given.shape[1]], spec)


def _batch(pixels: Levels, spec: ModelSpec) -> FloatArray:
    """What the network takes: (1, C, H, W), 0..1."""
    values = np.divide(pixels, 255, dtype=np.float32)
    planes = rgb_to_y_studio(values)[None] if spec.color == "y" else values.transpose(2, 0, 1)
    return np.ascontiguousarray(planes[None])


def _given(crop: Levels, scale: int) -> Levels:
    """What becomes ``crop`` again if the network does its work well."""
    if scale == 1:
        data = encode_image(Image(crop), "jpg", _QUALITY)
        return read_image(data, "crop", MAX_PIXELS).color.astype(np.uint8)
    height, width = (side // scale for side in crop.shape[:2])
    return resize(crop, Size(width, height), "bicubic")


def _options(model: Path, spec: ModelSpec) -> UpscaleOptions:
    return UpscaleOptions(model=str(model), scale=spec.scale, device="cpu", tile=0)


def _enlarged(upscaler: Upscaler, given: Levels) -> Levels:
    enlarged = upscaler(Image(given), "crop", lambda _: None, threading.Event())
    return enlarged.image.color.astype(np.uint8)


def _psnr(one: Levels, other: Levels) -> float:
    return psnr(*(np.divide(each, 255, dtype=np.float32) for each in (one, other)))


def _outputs(model: ModelProto, batches: Iterable[FloatArray]) -> list[FloatArray]:
    session = load_runtime().InferenceSession(model.SerializeToString(), providers=[CPU])
    return [session.run(None, {"input": batch})[0] for batch in batches]


def _speed(folder: Path, batch: FloatArray) -> float:
    """Processor time of fp32 / that of int8: other programs do not change it much."""
    full, small = (OnnxSession.open(folder / each) for each in (MODEL, INT8))
    ratios: list[float] = []
    end = time.process_time() + _SPEED_SECONDS * cores()
    while not ratios or (len(ratios) < _ROUNDS and time.process_time() < end):
        if not ratios:  # the first call of a session is slow
            _ = full(batch), small(batch)
        ratios.append(_seconds(full, batch) / _seconds(small, batch))
    return median(ratios)


def _seconds(session: OnnxSession, batch: FloatArray) -> float:
    started = time.process_time()
    session(batch)
    return max(time.process_time() - started, 1e-9)
