"""Luma after ITU-R BT.601. The range is part of every function's name.

*Studio* range is that of MATLAB's ``rgb2ycbcr``: for 8-bit values Y runs from 16 to 235. Published
PSNR-Y figures and our Y networks use it. JPEG and OpenCV use *full* range, which reads 1.32 dB
lower on the same pictures; no function here uses it.

All functions take and return floats on the 0..1 scale (8-bit value / 255).
"""

import numpy as np

from sr_batch.core.arrays import FloatArray

# The shares of R, G and B, 0..1, in BT.601 luma of studio range, as MATLAB tabulates them.
_LUMA = np.array([65.481, 128.553, 24.966]) / 255.0
_Y_BLACK = np.float32(16.0 / 255.0)
_Y_SPAN = np.float32(219.0 / 255.0)


def rgb_to_y_studio(rgb: FloatArray) -> FloatArray:
    """Studio-range luma (H, W) of ``rgb`` (H, W, 3), 0..1."""
    luma: FloatArray = rgb @ _LUMA.astype(np.float32) + _Y_BLACK
    return luma


def planes_to_luma(rgb: FloatArray) -> FloatArray:
    """The gray (H, W) with the same studio-range Y as ``rgb``, here as planes (3, H, W), 0..1.

    Summed in a fixed order, so that a pixel's luma does not depend on its position.
    """
    red, green, blue = _LUMA.astype(np.float32) / _Y_SPAN
    luma: FloatArray = rgb[0] * red
    luma += rgb[1] * green
    luma += rgb[2] * blue
    return luma


def gray_to_y_studio(gray: FloatArray) -> FloatArray:
    """Studio-range Y of gray, 0..1: what :func:`rgb_to_y_studio` gives for three equal channels."""
    y = gray * _Y_SPAN
    y += _Y_BLACK
    return y


def y_studio_to_gray(y: FloatArray) -> FloatArray:
    """Undo :func:`gray_to_y_studio`; not clipped."""
    gray = y - _Y_BLACK
    gray /= _Y_SPAN
    return gray
