"""Whether tiles show: a picture enlarged in tiles against the same one enlarged whole."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr_batch.bench.quality import Levels
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.upscaling.upscaler import Upscaler

_SIDE, _TILE = 80, 40  # small, so that a large share of the picture lies at a seam
_MOST = 1e-4  # of these samples may differ, by one level; of a photograph's it is ten times less


@dataclass(frozen=True)
class Seam:
    """What tiling changed of 8-bit samples.

    Attributes:
        levels: By how much at most.
        changed: How many.
        samples: Of how many.
    """

    levels: int
    changed: int
    samples: int

    @property
    def shows(self) -> bool:
        """Whether it is more than a few last bits that were rounded the other way."""
        return self.levels > 1 or self.changed > _MOST * self.samples


def measure_seam(path: Path, scale: int, picture: Levels, device: str) -> Seam:
    """Enlarge a piece of ``picture``, as LR, by the network at ``path`` in tiles and whole."""
    piece = Image(np.ascontiguousarray(picture[:_SIDE, :_SIDE]))
    whole, tiled = (_enlarge(path, scale, piece, device, tile) for tile in (0, _TILE))
    difference = np.abs(tiled.astype(np.int16) - whole)
    return Seam(int(difference.max()), int(np.count_nonzero(difference)), difference.size)


def _enlarge(path: Path, scale: int, piece: Image, device: str, tile: int) -> Levels:
    options = UpscaleOptions(model=str(path), scale=scale, device=device, tile=tile, jobs=1)
    with Upscaler(options, lambda _: None) as upscaler:
        enlarged = upscaler(piece, "picture", lambda _: None, threading.Event())
    return enlarged.image.color.astype(np.uint8, copy=False)
