"""Geometric self-ensemble: the mean of a network's outputs for a picture turned eight ways.

Timofte et al., "Seven ways to improve example-based single image super resolution", CVPR 2016,
section 3.6. A network trained on turned patches gains 0.05 to 0.2 dB and takes eight times as long.
"""

from collections.abc import Iterator

import numpy as np

from sr_batch.inference.session import Batch, SessionWrapper


class SelfEnsemble(SessionWrapper):
    """A :class:`sr_batch.inference.session.Session` that calls another one eight times.

    One that takes pictures of one size only, which is not square, is called four times.
    """

    def __call__(self, batch: Batch) -> Batch:
        """Map (N, C, H, W) float32 to (N, C, H*s, W*s) float32, like the wrapped session."""
        total: Batch | None = None
        rows, columns = self.spec.window_sides
        orientations = list(_orientations(1 if rows == columns else 2))
        for quarters, flipped in orientations:
            turned = np.ascontiguousarray(_turned(batch, quarters, flipped))
            upright = _turned_back(self._session(turned), quarters, flipped)
            total = upright.copy() if total is None else np.add(total, upright, out=total)
        assert total is not None
        total /= len(orientations)
        return total


def _orientations(step: int) -> Iterator[tuple[int, bool]]:
    """(quarter turns, whether the picture is mirrored first); every ``step`` turns."""
    return ((quarters, flipped) for flipped in (False, True) for quarters in range(0, 4, step))


def _turned(batch: Batch, quarters: int, flipped: bool) -> Batch:
    mirrored = batch[..., ::-1] if flipped else batch
    return np.rot90(mirrored, quarters, axes=(2, 3))


def _turned_back(batch: Batch, quarters: int, flipped: bool) -> Batch:
    upright = np.rot90(batch, -quarters, axes=(2, 3))
    return upright[..., ::-1] if flipped else upright
