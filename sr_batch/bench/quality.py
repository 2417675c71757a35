"""PSNR-Y and SSIM by the protocol of published tables: the one judge of the tool and of training.

The protocol: the HR picture is cropped to a multiple of the scale, and LR is its antialiased
bicubic reduction. SR and HR are compared on BT.601 luma in studio range, without a border of
``scale`` pixels. A Y network gets the float LR of the rounded luma, an RGB network an 8-bit LR.
A gray picture is its own luma.

:func:`judge` compares an opened session with bicubic. :func:`score_network` does the same for any
function that enlarges, such as a network in training, and :func:`score` for two luma planes.
"""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.geometry import Size, Tile
from sr_batch.core.model_spec import Color
from sr_batch.imaging.color import rgb_to_y_studio
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

Enlarge = Callable[[FloatArray], FloatArray]
"""Maps LR (C, h, w) float32, 0..1, to SR (C, H, W), unclipped."""

Reduce = Callable[[FloatArray, int], FloatArray]
"""Maps HR (H, W, C), 0..255, and the scale to LR (H/s, W/s, C), not rounded."""


@dataclass(frozen=True)
class Score:
    """Similarity to the original.

    Attributes:
        psnr: In dB; infinite for the original itself.
        ssim: At most 1.
    """

    psnr: float
    ssim: float

    def __str__(self) -> str:
        return f"{self.psnr:.2f} / {self.ssim:.4f}"

    def record(self) -> dict[str, float | None]:
        """The fields for JSON, which has no infinity: it becomes null."""
        psnr = round(self.psnr, 4) if math.isfinite(self.psnr) else None
        return {"psnr": psnr, "ssim": round(self.ssim, 5)}


@dataclass(frozen=True)
class Judged:
    """The scores of bicubic and of a network, for one picture or as means over several."""

    bicubic: Score
    network: Score

    @property
    def gain(self) -> float:
        """PSNR in dB over bicubic."""
        return self.network.psnr - self.bicubic.psnr

    def record(self) -> dict[str, dict[str, float | None]]:
        """The fields for JSON."""
        return {"bicubic": self.bicubic.record(), "network": self.network.record()}


@dataclass(frozen=True)
class Lumas:
    """What is compared: two luma planes (H, W), 0..255, studio range."""

    sr: FloatArray
    hr: FloatArray


def judge(picture: Levels, session: Session, threads: int = 1) -> Judged:
    """Reduce ``picture`` by the scale of ``session``, enlarge it again, and compare.

    Args:
        picture: uint8 (H, W, 3), or (H, W, 1) for gray.
        session: Any session.
        threads: Threads that run its tiles.

    Raises:
        UnsupportedImage: the picture is too small for the window of SSIM.
        OutOfMemory: from the session.
    """
    scale = session.spec.scale
    network = score_network(picture, scale, session.spec.color, enlarger(session, threads))
    return Judged(score_bicubic(picture, scale), network)


def score_network(picture: Levels, scale: int, color: Color, enlarge: Enlarge) -> Score:
    """Score the output of ``enlarge`` for the reduced ``picture``.

    Args:
        picture: uint8 (H, W, 3), or (H, W, 1) for gray.
        scale: HR side / LR side.
        color: Whether ``enlarge`` takes RGB or Y.
        enlarge: The network.

    Raises:
        UnsupportedImage: the picture is too small for the window of SSIM.
    """
    lumas = network_lumas(picture, scale, color, enlarge)
    return score(lumas.sr, lumas.hr, scale)


def score_bicubic(picture: Levels, scale: int) -> Score:
    """Score the bicubic enlargement of the reduced ``picture``, computed on float luma.

    Args:
        picture: uint8 (H, W, 3), or (H, W, 1) for gray.
        scale: HR side / LR side.

    Raises:
        UnsupportedImage: the picture is too small for the window of SSIM.
    """
    lumas = bicubic_lumas(picture, scale)
    return score(lumas.sr, lumas.hr, scale)


def reduce_bicubic(pixels: FloatArray, scale: int) -> FloatArray:
    """The antialiased bicubic reduction of (H, W, C), whose sides are multiples of ``scale``."""
    height, width, _ = pixels.shape
    return resize(pixels, Size(width // scale, height // scale), "bicubic")


def network_lumas(
    picture: Levels, scale: int, color: Color, enlarge: Enlarge, reduce: Reduce = reduce_bicubic
) -> Lumas:
    """The output of ``enlarge`` for the reduced ``picture``, and the picture itself.

    The arguments are those of :func:`score_network`, and how LR is made.

    Raises:
        UnsupportedImage: the picture is too small for the window of SSIM.
    """
    hr = cropped(picture, scale)
    if color == "rgb":
        return Lumas(_sr_of_rgb(hr, scale, enlarge, reduce), _luma(hr))
    luma = np.rint(_luma(hr))
    small = reduce(luma[..., None], scale)[..., 0] / np.float32(255)
    return Lumas(_levels(enlarge(small[None])[0]), luma)


def bicubic_lumas(picture: Levels, scale: int, reduce: Reduce = reduce_bicubic) -> Lumas:
    """The bicubic enlargement of the reduced ``picture``, on float luma, and the picture itself.

    Raises:
        UnsupportedImage: the picture is too small for the window of SSIM.
    """
    luma = np.rint(_luma(cropped(picture, scale)))
    size = Size(luma.shape[1], luma.shape[0])
    enlarged = resize(reduce(luma[..., None], scale)[..., 0], size, "bicubic")
    return Lumas(_levels(enlarged / np.float32(255)), luma)


def enlarger(session: Session, threads: int = 1) -> Enlarge:
    """``session`` as a function of a whole picture, cut into tiles where it is large."""
    return partial(_enlarged_by_tiles, session, threads)


def score(sr: FloatArray, hr: FloatArray, scale: int) -> Score:
    """Compare two luma planes (H, W), 0..255, without a border of ``scale`` pixels."""
    return Score(psnr(sr, hr, scale), ssim(sr, hr, scale))


def mean_score(scores: Iterable[Score]) -> Score:
    """The mean of at least one score, figure by figure."""
    every = list(scores)
    return Score(fmean(each.psnr for each in every), fmean(each.ssim for each in every))


def mean(judged: Iterable[Judged]) -> Judged:
    """The mean of at least one comparison, figure by figure."""
    every = list(judged)
    return Judged(
        mean_score(each.bicubic for each in every), mean_score(each.network for each in every)
    )


def cropped(picture: Levels, scale: int) -> Levels:
    """``picture`` without the last rows and columns that do not fill an LR pixel.

    Raises:
        UnsupportedImage: the picture is too small for the window of SSIM.
    """
    height, width = (side - side % scale for side in picture.shape[:2])
    if min(height, width) < 2 * scale + _WINDOW:
        raise UnsupportedImage(
            f"too small to measure at x{scale}: needs at least {3 * scale + _WINDOW - 1} pixels a"
            " side"
        )
    return picture[:height, :width]


def _luma(pixels: Levels) -> FloatArray:
    """(H, W), 0..255, not rounded."""
    if pixels.shape[2] == 1:
        return pixels[..., 0].astype(np.float32)
    return rgb_to_y_studio(np.divide(pixels, 255, dtype=np.float32)) * np.float32(255)


def _sr_of_rgb(hr: Levels, scale: int, enlarge: Enlarge, reduce: Reduce) -> FloatArray:
    """The luma (H, W) of an RGB network's output for an 8-bit LR."""
    rgb = np.repeat(hr, 3, axis=2) if hr.shape[2] == 1 else hr
    small = np.rint(reduce(rgb.astype(np.float32), scale)).clip(0, 255)
    planes = np.divide(small.transpose(2, 0, 1), 255, dtype=np.float32, order="C")
    sr = _levels(enlarge(planes)).transpose(1, 2, 0)
    return _luma((sr[..., 1:2] if hr.shape[2] == 1 else sr).astype(np.uint8))


def _enlarged_by_tiles(session: Session, threads: int, planes: FloatArray) -> FloatArray:
    """(C, h, w) -> (C, H, W), 0..1. Uses tiles if the whole picture would take much memory."""
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
