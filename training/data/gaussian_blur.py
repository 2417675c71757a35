"""A Gaussian blur of equal sigma in both directions, as two one-dimensional ones."""

import torch
import torch.nn.functional as F


def gaussian_blur(x: torch.Tensor, sigma: float, radius: int) -> torch.Tensor:
    """Gaussian means over windows of 2 ``radius`` + 1 pixels a side; only whole windows.

    Args:
        x: (B, C, H, W), floats of any range, with sides of at least one window.
        sigma: In pixels.
        radius: In pixels.

    Returns:
        (B, C, H - 2 ``radius``, W - 2 ``radius``).
    """
    offsets = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
    weights = torch.exp(-offsets.square() / (2 * sigma**2))
    kernel = (weights / weights.sum()).repeat(x.shape[1], 1, 1, 1)  # (C, 1, 1, 2 radius + 1)
    rows = F.conv2d(x, kernel, groups=x.shape[1])
    return F.conv2d(rows, kernel.transpose(-1, -2), groups=x.shape[1])
