"""Finds the fastest tile setting for a network on this machine, by timing all of them in turns."""

import threading
import time
from contextlib import ExitStack

import numpy as np

from sr_batch.core.cpu import cores
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.upscaling.tile_tuning import USUAL, TileSetting, Tuned, candidates, choose_setting
from sr_batch.upscaling.upscaler import Upscaler

_SECONDS = 0.5
_LEAST, _MOST = 256, 1536


def calibrate(file: ModelFile) -> Tuned:
    """Time all settings on the CPU, on a picture that takes about half a second.

    Raises:
        UnknownModel: the file has no contract.
    """
    with ExitStack() as stack:
        trials = _Trials(file, stack)
        trials.seconds(USUAL)  # fills the caches
        return choose_setting(candidates(cores()), trials.seconds)


class _Trials:
    """Times settings of one network, each with an upscaler that is opened once."""

    def __init__(self, file: ModelFile, stack: ExitStack) -> None:
        self._options = UpscaleOptions(model=str(file.path), scale=file.scale, device="cpu")
        self._name = file.name
        self._stack = stack
        self._open: dict[TileSetting, Upscaler] = {}
        self._image = _picture(self._upscaler(USUAL))

    def seconds(self, setting: TileSetting) -> float:
        upscaler, started = self._upscaler(setting), time.perf_counter()
        upscaler(self._image, self._name, lambda _: None, threading.Event())
        return time.perf_counter() - started

    def _upscaler(self, setting: TileSetting) -> Upscaler:
        if setting not in self._open:
            upscaler = Upscaler(self._options, lambda _: None, lambda _: setting)
            self._open[setting] = self._stack.enter_context(upscaler)
        return self._open[setting]


def _picture(usual: Upscaler) -> Image:
    """Noise, three to two."""
    probe = Size(300, 200)
    pixels = probe.pixels * _SECONDS / usual.seconds(probe)
    height = round(min(max((pixels / 1.5) ** 0.5, _LEAST), _MOST))
    noise = np.random.default_rng(0).integers(0, 256, (height, height * 3 // 2, 3), np.uint8)
    return Image(noise)
