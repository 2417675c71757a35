"""What all writers of animations need: which pixels change, and how long a frame is shown."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sr_batch.core.geometry import Region
from sr_batch.core.image import Image

Mask = npt.NDArray[np.bool_]


def changed(before: Image | None, after: Image) -> Region:
    """The smallest region that holds all that differs; everything where nothing was before."""
    if before is None:
        return Region(0, 0, after.size.width, after.size.height)
    mask = (before.color != after.color).any(axis=2)
    if before.alpha is not None:
        mask |= before.alpha != after.alpha
    return bounds(mask)


def cut(image: Image, region: Region) -> Image:
    """A view of what lies in ``region``."""
    alpha = None if image.alpha is None else image.alpha[region.slices]
    return replace(image, color=image.color[region.slices], alpha=alpha)


def bounds(mask: Mask) -> Region:
    """The smallest region that holds all of ``mask`` (H, W) that is set; one pixel if none is."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return Region(0, 0, 1, 1)
    return Region(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def milliseconds(image: Image) -> Fraction:
    """For which a frame is shown."""
    return image.timing.milliseconds if image.timing else Fraction(0)


class Clock:
    """Times of frames in whole ticks; what rounding takes from one frame the next one gets.

    Args:
        tick: In milliseconds.
        most: Ticks of one frame.
        least: Ticks of a frame whose time is rounded.
    """

    def __init__(self, tick: int, most: int, least: int = 0) -> None:
        self.tick = tick
        self._most = most
        self._least = least
        self._owed = Fraction(0)

    def ticks(self, image: Image) -> int:
        """For the next frame; exact if its time and all before it are whole ticks."""
        wanted = milliseconds(image) / self.tick + self._owed
        ticks = round(wanted)
        if wanted != ticks or self._owed:
            ticks = max(ticks, self._least)
        ticks = min(ticks, self._most)
        self._owed = min(max(wanted - ticks, Fraction(-1)), Fraction(1))
        return ticks

    def rounds(self, image: Image) -> bool:
        """Whether a frame cannot be shown for exactly its time."""
        ticks = milliseconds(image) / self.tick
        return ticks.denominator > 1 or ticks > self._most
