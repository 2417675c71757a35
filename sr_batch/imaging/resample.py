"""Antialiased resizing, as MATLAB's ``imresize`` does it, and color under transparency.

Pixel centres are at half coordinates, borders are mirrored, and when a side shrinks the kernel
widens by the same factor. Arithmetic is float32, rounded once at the end, block by block: beside
input and output it needs a few hundred kilobytes. It uses no matrix products: they would start
the threads of numpy's BLAS, which compete with those that run tiles.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.core.geometry import Size
from sr_batch.core.image import Pixels
from sr_batch.imaging.keys import Weights, keys

Method = Literal["bicubic", "lanczos"]
Sample = TypeVar("Sample", bound=np.uint8 | np.uint16 | np.float32)

_ROWS, _COLUMNS = 96, 256


@dataclass(frozen=True)
class _Run:
    """A run of output samples along one side and the input samples it is made of.

    Attributes:
        target: Output indices.
        source: Input indices that it depends on.
        taps: (taps, outputs) input index of every tap, counted from the start of ``source``.
        weights: (taps, outputs, 1) of every tap.
    """

    target: slice
    source: slice
    taps: npt.NDArray[np.int64]
    weights: FloatArray


def resize(pixels: npt.NDArray[Sample], size: Size, method: Method) -> npt.NDArray[Sample]:
    """Resize to ``size``.

    Args:
        pixels: (H, W) or (H, W, C), uint8, uint16 or float32.
        size: Wanted width and height.
        method: ``bicubic`` (Keys, a = -0.5) or ``lanczos`` (3 lobes).

    Returns:
        A new array of the same type; integers are rounded to nearest and clipped to their range.
    """
    if pixels.ndim == 2:
        return resize(pixels[..., None], size, method)[..., 0]
    down = list(_runs(pixels.shape[0], size.height, _ROWS, *_KERNELS[method]))
    across = list(_runs(pixels.shape[1], size.width, _COLUMNS, *_KERNELS[method]))
    channels = pixels.shape[2]
    out = np.empty((size.height, size.width, channels), pixels.dtype)
    for rows in down:
        for columns in across:
            window = pixels[rows.source, columns.source].astype(np.float32)
            tall = _weighted(window.reshape(len(window), -1), rows)
            turned = tall.reshape(len(tall), -1, channels).transpose(1, 2, 0)
            wide = _weighted(turned.reshape(len(turned), -1), columns)
            block = wide.reshape(len(wide), channels, -1).transpose(2, 0, 1)
            _store(out[rows.target, columns.target], block)
    return out


def bleed(color: Pixels, alpha: Pixels) -> Pixels:
    """Spread the visible color under transparent pixels, so that enlarging makes no fringes.

    Every fully transparent pixel takes the mean, weighted by alpha, of the smallest block of
    2, 4, 8, ... pixels a side around it in which any pixel is visible.

    Args:
        color: (H, W, C), uint8 or uint16.
        alpha: (H, W) of the same type.

    Returns:
        ``color`` itself if nothing or everything is transparent; else a copy that differs only
        where ``alpha`` is 0.
    """
    if alpha.all() or not alpha.any():
        return color
    means = _means(color, alpha)
    out = color.copy()
    for top in range(0, len(color), _ROWS):
        band = slice(top, top + _ROWS)
        hidden = alpha[band] == 0
        spread = _doubled(means[:, top // 2 : (top + _ROWS) // 2], hidden.shape)
        for channel, plane in enumerate(np.rint(spread).astype(color.dtype)):
            np.copyto(out[band, :, channel], plane, where=hidden)
    return out


def _means(color: Pixels, alpha: Pixels) -> FloatArray:
    """(C, h, w) mean colors of blocks of 2x2 pixels, of larger ones where none is visible."""
    tops = range(0, len(color), _ROWS)
    bands = [_sums(color[top : top + _ROWS], alpha[top : top + _ROWS]) for top in tops]
    levels = [np.concatenate(bands, axis=1)]
    while not levels[-1][-1].all():
        levels.append(_halved(levels[-1]))
    means: FloatArray = levels[-1][:-1] / levels[-1][-1]
    for level in reversed(levels[:-1]):
        means = _doubled(means, level.shape[1:])
        np.divide(level[:-1], level[-1], out=means, where=level[-1] > 0)
    return means


def _doubled(planes: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Every value of (C, h, w) twice in both directions, cut to ``shape``."""
    out = np.empty((len(planes), *shape), np.float32)
    for row in (0, 1):
        for column in (0, 1):
            part = out[:, row::2, column::2]
            part[...] = planes[:, : part.shape[1], : part.shape[2]]
    return out


def _sums(color: Pixels, alpha: Pixels) -> FloatArray:
    """(C + 1, h, w) sums over blocks of 2x2 of color times alpha, and of alpha."""
    planes = np.empty((color.shape[2] + 1, *alpha.shape), np.float32)
    planes[-1] = alpha
    for channel in range(color.shape[2]):
        np.multiply(color[..., channel], planes[-1], out=planes[channel])
    return _halved(planes)


def _halved(sums: FloatArray) -> FloatArray:
    """Sums (C, h, w) over blocks of 2x2; over smaller ones at an odd end."""
    height, width = sums.shape[1] // 2, sums.shape[2] // 2
    tall = sums[:, ::2].copy()
    tall[:, :height] += sums[:, 1::2]
    out = tall[..., ::2].copy()
    out[..., :width] += tall[..., 1::2]
    return out


def _weighted(samples: FloatArray, run: _Run) -> FloatArray:
    """Weighted sums of rows (inputs, n), one for every output of ``run``: (outputs, n)."""
    total: FloatArray = samples[run.taps[0]]
    total *= run.weights[0]
    part = np.empty_like(total)
    for taps, weights in zip(run.taps[1:], run.weights[1:], strict=True):
        np.take(samples, taps, axis=0, out=part, mode="clip")
        part *= weights
        total += part
    return total


def _store(target: npt.NDArray[Sample], values: FloatArray) -> None:
    if target.dtype == np.float32:
        target[...] = values
    else:
        limit = 255 if target.dtype == np.uint8 else 65535
        target[...] = np.clip(np.rint(values), 0, limit)


def _runs(
    before: int, after: int, length: int, kernel: Callable[[Weights], Weights], width: float
) -> Iterator[_Run]:
    """Split a side of ``after`` outputs into runs made of about ``length`` inputs at most."""
    scale = after / before
    stretch = max(1.0, 1 / scale)
    centres = (np.arange(after) + 0.5) / scale - 0.5
    first = np.floor(centres - width * stretch / 2).astype(np.int64) + 1
    taps = first + np.arange(math.ceil(width * stretch))[:, None]
    weights = kernel((centres - taps) / stretch)
    weights /= weights.sum(axis=0)
    mirrored = taps % (2 * before)
    mirrored = np.minimum(mirrored, 2 * before - 1 - mirrored)
    step = max(1, int(length / stretch))
    for start in range(0, after, step):
        target = slice(start, min(start + step, after))
        own = mirrored[:, target]
        source = slice(int(own.min()), int(own.max()) + 1)
        share = weights[:, target, None].astype(np.float32)
        yield _Run(target, source, own - source.start, share)


def _lanczos(x: Weights) -> Weights:
    """Sinc times a wider sinc, three lobes."""
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


# Kernel and the width of its support.
_KERNELS: dict[Method, tuple[Callable[[Weights], Weights], float]] = {
    "bicubic": (keys, 4.0),
    "lanczos": (_lanczos, 6.0),
}
