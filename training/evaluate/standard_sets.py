"""PSNR-Y and SSIM on the standard sets, by the protocol of the published tables.

LR is the antialiased bicubic of the HR image cropped to a multiple of the scale; the border of
``scale`` pixels is left out; everything is judged on the BT.601 studio-range Y. A Y network
sees the float LR of the rounded Y, an RGB network the 8-bit LR of the RGB image. A gray image
keeps its own gray values as Y, as the published figures have it.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from PIL import Image

from sr_batch.imaging.color import rgb_to_y_studio
from sr_batch.imaging.metrics import psnr, ssim
from training.data.corpus import Color, list_images, to_color
from training.data.resize import crop_to_multiple, downscale, upscale

SETS = ("Set5", "Set14", "BSD100")  # the standard ones, folders of data/eval

Upscaler = Callable[[np.ndarray], np.ndarray]
"""LR float32 (C, H, W), 0..1 -> SR float (C, H*s, W*s)."""


@dataclass(frozen=True)
class Score:
    """Means over a set of images."""

    psnr: float
    ssim: float


def evaluate_folder(
    folder: Path, scale: int, color: Color, upscaler: Upscaler, workers: int = 1
) -> Score:
    """Mean PSNR-Y (dB) and SSIM of ``upscaler`` over the HR images in ``folder``."""
    return evaluate_images(list_images([folder]), scale, color, upscaler, workers)


def evaluate_images(
    paths: Iterable[Path], scale: int, color: Color, upscaler: Upscaler, workers: int = 1
) -> Score:
    """As :func:`evaluate_folder`, for images given one by one; ``workers`` of them at a time."""
    with ThreadPoolExecutor(workers) as pool:
        return _mean(pool.map(lambda p: _score(read_hr(p), scale, color, upscaler), paths))


def evaluate_bicubic(folder: Path, scale: int) -> Score:
    """The yardstick of every table, on float Y: it also proves that ``folder`` is the right set."""
    scores = []
    for path in list_images([folder]):
        hr = luma(crop_to_multiple(read_hr(path), scale))
        sr = upscale(downscale(hr, scale).numpy().transpose(1, 2, 0), scale)[0].numpy()
        scores.append(_compare(np.rint(sr).clip(0, 255), hr[..., 0], scale))
    return _mean(scores)


def bicubic_scores(data: Path, scale: int) -> dict[str, Score]:
    """Of every standard set under ``data``."""
    return {name: evaluate_bicubic(data / "eval" / name, scale) for name in SETS}


def read_hr(path: Path) -> np.ndarray:
    """uint8 (H, W, 3), or (H, W, 1) for a picture that is stored gray."""
    with Image.open(path) as image:
        if image.mode == "L":
            return np.asarray(image)[..., None]
        return np.asarray(image.convert("RGB"))


def luma(image: np.ndarray) -> np.ndarray:
    """Rounded studio Y (H, W, 1) of uint8 RGB; gray values stay as they are."""
    return image if image.shape[2] == 1 else to_color(image, "y")


def _score(image: np.ndarray, scale: int, color: Color, upscaler: Upscaler) -> Score:
    hr = crop_to_multiple(image, scale)
    return _score_y(hr, scale, upscaler) if color == "y" else _score_rgb(hr, scale, upscaler)


def _score_y(hr: np.ndarray, scale: int, upscaler: Upscaler) -> Score:
    plane = luma(hr)
    sr = upscaler(downscale(plane, scale).numpy() / 255)[0] * 255
    return _compare(np.rint(sr).clip(0, 255), plane[..., 0], scale)


def _score_rgb(hr: np.ndarray, scale: int, upscaler: Upscaler) -> Score:
    rgb = np.repeat(hr, 3, axis=2) if hr.shape[2] == 1 else hr
    lr = downscale(rgb, scale).round().clamp(0, 255).numpy() / 255
    sr = np.rint(upscaler(lr).clip(0, 1) * 255).transpose(1, 2, 0)  # (H, W, 3), whole levels
    if hr.shape[2] == 1:
        return _compare(sr[..., 1], hr[..., 0], scale)
    to_y = [rgb_to_y_studio(np.divide(x, 255, dtype=np.float32)) * 255 for x in (sr, rgb)]
    return _compare(to_y[0], to_y[1], scale)


def _mean(scores: Iterable[Score]) -> Score:
    whole = list(scores)
    return Score(fmean(s.psnr for s in whole), fmean(s.ssim for s in whole))


def _compare(sr: np.ndarray, hr: np.ndarray, border: int) -> Score:
    return Score(psnr(sr, hr, border), ssim(sr, hr, border))
