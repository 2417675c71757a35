"""PIQE: how blocky, blurred or noisy a picture is, without its original. Less is better.

Venkatanath et al., "Blind image quality evaluation using perception based features", NCC 2015,
with the constants of MATLAB's ``piqe``. It needs no trained data. It measures blocks,
blur and noise, but not missing texture.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_BLOCK, _SEGMENT = 16, 6
_ACTIVE, _FLAT = 0.1, 0.1  # least variance of a block that counts; deviation of a flat edge
_RADIUS, _SIGMA = 3, 7 / 6
_GRAY = np.array([0.299, 0.587, 0.114])


def piqe(rgb: npt.NDArray[np.uint8]) -> float:
    """Score of a picture (H, W, 3), 0 (good) to 100; a picture without detail has 100."""
    gray = np.rint(rgb @ _GRAY)
    height, width = gray.shape
    gray = np.pad(gray, ((0, -height % _BLOCK), (0, -width % _BLOCK)), mode="symmetric")
    blocks = _blocks(_normalized(np.rint(gray / max(gray.max(), 1) * 255)))
    variance = blocks.var(axis=(1, 2), ddof=1)
    active = variance > _ACTIVE
    blocks, variance = blocks[active], variance[active]
    harm = np.where(_has_flat_edge(blocks), 1 - variance, 0) + np.where(
        _is_noisy(blocks, variance), variance, 0
    )
    return float((harm.sum() + 1) / (len(blocks) + 1) * 100)


def _normalized(gray: Floats) -> Floats:
    """Subtract the local mean, and divide by the local deviation."""
    mean = _blur(gray)
    deviation = np.sqrt(np.abs(_blur(gray * gray) - mean * mean))
    return (gray - mean) / (deviation + 1)


def _blur(plane: Floats) -> Floats:
    """Gaussian window of 7x7, border pixels repeated."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    kernel = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    for axis in (0, 1):
        margins = [(_RADIUS, _RADIUS) if each == axis else (0, 0) for each in (0, 1)]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(plane, margins, mode="edge"), len(kernel), axis
        )
        plane = windows @ (kernel / kernel.sum())
    return plane


def _blocks(plane: Floats) -> Floats:
    """(H, W) -> (blocks, 16, 16)."""
    height, width = plane.shape
    grid = plane.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return grid.transpose(0, 2, 1, 3).reshape(-1, _BLOCK, _BLOCK)


def _has_flat_edge(blocks: Floats) -> npt.NDArray[np.bool_]:
    """Whether any six pixels in a row along the edges of a block are nearly the same."""
    edges = np.stack([blocks[:, 0], blocks[:, -1], blocks[:, :, 0], blocks[:, :, -1]], axis=1)
    segments = np.lib.stride_tricks.sliding_window_view(edges, _SEGMENT, axis=2)
    flat = segments.std(axis=3, ddof=1) < _FLAT
    return np.asarray(flat.any(axis=(1, 2)))


def _is_noisy(blocks: Floats, variance: Floats) -> npt.NDArray[np.bool_]:
    """Whether the two columns in the middle of a block vary as much as the rest of it."""
    deviation = np.sqrt(variance)
    middle = blocks[:, :, [7, 8]].std(axis=(1, 2), ddof=1)
    around = np.delete(blocks, [7, 9], axis=2).std(axis=(1, 2), ddof=1)  # as MATLAB's code has it
    ratio = np.divide(middle, around, out=np.zeros_like(middle), where=around > 0)
    beta = np.abs(deviation - ratio) / np.maximum(deviation, ratio)
    return np.asarray(deviation > 2 * beta)
