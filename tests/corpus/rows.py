"""The rows of the corpus: how a small file is made, and the expected result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sr_batch.core.image import Pixels

Array = npt.NDArray[Any]
Make = Callable[[], bytes]

WIDTH, HEIGHT = 37, 26


@dataclass(frozen=True)
class Read:
    """A file that is read; its output must show the same picture.

    Attributes:
        make: Makes the file.
        shows: Its upright picture (H, W, gray or RGB, then alpha if any).
        keeps: Metadata that the output must keep: names of `tests.corpus.judge`.
        bound: Least PSNR in dB between the output, reduced, and ``shows``.
        frames: Pictures in the output.
    """

    make: Make
    shows: Pixels
    keeps: str = ""
    bound: float = 30.0
    frames: int = 1


@dataclass(frozen=True)
class Refused:
    """A file that is refused.

    Attributes:
        make: Makes the file.
        because: Pattern of the message behind the file's name.
    """

    make: Make
    because: str


def scene(samples: int = 3, depth: int = 8, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    """A picture (height, width, samples) whose corners and channels all differ.

    The last of 2 or 4 samples is alpha: transparent at the left, opaque at the right.
    """
    y, x = np.mgrid[0:height, 0:width] + 0.5
    down, across = y / height, x / width
    waves = [
        0.5 + 0.45 * np.sin(3 * across + 2 * down + shift) * np.cos(2 * down - across)
        for shift in (0.3, 2.1, 4.4)
    ]
    color = waves[: 1 if samples < 3 else 3]
    alpha = [np.clip(1.6 * across - 0.3, 0, 1)] if samples in (2, 4) else []
    limit = 2**depth - 1
    dtype = np.uint8 if depth == 8 else np.uint16
    return np.asarray(np.rint(np.stack(color + alpha, axis=2) * limit), dtype)


def stepped(levels: int, samples: int = 1) -> Pixels:
    """The scene in ``levels`` levels, spread over 8 bit."""
    steps = np.rint(scene(samples) * ((levels - 1) / 255))
    return np.asarray(np.rint(steps * (255 / (levels - 1))), np.uint8)


def painted(indices: Array, palette: Array) -> Pixels:
    """The picture of ``indices`` (H, W, 1) into ``palette`` (N, C)."""
    return np.asarray(palette[indices[..., 0]], np.uint8)


def sized(encode: Callable[[Pixels], bytes], width: int, height: int) -> Read:
    """The scene in another size; steps between few pixels are hard for a network."""
    pixels = scene(3, 8, height, width)
    return Read(lambda: encode(pixels), pixels, bound=25)


def turned(upright: Pixels, orientation: int) -> Pixels:
    """``upright`` as stored in a file of this EXIF orientation (tag 274)."""
    stored: dict[int, Callable[[Array], Array]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
        8: lambda a: np.rot90(a, -1),
    }
    return np.ascontiguousarray(stored[orientation](upright))
