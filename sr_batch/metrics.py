"""PSNR and SSIM as super-resolution papers report them: on 0..255 planes, border cropped."""

import math

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.floating] | npt.NDArray[np.uint8]

_PEAK = 255.0
_SIGMA = 1.5
_RADIUS = 5


def crop_border(plane: Plane, border: int) -> Plane:
    """Cut ``border`` pixels from every side of ``plane`` (H, W)."""
    return plane[border : plane.shape[0] - border, border : plane.shape[1] - border]


def psnr(sr: Plane, hr: Plane, border: int = 0) -> float:
    """Peak signal-to-noise ratio in dB of two planes (H, W), 0..255; equal planes give inf."""
    error = crop_border(sr, border).astype(np.float64) - crop_border(hr, border)
    mse = float(np.mean(np.square(error)))
    return math.inf if mse == 0 else 10 * math.log10(_PEAK**2 / mse)


def ssim(sr: Plane, hr: Plane, border: int = 0) -> float:
    """Mean structural similarity of two planes (H, W), 0..255.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity",
    IEEE TIP 2004: 11x11 Gaussian window of sigma 1.5, valid region, K1 0.01, K2 0.03.
    """
    x = crop_border(sr, border).astype(np.float64)
    y = crop_border(hr, border).astype(np.float64)
    c1, c2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x**2
    var_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return float(np.mean(luminance * structure))


def _blur(plane: Plane) -> Plane:
    """Gaussian window over both axes, valid region only."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    kernel = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(plane, kernel.size, axis=axis)
        plane = np.asarray(windows @ kernel, np.float64)
    return plane
