"""Which layout of tiles and threads is the fastest for a network here, by trying them in turns."""

import threading
import time
from contextlib import ExitStack

import numpy as np

from sr_batch.core.cpu import cores
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.upscaling.tile_tuning import USUAL, Layout, Tuned, candidates, choose_layout
from sr_batch.upscaling.upscaler import Upscaler

_SECONDS = 0.5
_LEAST, _MOST = 256, 1536


def calibrate(file: ModelFile) -> Tuned:
    """Try all layouts on a picture that takes about half a second, on the CPU.

    Raises:
        UnknownModel: the file is no network of ours.
    """
    options = UpscaleOptions(model=str(file.path), scale=file.scale, device="cpu")
    with ExitStack() as stack:
        ready: dict[Layout, Upscaler] = {}

        def upscaler(layout: Layout) -> Upscaler:
            if layout not in ready:
                made = Upscaler(options, lambda _: None, lambda _: layout)
                ready[layout] = stack.enter_context(made)
            return ready[layout]

        image = _picture(upscaler(USUAL))

        def seconds(layout: Layout) -> float:
            enlarge, started = upscaler(layout), time.perf_counter()
            enlarge(image, file.name, lambda _: None, threading.Event())
            return time.perf_counter() - started

        seconds(USUAL)  # caches fill
        return choose_layout(candidates(cores()), seconds)


def _picture(usual: Upscaler) -> Image:
    """Noise, three to two."""
    probe = Size(300, 200)
    pixels = probe.pixels * _SECONDS / usual.seconds(probe)
    height = round(min(max((pixels / 1.5) ** 0.5, _LEAST), _MOST))
    noise = np.random.default_rng(0).integers(0, 256, (height, height * 3 // 2, 3), np.uint8)
    return Image(noise)
