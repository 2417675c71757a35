"""NIQE: how far the statistics of a picture are from those of pristine photographs.

Mittal, Soundararajan, Bovik, "Making a 'completely blind' image quality analyzer", IEEE SPL 2013.
It needs no original. The model in ``niqe_model.npz`` is fitted on our own photographs and not that
of the authors, so that values compare with each other and not with those in papers. To fit it
again: ``python -m training fit-niqe data/train-more data/train-photos``.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.geometry import Size
from sr_batch.imaging.metrics import Plane
from sr_batch.imaging.resample import resize
from training.evaluate.steerable import Floats

MODEL = Path(__file__).with_name("niqe_model.npz")
BLOCK = 96
_SHARP = 0.75  # blocks of pristine pictures count from this part of the sharpest one's sharpness
_RADIUS, _SIGMA = 3, 7 / 6
_SHAPES = np.arange(0.2, 10.001, 0.001)
_NEIGHBORS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class Model:
    """Mean (36,) and covariance (36, 36) of the features of pristine blocks."""

    mean: Floats
    covariance: Floats


def niqe(luma: Plane, model: Model | None = None) -> float:
    """NIQE of a plane (H, W), 0..255: at least 0, and less is better.

    Args:
        luma: The picture.
        model: Of pristine pictures; None for the one in the package.

    Raises:
        UnsupportedImage: a side is shorter than 192 pixels.
    """
    if min(luma.shape) < 2 * BLOCK:
        raise UnsupportedImage(
            f"too small for NIQE: needs {2 * BLOCK} pixels a side without the border"
        )
    pristine = model or packaged_model()
    features, _ = block_features(luma)
    off = features.mean(0) - pristine.mean
    covariance = (np.cov(features, rowvar=False) + pristine.covariance) / 2
    return math.sqrt(float(off @ np.linalg.pinv(covariance) @ off))


def fit(lumas: Iterable[Plane]) -> Model:
    """The model of pristine pictures (H, W), 0..255, from the sharp blocks of each."""
    rows = []
    for luma in lumas:
        features, sharpness = block_features(luma)
        rows.append(features[sharpness > _SHARP * sharpness.max()])
    every = np.concatenate(rows)
    return Model(every.mean(0), np.cov(every, rowvar=False))


def save(model: Model, path: Path) -> None:
    """Write ``model`` to ``path``."""
    np.savez_compressed(path, mean=model.mean, covariance=model.covariance)


@cache
def packaged_model() -> Model:
    """The model in the package."""
    with np.load(MODEL) as file:
        return Model(file["mean"], file["covariance"])


def block_features(luma: Plane) -> tuple[Floats, Floats]:
    """Features (N, 36) and sharpness (N,) of the N blocks of 96x96; the rest is left out."""
    height, width = (side - side % BLOCK for side in luma.shape)
    plane = luma[:height, :width].astype(np.float32)
    half = resize(plane[..., None], Size(width // 2, height // 2), "bicubic")[..., 0]
    columns, sharpness = [], np.empty(0)
    for picture, side in ((plane.astype(np.float64), BLOCK), (half.astype(np.float64), BLOCK // 2)):
        normal, deviation = _normalized(picture)
        columns.append(np.stack([features_of(block) for block in _blocks(normal, side)]))
        if side == BLOCK:
            sharpness = np.array([block.mean() for block in _blocks(deviation, side)])
    return np.concatenate(columns, axis=1), sharpness


def features_of(block: Floats) -> Floats:
    """The 18 features of one block of normalized luminance (H, W)."""
    shape, left, right = asymmetric_gaussian(block)
    found = [shape, (left + right) / 2]
    for rows, columns in _NEIGHBORS:
        product = block * np.roll(block, (rows, columns), (0, 1))
        shape, left, right = asymmetric_gaussian(product)
        mean = (right - left) * math.gamma(2 / shape) / math.gamma(1 / shape)
        found += [shape, mean, left, right]
    return np.array(found)


def asymmetric_gaussian(values: Floats) -> tuple[float, float, float]:
    """Shape, left and right scale of the asymmetric generalized Gaussian that fits ``values``.

    By moments, after Lasmar, Stitou, Berthoumieu, "Multiscale skewed heavy tailed model for texture
    analysis", ICIP 2009. A normal distribution of deviation 1 has shape 2 and scales sqrt(2).
    """
    squares = np.square(values)
    left, right = (
        math.sqrt(float(squares[side].mean())) if side.any() else 1e-6
        for side in (values < 0, values > 0)
    )
    skew = left / right
    ratio = float(np.abs(values).mean()) ** 2 / max(float(squares.mean()), 1e-12)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = float(_SHAPES[int(np.argmin(np.abs(_ratios() - ratio)))])
    scale = math.sqrt(math.gamma(1 / shape) / math.gamma(3 / shape))
    return shape, left * scale, right * scale


@cache
def _ratios() -> Floats:
    """Squared mean magnitude over variance of a generalized Gaussian of each shape."""
    logs = [2 * math.lgamma(2 / a) - math.lgamma(1 / a) - math.lgamma(3 / a) for a in _SHAPES]
    return np.exp(logs)


def _normalized(plane: Floats) -> tuple[Floats, Floats]:
    """Luminance without its local mean, divided by its local deviation; and that deviation."""
    mean = _blur(plane)
    deviation = np.sqrt(np.abs(_blur(plane * plane) - mean * mean))
    return (plane - mean) / (deviation + 1), deviation


def _blur(plane: Floats) -> Floats:
    """Gaussian window of 7x7, border pixels repeated."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    kernel = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    kernel /= kernel.sum()
    height, width = plane.shape
    padded = np.pad(plane, _RADIUS, mode="edge")
    tall = sum(weight * padded[k : k + height] for k, weight in enumerate(kernel))
    return np.asarray(sum(weight * tall[:, k : k + width] for k, weight in enumerate(kernel)))


def _blocks(plane: Floats, side: int) -> Iterator[Floats]:
    for top in range(0, plane.shape[0], side):
        for left in range(0, plane.shape[1], side):
            yield plane[top : top + side, left : left + side]
