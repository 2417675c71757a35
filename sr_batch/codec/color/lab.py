"""CIELAB in a TIFF's integers to sRGB. Formulas, not tables, so that 16 bit stays 16 bit."""

import numpy as np
import numpy.typing as npt

from sr_batch.core.image import Pixels

NOTE = "CIELAB converted to sRGB"

Floats = npt.NDArray[np.float64]

# Red, green and blue of sRGB in CIE XYZ, rows X, Y, Z, after Bradford under the D50 of profiles.
_SRGB_TO_XYZ = np.array(
    [
        [0.43604125, 0.38511291, 0.14304584],
        [0.22248454, 0.71690508, 0.06061038],
        [0.01392019, 0.09706724, 0.71391257],
    ]
)
_WHITE = _SRGB_TO_XYZ.sum(axis=1)
_XYZ_TO_SRGB = np.linalg.inv(_SRGB_TO_XYZ)
_DELTA = 6 / 29


def from_cielab(samples: Pixels) -> Floats:
    """TIFF's own encoding (h, w, 3): lightness over the whole range, the rest signed.

    TIFF 6.0, section 23, and libtiff for 16 bit.
    """
    bits = samples.dtype.itemsize * 8
    lab: Floats = samples.astype(f"i{bits // 8}").astype(np.float64) / 2 ** (bits - 8)
    lab[..., 0] = samples[..., 0] * (100 / (2**bits - 1))
    return lab


def from_icclab(samples: Pixels) -> Floats:
    """The encoding of ICC profiles (h, w, 3): 100 is 255 or 65280, and the middle of the rest 0."""
    bits = samples.dtype.itemsize * 8
    lab = samples.astype(np.float64) / 2 ** (bits - 8)
    return np.asarray(lab * (100 / 255, 1, 1) - (0, 128, 128))


def to_srgb(lab: Floats, dtype: npt.DTypeLike) -> Pixels:
    """L*, a*, b* (h, w, 3) under D50 as sRGB of ``dtype``; what lies outside is clipped."""
    luma = (lab[..., 0] + 16) / 116
    cube = np.stack((luma + lab[..., 1] / 500, luma, luma - lab[..., 2] / 200), axis=-1)
    xyz = np.where(cube > _DELTA, cube**3, 3 * _DELTA**2 * (cube - 4 / 29)) * _WHITE
    linear = np.clip(xyz @ _XYZ_TO_SRGB.T, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, curved)
    pixels: Pixels = np.rint(srgb * np.iinfo(dtype).max).astype(dtype)
    return pixels
