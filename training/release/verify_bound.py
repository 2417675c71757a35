"""The bound of ``--verify``: how far a correct output may differ from its input."""

from collections.abc import Iterator, Sequence

import numpy as np

from sr_batch.core.image import Image
from sr_batch.imaging.consistency import consistency
from sr_batch.inference.session import Session
from training.evaluate.restore import levels

_MARGIN = 3.0  # dB, for pictures that are harder than those measured here


def least_consistency(session: Session, crops: Sequence[np.ndarray]) -> float:
    """The lowest PSNR in dB between a reduced output and its input, less a margin.

    Args:
        session: The network, RGB or luma.
        crops: LR (C, H, W) float32, 0..1. Patterns harder than any photograph are added.
    """
    values = []
    for crop in [*crops, *_patterns(session.spec.channels)]:
        lr = Image(levels(crop * 255))
        sr = Image(levels(session(crop[None])[0] * 255))
        values.append(consistency(sr, lr))
    return round(min(values) - _MARGIN, 1)


def _patterns(channels: int) -> Iterator[np.ndarray]:
    """Dither, dots, a checkerboard and lines, all of single pixels: (C, 64, 64) float32."""
    random = np.random.default_rng(0).random((channels, 64, 64))
    y, x = np.mgrid[:64, :64]
    for plane in (random > 0.5, random > 0.9, (x + y) % 2, y % 2, y % 3 == 0):
        yield np.broadcast_to(plane, (channels, 64, 64)).astype(np.float32)
