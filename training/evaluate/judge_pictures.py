"""The pictures that networks for photographs are judged on, reproducible by a seed.

Kinds ``a`` to ``c`` are made from originals, and an output is compared with its original. ``d`` and
``e`` are real photographs, which have no original of a higher resolution.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.degrade import blurred
from training.data.pictures import read_rgb
from training.data.resize import downscale
from training.evaluate.restore import levels

KINDS = {
    "a": "clean, reduced by bicubic",
    "b": "reduced, JPEG 50",
    "c": "blurred, reduced, noise 5, JPEG 40",
    "d": "camera pixels as they are",
    "e": "photograph at 800 pixels, JPEG 70",
}
_BLUR, _NOISE = 2.0, 5.0  # pixels of the original, levels of 255
_WEB = 800  # pixels of the longer side
_TRIES = 8  # random crops per picture; the one with the most detail is used


@dataclass(frozen=True)
class Case:
    """One picture: LR uint8 (H, W, 3), and its original (H*s, W*s, 3) if there is one."""

    kind: str
    name: str
    lr: np.ndarray
    hr: np.ndarray | None = None


@dataclass(frozen=True)
class Plan:
    """How crops are cut.

    Attributes:
        scale: Scale of the networks.
        side: Pixels a side of each LR crop.
        seed: Seed of crops and noise.
    """

    scale: int = 4
    side: int = 96
    seed: int = 1


def cases(originals: Sequence[Path], photographs: Sequence[Path], plan: Plan) -> Iterator[Case]:
    """The cases of every picture that is large enough for a crop of ``plan``."""
    for path in originals:
        rgb = read_rgb(path)
        if min(rgb.shape[:2]) >= plan.side * plan.scale:
            yield from _from_original(path.stem, rgb, plan)
    for path in photographs:
        yield from _from_camera(path.stem, read_rgb(path), plan)


def spread(paths: Sequence[Path], count: int) -> list[Path]:
    """``count`` of ``paths``, evenly spread over them."""
    count = min(count, len(paths))
    return [paths[number * len(paths) // count] for number in range(count)]


def _from_original(name: str, rgb: np.ndarray, plan: Plan) -> Iterator[Case]:
    random = _random(name, plan)
    hr = _detailed(rgb, plan.side * plan.scale, random)
    clean = levels(downscale(hr, plan.scale).numpy())
    yield Case("a", name, clean, hr)
    yield Case("b", name, through_jpeg(clean, 50), hr)
    soft = levels(downscale(blurred(hr, _BLUR), plan.scale).numpy()).astype(np.float64)
    noisy = np.rint(soft + random.normal(0, _NOISE, soft.shape)).clip(0, 255).astype(np.uint8)
    yield Case("c", name, through_jpeg(noisy, 40), hr)


def _from_camera(name: str, rgb: np.ndarray, plan: Plan) -> Iterator[Case]:
    random = _random(name, plan)
    if min(rgb.shape[:2]) >= plan.side:
        yield Case("d", name, _detailed(rgb, plan.side, random))
    picture = Image.fromarray(rgb)
    picture.thumbnail((_WEB, _WEB), Image.Resampling.LANCZOS)
    if min(picture.size) >= plan.side:
        web = through_jpeg(np.asarray(picture), 70)
        yield Case("e", name, _detailed(web, plan.side, random))


def through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """``pixels`` (H, W, 3) after a JPEG of ``quality`` with 4:2:0 chroma."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _random(name: str, plan: Plan) -> np.random.Generator:
    """A generator that depends only on the seed and the name, not on the other pictures."""
    return np.random.default_rng([plan.seed, *name.encode()])


def _detailed(rgb: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """The most detailed of some random squares of ``side`` pixels, on the grid of JPEG blocks."""
    tops, lefts = (
        random.integers(0, (length - side) // 8 + 1, _TRIES) * 8 for length in rgb.shape[:2]
    )
    crops = [rgb[t : t + side, left : left + side] for t, left in zip(tops, lefts, strict=True)]
    return max(crops, key=_liveliness)


def _liveliness(crop: np.ndarray) -> float:
    return float(np.abs(np.diff(crop.astype(np.float32), axis=0)).mean())
