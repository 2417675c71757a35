"""RGB <-> YCbCr after ITU-R BT.601. The range is part of every function's name.

*Studio* range is the one of MATLAB's ``rgb2ycbcr``: for 8-bit values Y runs from 16 to 235 and
Cb, Cr from 16 to 240. Published PSNR-Y figures and our Y networks use it. JPEG and OpenCV use
*full* range, which reads 1.32 dB lower on the same pictures; it never appears here.

All functions take and return floats on the 0..1 scale (8-bit value / 255), colour axis last.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

# Rows Y, Cb, Cr for R, G, B in 0..1; BT.601 scaled to studio range, as MATLAB tabulates it.
_RGB_TO_STUDIO = (
    np.array(
        [
            [65.481, 128.553, 24.966],
            [-37.797, -74.203, 112.0],
            [112.0, -93.786, -18.214],
        ]
    )
    / 255.0
)
_STUDIO_OFFSET = np.array([16.0, 128.0, 128.0]) / 255.0
_STUDIO_TO_RGB = np.linalg.inv(_RGB_TO_STUDIO)
_Y_BLACK = np.float32(16.0 / 255.0)
_Y_SPAN = np.float32(219.0 / 255.0)


def rgb_to_ycbcr_studio(rgb: FloatArray) -> FloatArray:
    """Convert ``rgb`` (H, W, 3), 0..1, to studio-range YCbCr (H, W, 3) on the same scale."""
    matrix = _RGB_TO_STUDIO.T.astype(np.float32)
    return rgb @ matrix + _STUDIO_OFFSET.astype(np.float32)


def ycbcr_studio_to_rgb(ycbcr: FloatArray) -> FloatArray:
    """Undo :func:`rgb_to_ycbcr_studio`. The result is not clipped: the caller rounds once."""
    matrix = _STUDIO_TO_RGB.T.astype(np.float32)
    return (ycbcr - _STUDIO_OFFSET.astype(np.float32)) @ matrix


def rgb_to_y_studio(rgb: FloatArray) -> FloatArray:
    """Only the luma plane (H, W) of :func:`rgb_to_ycbcr_studio`."""
    weights = _RGB_TO_STUDIO[0].astype(np.float32)
    luma: FloatArray = rgb @ weights + np.float32(_STUDIO_OFFSET[0])
    return luma


def planes_to_luma(rgb: FloatArray) -> FloatArray:
    """The gray (H, W) with the same studio-range Y as ``rgb``, here as planes (3, H, W), 0..1.

    Summed in a fixed order, so that a pixel's luma does not depend on where it lies.
    """
    red, green, blue = _RGB_TO_STUDIO[0].astype(np.float32) / _Y_SPAN
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
