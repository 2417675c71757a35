"""MS-SSIM: SSIM over five scales of a picture.

Wang, Simoncelli, Bovik, "Multi-scale structural similarity for image quality assessment", Asilomar
2003, with the weights of its section 3.2.
"""

from math import prod

import numpy as np

from sr_batch.core.errors import UnsupportedImage
from sr_batch.imaging.metrics import Plane, similarity_parts

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # from the finest scale to the coarsest
LEAST_SIDE = 11 << (len(WEIGHTS) - 1)  # the coarsest scale holds one window


def ms_ssim(sr: Plane, hr: Plane) -> float:
    """MS-SSIM of two planes (H, W), 0..255: at most 1. A negative structure counts as 0.

    Raises:
        UnsupportedImage: a side is shorter than 176 pixels.
    """
    if min(sr.shape) < LEAST_SIDE:
        raise UnsupportedImage(
            f"too small for MS-SSIM: needs {LEAST_SIDE} pixels a side without the border"
        )
    x: Plane = sr.astype(np.float64)
    y: Plane = hr.astype(np.float64)
    structures = []
    for _ in WEIGHTS[:-1]:
        structures.append(float(similarity_parts(x, y)[1].mean()))
        x, y = _half(x), _half(y)
    luminance, structure = similarity_parts(x, y)
    means = [*structures, float((luminance * structure).mean())]
    return prod(max(mean, 0) ** weight for mean, weight in zip(means, WEIGHTS, strict=True))


def _half(plane: Plane) -> Plane:
    """The mean of every 2x2 pixels."""
    height, width = (side - side % 2 for side in plane.shape)
    rows = plane[:height:2, :width] + plane[1:height:2, :width]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) / 4)
