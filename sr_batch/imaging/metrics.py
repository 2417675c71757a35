"""PSNR and SSIM as super-resolution papers report them: on 0..255 planes, border cropped."""

import math

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.floating] | npt.NDArray[np.uint8]

_PEAK = 255.0
_SIGMA = 1.5
_RADIUS = 5
_BAND = 64  # rows at a time, so that a large picture takes no more memory than a small one


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
    x, y = crop_border(sr, border), crop_border(hr, border)
    total, count = 0.0, 0
    for top in range(0, len(x) - 2 * _RADIUS, _BAND):
        rows = slice(top, top + _BAND + 2 * _RADIUS)
        luminance, structure = similarity_parts(
            x[rows].astype(np.float64), y[rows].astype(np.float64)
        )
        similarity = luminance * structure
        total, count = total + float(similarity.sum()), count + similarity.size
    return total / count


def similarity_parts(x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """Luminance and structure of SSIM for every window of two planes (H, W), 0..255.

    Their product is SSIM. MS-SSIM uses the structure alone for all scales but the last.
    """
    c1, c2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x**2
    var_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return luminance, structure


def _blur(plane: Plane) -> Plane:
    """Gaussian window over both axes, valid region only."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    kernel = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    kernel /= kernel.sum()
    height, width = (side - 2 * _RADIUS for side in plane.shape)
    tall = sum(weight * plane[k : k + height] for k, weight in enumerate(kernel))
    return np.asarray(sum(weight * tall[:, k : k + width] for k, weight in enumerate(kernel)))
