"""Noise of sensors and film."""

import math

import torch
import torch.nn.functional as F

from training.data.chance import uniform


def add_noise(
    x: torch.Tensor, levels: tuple[float, float], generator: torch.Generator, factor: float = 1.0
) -> torch.Tensor:
    """Add Gaussian or photon noise to ``x`` (B, C, H, W), 0..1; in two images of five, it is gray.

    ``levels`` are its least and largest standard deviation, of 255, and ``factor`` multiplies it.
    """
    strength = torch.tensor(uniform(len(x), *levels, generator)).view(-1, 1, 1, 1) / 255
    normal = _partly_gray(torch.randn(x.shape, generator=generator), generator).to(x.device)
    photons = torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5
    spread = torch.where(photons.to(x.device), x.clamp(0, 1).sqrt(), torch.ones_like(x))
    return (x + factor * strength.to(x.device) * spread * normal).clamp(0, 1)


def coarse(
    x: torch.Tensor, levels: tuple[float, float], generator: torch.Generator
) -> torch.Tensor:
    """Noise for ``x`` (B, C, H, W) whose grains have 1.5 to 4 pixels, gray in two images of five.

    Film, and cameras that interpolate colors and remove noise, make such grain. ``levels`` are its
    least and largest standard deviation, of 255.
    """
    factor, strength = uniform(1, 1.5, 4, generator)[0], uniform(1, *levels, generator)[0]
    size = [math.ceil(side / factor) for side in x.shape[-2:]]
    normal = _partly_gray(torch.randn(*x.shape[:2], *size, generator=generator), generator)
    large = F.interpolate(normal.to(x.device), x.shape[-2:], mode="bicubic")
    return large * (strength / 255 / large.std().clamp(min=1e-6))


def _partly_gray(normal: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """With equal channels for two images in five."""
    is_gray = torch.rand(len(normal), 1, 1, 1, generator=generator) < 0.4
    return torch.where(is_gray, normal[:, :1].expand_as(normal), normal)
