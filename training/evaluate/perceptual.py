"""What an exported file does to pictures, measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from sr_batch.core.image import Image
from sr_batch.imaging.consistency import consistency
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.session import Session
from training.data.corpus import Color, read_rgb, shipped_images, to_color
from training.data.resize import crop_to_multiple, downscale
from training.evaluate.contact_sheet import compare, levels
from training.evaluate.standard_sets import SETS, evaluate_folder
from training.losses.perceptual import Perceptual, load_squeezenet

_SIDE, _CALIBRATED = 160, 40
_MARGIN = 3.0


def score_file(path: Path, data: Path, workers: int) -> dict[str, tuple[float, float]]:
    """(PSNR-Y, SSIM) of the exported file at ``path`` on every standard set under ``data``."""
    session = OnnxSession.open(path)
    spec = session.spec

    def upscaler(lr: np.ndarray) -> np.ndarray:
        return session(lr[None])[0]

    scores = {}
    for name in SETS:
        score = evaluate_folder(data / "eval" / name, spec.scale, spec.color, upscaler, workers)
        scores[name] = (round(score.psnr, 3), round(score.ssim, 4))
    return scores


def perceptual_distance(path: Path, photographs: Sequence[Path], features: Path) -> float:
    """Mean distance of what the file at ``path`` makes of shrunk photographs to the photographs.

    Args:
        path: Exported file, RGB or luma.
        photographs: As HR.
        features: The SqueezeNet file.
    """
    session, distance = OnnxSession.open(path), Perceptual(load_squeezenet(features))

    def planes(pixels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].float() / 255

    with torch.inference_mode():
        rows = (compare(read_rgb(photograph), session) for photograph in photographs)
        return fmean(distance(planes(row.sr), planes(row.hr)).item() for row in rows)


def least_consistency(session: Session, crops: Sequence[np.ndarray]) -> float:
    """Least PSNR in dB between an output, reduced, and its input, less a margin.

    Args:
        session: Any.
        crops: LR (C, H, W) float32, 0..1; patterns that no photograph has come on top.
    """
    values = []
    for crop in [*crops, *_patterns(session.spec.channels)]:
        lr = Image(levels(crop * 255))
        sr = Image(levels(session(crop[None])[0] * 255))
        values.append(consistency(sr, lr))
    return round(min(values) - _MARGIN, 1)


def _patterns(channels: int) -> Iterator[np.ndarray]:
    """Dither, dots, a checkerboard and lines, all of single pixels."""
    random = np.random.default_rng(0).random((channels, 64, 64))
    y, x = np.mgrid[:64, :64]
    for plane in (random > 0.5, random > 0.9, (x + y) % 2, y % 2, y % 3 == 0):
        yield np.broadcast_to(plane, (channels, 64, 64)).astype(np.float32)


def calibration(data: Path, scale: int, color: Color) -> list[np.ndarray]:
    """LR (C, H, W) float32, 0..1, of training photographs: their activations set 8-bit ranges."""
    return lr_crops(shipped_images(data), _CALIBRATED, scale, color)


def lr_crops(paths: Sequence[Path], count: int, scale: int, color: Color) -> list[np.ndarray]:
    """LR (C, H, W) float32, 0..1, of ``count`` photographs, evenly spread over ``paths``.

    They are at most 160 pixels a side.
    """
    chosen = paths[:: max(1, len(paths) // count)][:count]
    crops = []
    for path in chosen:
        seen = to_color(read_rgb(path), color)
        hr = crop_to_multiple(seen[: _SIDE * scale, : _SIDE * scale], scale)
        crops.append(downscale(hr, scale).round().clamp(0, 255).numpy() / 255)
    return crops
