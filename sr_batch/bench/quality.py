"""PSNR-Y and SSIM of a network on a picture, beside bicubic, as published tables have them.

LR is the antialiased bicubic of the picture, cut to a multiple of the scale; a border of ``scale``
pixels is left out; what is judged is the luma of BT.601 in studio range. A Y network sees the float
LR of the rounded luma, an RGB network an 8-bit LR. A gray picture is its own luma.
"""

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.geometry import Size, Tile
from sr_batch.imaging.color import FloatArray, rgb_to_y_studio
from sr_batch.imaging.metrics import psnr, ssim
from sr_batch.imaging.resample import resize
from sr_batch.inference.session import Session
from sr_batch.upscaling.tile_pass import infer
from sr_batch.upscaling.tiling import plan_auto

PROTOCOL = (
    "PSNR in dB / SSIM of BT.601 studio-range luma, after antialiased bicubic reduction; a border"
    " of as many pixels as the scale is left out"
)
_WINDOW = 11  # of SSIM

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Score:
    """Likeness to the original.

    Attributes:
        psnr: In dB; infinite for the original itself.
        ssim: At most 1.
    """

    psnr: float
    ssim: float

    def __str__(self) -> str:
        return f"{self.psnr:.2f} / {self.ssim:.4f}"

    def record(self) -> dict[str, float | None]:
        """For JSON, which knows no infinity: it is null there."""
        psnr = round(self.psnr, 4) if math.isfinite(self.psnr) else None
        return {"psnr": psnr, "ssim": round(self.ssim, 5)}


@dataclass(frozen=True)
class Judged:
    """Of one picture, or the means of several."""

    bicubic: Score
    network: Score

    @property
    def gain(self) -> float:
        """dB over bicubic."""
        return self.network.psnr - self.bicubic.psnr

    def record(self) -> dict[str, dict[str, float | None]]:
        """For JSON."""
        return {"bicubic": self.bicubic.record(), "network": self.network.record()}


def judge(picture: Levels, session: Session, threads: int = 1) -> Judged:
    """Shrink ``picture`` by the scale of ``session`` and see how like it becomes again.

    Args:
        picture: uint8 (H, W, 3), or (H, W, 1) for gray.
        session: Any.
        threads: That run its tiles.

    Raises:
        UnsupportedImage: too small for the window of SSIM.
        OutOfMemory: from the session.
    """
    scale = session.spec.scale
    height, width = (side - side % scale for side in picture.shape[:2])
    if min(height, width) < 2 * scale + _WINDOW:
        raise UnsupportedImage(
            f"too small to be judged: x{scale} needs {3 * scale + _WINDOW - 1} pixels a side"
        )
    hr = picture[:height, :width]
    luma = np.rint(_luma(hr))
    bicubic = _enlarged_plane(luma, scale)
    if session.spec.color == "y":
        network = _by_luma(luma, session, threads)
        return Judged(_score(bicubic, luma, scale), _score(network, luma, scale))
    network = _by_color(hr, session, threads)
    return Judged(_score(bicubic, luma, scale), _score(network, _luma(hr), scale))


def mean(judged: Iterable[Judged]) -> Judged:
    """Of each figure; at least one is needed."""
    every = list(judged)
    scores = ([each.bicubic for each in every], [each.network for each in every])
    return Judged(*(Score(fmean(s.psnr for s in of), fmean(s.ssim for s in of)) for of in scores))


def _luma(pixels: Levels) -> FloatArray:
    """(H, W), 0..255, not rounded."""
    if pixels.shape[2] == 1:
        return pixels[..., 0].astype(np.float32)
    return rgb_to_y_studio(np.divide(pixels, 255, dtype=np.float32)) * np.float32(255)


def _by_luma(luma: FloatArray, session: Session, threads: int) -> FloatArray:
    small = _reduced(luma[..., None], session.spec.scale)[..., 0] / np.float32(255)
    return _levels(_enlarged(small[None], session, threads)[0])


def _by_color(hr: Levels, session: Session, threads: int) -> FloatArray:
    rgb = np.repeat(hr, 3, axis=2) if hr.shape[2] == 1 else hr
    small = np.rint(_reduced(rgb.astype(np.float32), session.spec.scale)).clip(0, 255)
    planes = np.divide(small.transpose(2, 0, 1), 255, dtype=np.float32, order="C")
    sr = _levels(_enlarged(planes, session, threads)).transpose(1, 2, 0)
    return _luma((sr[..., 1:2] if hr.shape[2] == 1 else sr).astype(np.uint8))


def _reduced(pixels: FloatArray, scale: int) -> FloatArray:
    """(H, W, C) -> (H/s, W/s, C)."""
    height, width, _ = pixels.shape
    return resize(pixels, Size(width // scale, height // scale), "bicubic")


def _enlarged_plane(luma: FloatArray, scale: int) -> FloatArray:
    size = Size(luma.shape[1], luma.shape[0])
    back = resize(_reduced(luma[..., None], scale)[..., 0], size, "bicubic")
    return _levels(back / np.float32(255))


def _enlarged(planes: FloatArray, session: Session, threads: int) -> FloatArray:
    """(C, h, w) -> (C, H, W), 0..1, by tiles where the whole would take much memory."""
    channels, height, width = planes.shape
    spec, size = session.spec, Size(width, height)
    out = np.empty((channels, height * spec.scale, width * spec.scale), np.float32)

    def work(tile: Tile) -> None:
        part = infer(session, np.ascontiguousarray(planes[:, *tile.window.slices]))
        inner = tile.core.relative_to(tile.window) * spec.scale
        out[:, *(tile.core * spec.scale).slices] = part[:, *inner.slices]

    with ThreadPoolExecutor(threads) as pool:
        tiles = plan_auto(size, spec.overlap, spec.multiple, threads, spec.pixel_bytes)
        list(pool.map(work, tiles))
    return out


def _levels(planes: FloatArray) -> FloatArray:
    """0..1 -> whole levels, 0..255."""
    levels: FloatArray = np.rint(planes * np.float32(255)).clip(0, 255)
    return levels


def _score(sr: FloatArray, hr: FloatArray, border: int) -> Score:
    return Score(psnr(sr, hr, border), ssim(sr, hr, border))
