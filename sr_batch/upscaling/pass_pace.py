"""Measures how fast a pass is, on a small black picture."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from sr_batch.core.geometry import Size, Tile
from sr_batch.core.image import Image

PROBE = Size(192, 128)
_LONG = 1.0  # seconds


def seconds_per_pixel(enlarge: Callable[[Image], object], tiles: Sequence[Tile]) -> float:
    """Seconds for a pixel: of the windows of ``tiles``, as large pictures have little overlap.

    Args:
        enlarge: Carries out the pass of an image of the size ``PROBE``.
        tiles: What it cuts the image into.
    """
    return _probe_seconds(enlarge) / sum(tile.window.size.pixels for tile in tiles)


def _probe_seconds(enlarge: Callable[[Image], object]) -> float:
    """Seconds for the small picture: the second time, unless the first takes long anyway."""
    probe = Image(np.zeros((PROBE.height, PROBE.width, 3), np.uint8))
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        enlarge(probe)
        seconds = time.perf_counter() - started
        if seconds > _LONG:
            break
    return seconds
