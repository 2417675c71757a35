"""The tile overlap that leaves no seam, and the receptive field that bounds it.

A seam is invisible if tiling changes 8-bit output by at most one level on at most 1e-5 of all
samples.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from sr_batch.core.geometry import Size
from sr_batch.upscaling.tiling import plan_tiles
from training.release.certify import Infer, NotCertified

_CORE = 48  # LR pixels: small tiles have more seam per pixel than any real run
_RARE = 5e-6  # half of what a file may change, because other pictures change more
_SPARE = 2  # LR pixels beyond what the pictures need, for the same reason


def receptive_field(net: nn.Module, channels: int, side: int = 1023) -> int:
    """Side in LR pixels of the square that the outputs of one LR pixel depend on.

    In a copy of ``net``, every convolution gets equal positive weights, so that nothing cancels
    and no ReLU is zero. The reach of the gradient along one row of ``side`` pixels is then the
    reach of the architecture.

    Raises:
        NotCertified: the field is wider than ``side``.
    """
    even = deepcopy(net).double()
    for module in even.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.ones_(module.bias)
    x = torch.ones(1, channels, 1, side, dtype=torch.float64, requires_grad=True)
    out = even(x)
    scale, middle = out.shape[-1] // side, side // 2
    span = slice(middle * scale, (middle + 1) * scale)
    out[..., span].sum().backward()
    assert x.grad is not None
    touched = torch.nonzero(x.grad.abs().sum(dim=(0, 1, 2))).flatten()
    reach = int((touched - middle).abs().max())
    if reach == middle:
        raise NotCertified(f"the receptive field exceeds {side} pixels")
    return 2 * reach + 1


def measure_overlap(infer: Infer, images: Sequence[np.ndarray], limit: int) -> int:
    """The smallest overlap in LR pixels, even or ``limit``, that leaves no seam, and 2 to spare.

    A network that needs no overlap gets none.

    Args:
        infer: The exported network.
        images: LR (C, H, W) float32, 0..1, each larger than a few tiles of 48 pixels.
        limit: An overlap that is certainly enough.
    """
    wholes = [_to_levels(infer(image[None])[0]) for image in images]
    low, high = 0, (limit + 1) // 2  # halves of overlaps; ``high`` is always enough
    while low < high:
        middle = (low + high) // 2
        if _is_seamless(infer, images, wholes, 2 * middle):
            high = middle
        else:
            low = middle + 1
    return min(2 * high + _SPARE, limit) if high else 0


def _is_seamless(
    infer: Infer, images: Sequence[np.ndarray], wholes: Sequence[np.ndarray], overlap: int
) -> bool:
    changed, samples = 0, 0
    for image, whole in zip(images, wholes, strict=True):
        difference = np.abs(_tiled(infer, image, overlap) - whole)
        if difference.max() > 1:
            return False
        changed += int(np.count_nonzero(difference))
        samples += difference.size
    return changed <= _RARE * samples


def _tiled(infer: Infer, image: np.ndarray, overlap: int) -> np.ndarray:
    channels, height, width = image.shape
    scale = infer(image[None, :, :4, :4]).shape[2] // 4
    out = np.empty((channels, height * scale, width * scale), np.int16)
    for tile in plan_tiles(Size(width, height), _CORE, overlap, 1):
        rows, columns = tile.window.slices
        part = _to_levels(infer(np.ascontiguousarray(image[None, :, rows, columns]))[0])
        inner_rows, inner_columns = (tile.core.relative_to(tile.window) * scale).slices
        rows, columns = (tile.core * scale).slices
        out[:, rows, columns] = part[:, inner_rows, inner_columns]
    return out


def _to_levels(values: np.ndarray) -> np.ndarray:
    return np.rint(values.clip(0, 1) * 255).astype(np.int16)
