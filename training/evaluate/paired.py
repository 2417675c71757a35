"""PSNR-Y and SSIM on pairs of HR and LR pictures: LR is what the file has, not a reduced HR."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sr_batch.bench.quality import Judged, mean, score
from sr_batch.core.geometry import Size
from sr_batch.imaging.resample import resize
from sr_batch.inference.session import Session
from training.data.pictures import read_rgb, to_color
from training.data.resize import crop_to_multiple, downscale

_SIDE = 480  # HR pixels a side of the part that is judged
PAIRED_PROTOCOL = (
    f"PSNR-Y and SSIM on BT.601 studio-range Y of the middle {_SIDE} pixels, border of `scale` "
    "pixels left out, LR from files, output rounded to 8 bit"
)


def score_pairs(pairs: Iterable[tuple[Path, Path]], session: Session) -> Judged:
    """Mean scores over the centers of HR and LR files.

    Raises:
        ImageError: a picture cannot be read.
    """
    return mean(_judge(*center(hr, lr, session.spec.scale), session) for hr, lr in pairs)


def center(hr: Path, lr: Path, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """The centers of HR uint8 (H, W, 3) and LR (H/s, W/s, 3), at most 480 HR pixels a side."""
    whole, low = read_rgb(hr), read_rgb(lr)
    high = crop_to_multiple(whole, scale)
    if low.shape == whole.shape:
        reduced = downscale(crop_to_multiple(low, scale), scale)
        low = reduced.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    sides = [min(side, _SIDE - _SIDE % scale) // scale for side in high.shape[:2]]
    starts = [(side // scale - part) // 2 for side, part in zip(high.shape[:2], sides, strict=True)]
    rows, columns = (slice(at, at + part) for at, part in zip(starts, sides, strict=True))
    large = tuple(slice(each.start * scale, each.stop * scale) for each in (rows, columns))
    return high[large], low[rows, columns]


def _judge(hr: np.ndarray, lr: np.ndarray, session: Session) -> Judged:
    scale, luma = session.spec.scale, _luma(hr)
    small = to_color(lr, session.spec.color).astype(np.float32) / 255
    sr = session(np.ascontiguousarray(small.transpose(2, 0, 1)[None]))[0].transpose(1, 2, 0)
    levels = np.rint(sr * 255).clip(0, 255)
    size = Size(luma.shape[1], luma.shape[0])
    enlarged = np.rint(resize(_luma(lr), size, "bicubic")).clip(0, 255)
    network = levels[..., 0] if session.spec.color == "y" else _luma(levels.astype(np.uint8))
    return Judged(score(enlarged, luma, scale), score(network, luma, scale))


def _luma(rgb: np.ndarray) -> np.ndarray:
    return to_color(rgb, "y")[..., 0].astype(np.float32)
