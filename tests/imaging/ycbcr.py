"""RGB <-> YCbCr of BT.601 in studio range, as MATLAB's ``rgb2ycbcr``: the reference of luma mode.

Pictures are float32 (H, W, 3) on the 0..1 scale.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

# Rows Y, Cb, Cr for R, G, B in 0..1.
_TO_STUDIO: npt.NDArray[Any] = (
    np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
    / 255.0
)
_OFFSET = np.array([16.0, 128.0, 128.0], np.float32) / np.float32(255.0)


def rgb_to_ycbcr_studio(rgb: Array) -> Array:
    return rgb @ _TO_STUDIO.T.astype(np.float32) + _OFFSET


def ycbcr_studio_to_rgb(ycbcr: Array) -> Array:
    """Not clipped."""
    return (ycbcr - _OFFSET) @ np.linalg.inv(_TO_STUDIO).T.astype(np.float32)
