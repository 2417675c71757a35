"""A drawn picture to try networks on, and how much an enlarged copy resembles it."""

import numpy as np

from sr_batch.core.arrays import FloatArray

_SEED = 20


def draw(height: int, width: int, channels: int, top: int = 0, left: int = 0) -> FloatArray:
    """Waves, discs and edges as (C, H, W) float32, 0..1.

    A point of the endless plane always has the same color: two pictures that overlap agree there.
    Parts of it differ in brightness, so that a network shows whether it looks at the whole.
    """
    random = np.random.default_rng(_SEED)
    y, x = np.mgrid[top : top + height, left : left + width].astype(np.float64)
    picture = np.full((channels, height, width), 0.5)
    for period in (313.0, 61.0, 37.0, 17.0, 9.0, 5.0):
        angle, phase = random.uniform(0, np.pi), random.uniform(0, 2 * np.pi, 3)
        wave = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period
        for channel in range(channels):
            picture[channel] += 0.012 * np.sqrt(period) * np.sin(wave + phase[channel])
    for spacing, share in ((29.0, 0.3), (47.0, 0.25)):
        centers = np.hypot(x % spacing - spacing / 2, y % spacing - spacing / 2)
        tint = random.uniform(-share, share, 3)
        for channel in range(channels):
            picture[channel] += tint[channel] * (centers < spacing / 3)
    stripes = ((x + 2 * y) // 23 % 2) * random.uniform(0.1, 0.2)
    drawn: FloatArray = (picture + stripes - 0.07).clip(0, 1).astype(np.float32)
    return drawn


def likeness(output: FloatArray, picture: FloatArray, scale: int, lacking: int) -> float:
    """PSNR in dB between ``picture`` (C, H, W) and its enlarged copy, reduced to its size again.

    Args:
        output: (C, H*scale - lacking, W*scale - lacking), 0..1.
        picture: The input.
        scale: Output side / input side.
        lacking: Output pixels that are missing in each direction, half of them on each side.
    """
    border = -(-(lacking - lacking // 2) // scale)
    start = border * scale - lacking // 2
    _, height, width = picture.shape
    rows, columns = height - 2 * border, width - 2 * border
    inner = output[:, start : start + rows * scale, start : start + columns * scale]
    reduced = inner.reshape(len(inner), rows, scale, columns, scale).mean(axis=(2, 4))
    known = picture[:, border : border + rows, border : border + columns]
    return psnr(reduced, known)


def psnr(one: FloatArray, other: FloatArray) -> float:
    """PSNR in dB of two arrays of values from 0 to 1; at most 99."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 99.0 if error < 1e-10 else float(-10 * np.log10(error))
