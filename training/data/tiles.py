"""Where tiles are cut from a picture, and what is done to it before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from sr_batch.core.geometry import Region, Size
from training.data.resize import downscale


@dataclass(frozen=True)
class Cutting:
    """How pictures are cut into tiles.

    Attributes:
        side: HR pixels a side of a tile; a smaller picture is one tile of its own size.
        covers: Whether the last tile of a row or column overlaps the one before it, so that every
            pixel is used. Otherwise only whole tiles are used, counted from the top left corner.
        least: HR pixels a side that a picture must have.
        size: HR pixels a side of the square that every picture is first brought to; 0 for none.
        fit: How: by a central ``crop``, or by a bicubic ``resize`` of the whole picture.
    """

    side: int = 256
    covers: bool = True
    least: int = 1
    size: int = 0
    fit: Literal["crop", "resize"] = "crop"

    def tile(self, scale: int) -> int:
        """The side of a whole tile: a multiple of ``scale``."""
        return self.side - self.side % scale

    def least_side(self, scale: int) -> int:
        """HR pixels a side of the smallest picture that gives a tile."""
        least = max(self.least, scale if self.covers else self.tile(scale))
        return max(least, self.size) if self.fit == "crop" else least

    def fitted(self, size: Size) -> Size:
        """The size of a picture of ``size`` after :func:`fit_pixels`."""
        return Size(self.size, self.size) if self.size else size


COVERING = Cutting()


def fit_pixels(pixels: np.ndarray, cutting: Cutting) -> np.ndarray:
    """Bring uint8 (H, W, C) to the square of ``cutting``, if it has one."""
    height, width = pixels.shape[:2]
    side = cutting.size
    if not side or (height, width) == (side, side):
        return pixels
    if cutting.fit == "crop":
        top, left = (height - side) // 2, (width - side) // 2
        return pixels[top : top + side, left : left + side]
    planes = torch.from_numpy(pixels.astype(np.float32).transpose(2, 0, 1))[None]
    resized = F.interpolate(planes, size=(side, side), mode="bicubic", antialias=True)[0]
    return resized.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def tiles_of(size: Size, cutting: Cutting, scale: int) -> Iterator[Region]:
    """The tiles of an HR picture of ``size``; their sides and corners are multiples of ``scale``.

    Without ``covers``, corners are multiples of the side of a tile instead.
    """
    tile = cutting.tile(scale)
    for top, tall in _along(size.height, tile, cutting, scale):
        for left, wide in _along(size.width, tile, cutting, scale):
            yield Region(left, top, left + wide, top + tall)


def lr_tile(hr: np.ndarray, lr: np.ndarray | None, region: Region, scale: int) -> torch.Tensor:
    """LR (C, h/s, w/s) of a tile, 0..255; LR of the size of HR is reduced by the scale."""
    if lr is None:
        return downscale(hr[region.slices], scale)
    if lr.shape == hr.shape:
        return downscale(lr[region.slices], scale)
    rows = slice(region.top // scale, region.bottom // scale)
    columns = slice(region.left // scale, region.right // scale)
    return torch.from_numpy(lr[rows, columns].transpose(2, 0, 1).astype(np.float32))


def padded(planes: np.ndarray, sides: Sequence[int]) -> np.ndarray:
    """Mirror (C, h, w) at the bottom and right up to ``sides``."""
    below, beside = sides[0] - planes.shape[1], sides[1] - planes.shape[2]
    if not (below or beside):
        return planes
    return np.pad(planes, ((0, 0), (0, below), (0, beside)), mode="symmetric")


def _along(length: int, tile: int, cutting: Cutting, scale: int) -> list[tuple[int, int]]:
    """Starts and lengths of the tiles along one axis."""
    if not cutting.covers:
        return [(at, tile) for at in range(0, length - tile + 1, cutting.side)]
    length -= length % scale
    if length <= tile:
        return [(0, length)] if length else []
    return [(at, tile) for at in (*range(0, length - tile, tile), length - tile)]
