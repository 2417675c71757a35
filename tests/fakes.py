"""A fake network and small pictures, for tests of the code around them."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from sr_batch.batch.engine import run
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.errors import Stopped
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.upscaling.kept_tiles import TileStore
from sr_batch.upscaling.upscaler import Upscaled


class FakeUpscaler:
    """Repeats every pixel. ``before`` is called first with the image's name, and may raise."""

    provider = "fake"
    equal_recipes: tuple[str, ...] = ()
    model = "nearest"

    def __init__(
        self,
        scale: int = 2,
        recipe: str = "nearest",
        before: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.scale = scale
        self.recipe = recipe
        self.before = before
        self.names: list[str] = []

    def output_size(self, size: Size) -> Size:
        return size * self.scale

    def precision(self, size: Size) -> str:
        return "fp32"

    def passes(self, size: Size) -> tuple[int, ...]:
        return (self.scale,)

    def bound(self, size: Size) -> float:
        return 20

    def seconds(self, size: Size) -> float:
        return size.pixels * 1e-6

    def __call__(
        self,
        image: Image,
        name: str,
        progress: Callable[[int], None],
        stop: threading.Event,
        store: TileStore | None = None,
    ) -> Upscaled:
        self.before(name)
        if stop.is_set():
            raise Stopped
        self.names.append(name)
        color = image.color.repeat(self.scale, 0).repeat(self.scale, 1)
        alpha = image.alpha
        if alpha is not None:
            alpha = alpha.repeat(self.scale, 0).repeat(self.scale, 1)
        progress(image.size.pixels)
        return Upscaled(replace(image, color=color, alpha=alpha), ())


def upscale_for_ever(folder: str) -> None:
    """Upscale ``in`` again and again; never returns."""
    os.chdir(folder)
    options, upscaler = UpscaleOptions(), FakeUpscaler()
    while True:
        plan = plan_jobs(["in"], None, options, upscaler.model, claim=True)
        list(run(plan, upscaler, options, lambda pixels: None, threading.Event()))


def save_picture(path: Path, seed: int = 0, size: tuple[int, int] = (6, 4), kind: str = "") -> Path:
    """Write random pixels to ``path`` in Pillow's format ``kind``, or in the one of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Pillow.fromarray(pixels).save(path, kind or None)
    return path
