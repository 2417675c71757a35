"""Applies an EXIF orientation, 1 to 8: from the pixels as a file stores them to the upright ones.

The upright picture is not turned when it is complete: decoders write their rows into a view of it
that has the order of the file. `sr_batch.codec.metadata.exif` reads the number and resets it.
"""

import numpy as np

from sr_batch.core.geometry import Size
from sr_batch.core.image import Pixels


def upright_size(stored: Size, orientation: int) -> Size:
    """The size after turning; 5 to 8 swap width and height."""
    return stored if orientation < 5 else Size(stored.height, stored.width)


def as_stored(upright: Pixels, orientation: int) -> Pixels:
    """A view of ``upright`` (H, W, ...) in the order in which the file stores its rows."""
    match orientation:
        case 2:
            return upright[:, ::-1]
        case 3:
            return upright[::-1, ::-1]
        case 4:
            return upright[::-1]
        case 5:
            return upright.swapaxes(0, 1)
        case 6:
            return np.rot90(upright)
        case 7:
            return upright[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return np.rot90(upright, -1)
        case _:
            return upright
