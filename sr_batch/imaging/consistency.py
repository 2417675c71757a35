"""How well an enlarged picture, reduced again, agrees with its input."""

import math

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.imaging.resample import resize


def consistency(image: Image, source: Image) -> float:
    """PSNR in dB between two images where both are opaque, reduced to a quarter of the smaller.

    At the input's own size, dither and lines one pixel wide differ much even with a sound network;
    their means do not.
    """
    small = min(image.size, source.size, key=lambda size: size.pixels) * 0.25
    (a, opaque_a), (b, opaque_b) = (_reduced(each, small) for each in (image, source))
    if a.shape[2] != b.shape[2]:  # a format without gray stored it as RGB
        a, b = a.mean(axis=2, keepdims=True), b.mean(axis=2, keepdims=True)
    seen = opaque_a & opaque_b
    if not seen.any():
        return math.inf
    error = float(np.mean(np.square((a - b)[seen], dtype=np.float64)))
    return math.inf if error == 0 else -10 * math.log10(error)


def _reduced(image: Image, size: Size) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Color (h, w, C), 0..1, and which of its pixels are opaque (h, w)."""
    color = image.color if image.size == size else resize(image.color, size, "bicubic")
    planes = np.divide(color, np.float32(image.levels), dtype=np.float32)
    if image.alpha is None:
        return planes, np.ones(planes.shape[:2], bool)
    alpha = image.alpha if image.size == size else resize(image.alpha, size, "bicubic")
    return planes, alpha == image.levels
