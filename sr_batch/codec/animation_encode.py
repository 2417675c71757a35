"""For the encoders of animations: which pixels change, and how long a frame is shown."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sr_batch.core.geometry import Region
from sr_batch.core.image import Image

Mask = npt.NDArray[np.bool_]


def changed(before: Image | None, after: Image) -> Region:
    """The smallest region with all changed pixels; the whole picture for a first frame."""
    if before is None:
        return Region(0, 0, after.size.width, after.size.height)
    mask = (before.color != after.color).any(axis=2)
    if before.alpha is not None:
        mask |= before.alpha != after.alpha
    return bounds(mask)


def cut(image: Image, region: Region) -> Image:
    """A view of ``region``."""
    alpha = None if image.alpha is None else image.alpha[region.slices]
    return replace(image, color=image.color[region.slices], alpha=alpha)


def bounds(mask: Mask) -> Region:
    """The smallest region with all set pixels of ``mask`` (H, W); one pixel if none is set."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return Region(0, 0, 1, 1)
    return Region(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def milliseconds(image: Image) -> Fraction:
    """How long a frame is shown."""
    return image.timing.milliseconds if image.timing else Fraction(0)


class Clock:
    """Times of frames in whole ticks; the rounding error of a frame is carried to the next.

    Args:
        tick: Milliseconds of a tick.
        most: Upper limit of a frame's ticks.
        least: Lower limit of a frame whose time is rounded.
    """

    def __init__(self, tick: int, most: int, least: int = 0) -> None:
        self.tick = tick
        self._most = most
        self._least = least
        self._owed = Fraction(0)

    def ticks(self, image: Image) -> int:
        """Ticks of the next frame; exact if its time and all times before are whole ticks."""
        wanted = milliseconds(image) / self.tick + self._owed
        ticks = round(wanted)
        if wanted != ticks or self._owed:
            ticks = max(ticks, self._least)
        ticks = min(ticks, self._most)
        self._owed = min(max(wanted - ticks, Fraction(-1)), Fraction(1))
        return ticks

    def rounds(self, image: Image) -> bool:
        """Whether the time of a frame is not a whole number of ticks within the limit."""
        ticks = milliseconds(image) / self.tick
        return ticks.denominator > 1 or ticks > self._most
