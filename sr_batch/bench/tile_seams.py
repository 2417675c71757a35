"""Checks for visible tile seams: compares a picture enlarged in tiles with it enlarged whole."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr_batch.bench.quality import Levels
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.upscaling.upscaler import Upscaler

_SIDE, _TILE = 80, 40  # small, so that a large share of the picture is next to a seam
_MOST = 1e-4  # share of these samples that may differ by one level; a photograph has ten times less


@dataclass(frozen=True)
class TileSeams:
    """How much tiling changes 8-bit samples.

    Attributes:
        levels: Largest change of a sample.
        changed: Number of samples that change.
        samples: Number of samples compared.
    """

    levels: int
    changed: int
    samples: int

    @property
    def shows(self) -> bool:
        """Whether it is more than a few last bits that rounded differently."""
        return self.levels > 1 or self.changed > _MOST * self.samples


def measure_seams(path: Path, scale: int, picture: Levels, device: str) -> TileSeams:
    """Compare a crop of ``picture``, enlarged in tiles by the network at ``path``, and whole."""
    piece = Image(np.ascontiguousarray(picture[:_SIDE, :_SIDE]))
    whole, tiled = (_enlarge(path, scale, piece, device, tile) for tile in (0, _TILE))
    difference = np.abs(tiled.astype(np.int16) - whole)
    return TileSeams(int(difference.max()), int(np.count_nonzero(difference)), difference.size)


def _enlarge(path: Path, scale: int, piece: Image, device: str, tile: int) -> Levels:
    options = UpscaleOptions(model=str(path), scale=scale, device=device, tile=tile, jobs=1)
    with Upscaler(options, lambda _: None) as upscaler:
        enlarged = upscaler(piece, "picture", lambda _: None, threading.Event())
    return enlarged.image.color.astype(np.uint8, copy=False)
