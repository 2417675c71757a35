"""Kernels that blur or ring, and filters by a kernel of its own for each image."""

import math

import torch
import torch.nn.functional as F

_SIZE = 21


def gaussian(sigma_x: float, sigma_y: float, angle: float) -> torch.Tensor:
    """A Gaussian kernel (21, 21) of sum 1, rotated by ``angle`` radians."""
    y, x = _grid()
    u = x * math.cos(angle) + y * math.sin(angle)
    v = y * math.cos(angle) - x * math.sin(angle)
    kernel = torch.exp(-0.5 * ((u / sigma_x) ** 2 + (v / sigma_y) ** 2))
    return kernel / kernel.sum()


def sinc(cutoff: float) -> torch.Tensor:
    """A circular low-pass kernel (21, 21) of sum 1; ``cutoff`` in radians per pixel."""
    y, x = _grid()
    radius = torch.sqrt(x**2 + y**2).clamp(min=1e-6)
    kernel = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * math.pi * radius)
    kernel[_SIZE // 2, _SIZE // 2] = cutoff**2 / (4 * math.pi)
    return kernel / kernel.sum()


def filtered(x: torch.Tensor, kernels: list[torch.Tensor]) -> torch.Tensor:
    """Filter each image of (B, C, H, W) by its own kernel; border pixels repeat outwards."""
    batch, channels, height, width = x.shape
    reach = _SIZE // 2
    padded = F.pad(x, (reach,) * 4, mode="replicate")
    weight = torch.stack(kernels).to(x.device).repeat_interleave(channels, 0)[:, None]
    flat = padded.reshape(1, batch * channels, *padded.shape[-2:])
    return F.conv2d(flat, weight, groups=batch * channels).reshape(batch, channels, height, width)


def _grid() -> tuple[torch.Tensor, torch.Tensor]:
    offsets = torch.arange(_SIZE, dtype=torch.float32) - _SIZE // 2
    y, x = torch.meshgrid(offsets, offsets, indexing="ij")
    return y, x
