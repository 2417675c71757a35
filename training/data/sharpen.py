"""The unsharp mask, for targets that make up for a network's softness."""

import torch
import torch.nn.functional as F

from training.data.gaussian_blur import gaussian_blur

SIGMA = 0.4
"""Sigma of the mask's blur, in LR pixels."""


def sharpened(
    pictures: torch.Tensor, amount: float, sigma: float, coring: float = 0.0
) -> torch.Tensor:
    """``pictures`` and ``amount`` times their difference from a Gaussian blur.

    A network that learns from L1 draws the median of all likely textures, which is soft. From
    sharper targets, it learns to draw more contrast. Wang et al. 2021 (Real-ESRGAN), section 4.1,
    sharpen their originals.

    Args:
        pictures: (B, C, H, W), 0..1, with sides larger than 3 ``sigma`` + 1.
        amount: 0 for no change.
        sigma: Of the blur, in pixels.
        coring: Levels of 255 by which each difference is moved towards 0 first. Grain has small
            differences, so that it is sharpened less than texture is.

    Returns:
        As ``pictures``, clipped to 0..1.
    """
    radius = int(3 * sigma + 1)
    padded = F.pad(pictures, [radius] * 4, mode="reflect")
    blurred = gaussian_blur(padded, sigma, radius)
    details = F.softshrink(pictures - blurred, coring / 255)
    return (pictures + amount * details).clamp(0, 1)
