"""LR crops of photographs, for what is measured on a network rather than learned from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from training.data.pictures import Color, read_rgb, to_color
from training.data.resize import crop_to_multiple, downscale

Reduce = Callable[[np.ndarray, int], torch.Tensor]
"""HR uint8 (H, W, C) and the scale -> LR (C, H/s, W/s), 0..255."""

_SIDE = 160  # LR pixels
_CALIBRATED = 40


def calibration(
    paths: Sequence[Path], scale: int, color: Color, reduce: Reduce = downscale
) -> list[np.ndarray]:
    """LR (C, H, W) float32, 0..1, of training photographs: their activations set 8-bit ranges."""
    return lr_crops(paths, _CALIBRATED, scale, color, reduce)


def lr_crops(
    paths: Sequence[Path], count: int, scale: int, color: Color, reduce: Reduce = downscale
) -> list[np.ndarray]:
    """LR crops of ``count`` photographs, spread evenly over ``paths``.

    Args:
        paths: The photographs.
        count: How many of them are taken.
        scale: HR side / LR side.
        color: What the network reads.
        reduce: How LR is made; by default with bicubic.

    Returns:
        float32 (C, H, W), 0..1, at most 160 pixels a side.
    """
    chosen = paths[:: max(1, len(paths) // count)][:count]
    crops = []
    for path in chosen:
        seen = to_color(read_rgb(path), color)
        hr = crop_to_multiple(seen[: _SIDE * scale, : _SIDE * scale], scale)
        crops.append(reduce(hr, scale).round().clamp(0, 255).numpy() / 255)
    return crops
