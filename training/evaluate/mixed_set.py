"""Pictures of the eight kinds that people have, each with its original, reproducible by a seed.

They show whether ``--model auto`` takes the better network for each. ``judge_pictures`` has fewer
kinds, and judges the networks themselves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.data.degrade import blurred
from training.data.pictures import TooSmall, read_rgb
from training.data.resize import downscale, upscale
from training.evaluate.judge_pictures import through_jpeg
from training.evaluate.restore import levels

Pixels = np.ndarray
Random = np.random.Generator

_DETAILED = 2048  # a longer photograph is reduced to this first, so that its original is sharp
_WORDS = ("File", "Edit", "Search results", "Settings", "Cancel", "12:45", "Total 1,204.50")


@dataclass(frozen=True)
class Mixed:
    """One picture of the set.

    Attributes:
        kind: A key of `KINDS`.
        name: Of the picture that it was made from.
        lr: uint8 (H, W, 3).
        hr: The original, uint8 (H*s, W*s, 3).
        quality: Quality of the JPEG file that holds ``lr``; None if the file is lossless.
    """

    kind: str
    name: str
    lr: Pixels
    hr: Pixels
    quality: int | None = None


@dataclass(frozen=True)
class MixedPlan:
    """Scale of the networks, pictures of each kind, LR pixels a side, and the seed."""

    scale: int = 4
    count: int = 40
    side: int = 96
    seed: int = 1


def mixed_set(paths: Sequence[Path], plan: MixedPlan) -> Iterator[Mixed]:
    """``plan.count`` pictures of each kind, made from crops of the pictures at ``paths``.

    Pictures that are too small for a crop are left out.

    Raises:
        TooSmall: all of them are.
    """
    for number, (kind, make) in enumerate(KINDS.items()):
        random = np.random.default_rng([plan.seed, number])
        for name, crop in islice(_crops(paths, plan, random), plan.count):
            yield make(kind, name, crop, plan.scale, random)


def _crops(paths: Sequence[Path], plan: MixedPlan, random: Random) -> Iterator[tuple[str, Pixels]]:
    """The name and a random crop of one picture after the other, round after round."""
    side = plan.side * plan.scale
    while True:
        round_has_crops = False
        for index in random.permutation(len(paths)):
            crop = _crop(read_rgb(paths[index]), side, random)
            if crop is not None:
                round_has_crops = True
                yield paths[index].stem, crop
        if not round_has_crops:
            raise TooSmall(_too_small(plan))


def _too_small(plan: MixedPlan) -> str:
    side = plan.side * plan.scale
    return (
        f"no picture has {side}x{side} pixels for --side {plan.side} and --scale {plan.scale}, "
        f"once those over {_DETAILED} pixels are reduced to {_DETAILED // 2}; give a smaller --side"
    )


def _crop(rgb: Pixels, side: int, random: Random) -> Pixels | None:
    """A random square of ``side`` pixels; None if ``rgb`` is smaller."""
    if max(rgb.shape[:2]) > _DETAILED:
        picture = Image.fromarray(rgb)
        picture.thumbnail((_DETAILED // 2, _DETAILED // 2), Image.Resampling.LANCZOS)
        rgb = np.asarray(picture)
    if min(rgb.shape[:2]) < side:
        return None
    top, left = (int(random.integers(0, length - side + 1)) for length in rgb.shape[:2])
    return rgb[top : top + side, left : left + side]


def _reduced(hr: Pixels, scale: int) -> Pixels:
    return levels(downscale(hr, scale).numpy())


def _soft(hr: Pixels, scale: int, low: float, high: float, random: Random) -> Pixels:
    """Blurred by ``low`` to ``high`` LR pixels, then reduced."""
    return _reduced(blurred(hr, random.uniform(low, high) * scale), scale)


def _grainy(lr: Pixels, low: float, high: float, random: Random) -> Pixels:
    """With noise of a deviation of ``low`` to ``high`` levels."""
    noise = random.normal(0, random.uniform(low, high), lr.shape)
    return np.rint(lr + noise).clip(0, 255).astype(np.uint8)


def _clean(kind: str, name: str, hr: Pixels, scale: int, _: Random) -> Mixed:
    return Mixed(kind, name, _reduced(hr, scale), hr)


def _camera(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    """Soft as the pixels of a sensor are, with a little noise, JPEG 90 to 97."""
    lr = _grainy(_soft(hr, scale, 0.4, 0.9, random), 1, 4, random)
    return _as_jpeg(kind, name, lr, hr, 90, 97, random)


def _phone(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    """The noise was smoothed away, then edges were sharpened; JPEG 80 to 92."""
    lr = _grainy(_soft(hr, scale, 0.3, 0.8, random), 2, 6, random)
    smooth = blurred(lr, 0.8).astype(np.float64)
    sharp = smooth + random.uniform(0.5, 1.5) * (smooth - blurred(lr, 1.6))
    return _as_jpeg(kind, name, _rounded(sharp), hr, 80, 92, random)


def _web(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    return _as_jpeg(kind, name, _reduced(hr, scale), hr, 40, 90, random)


def _rescaled(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    """Somebody enlarged it from a JPEG, and saved it without loss."""
    small = through_jpeg(_reduced(hr, 2 * scale), int(random.integers(70, 96)))
    return Mixed(kind, name, levels(upscale(small, 2).numpy()), hr)


def _noisy(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    return Mixed(kind, name, _grainy(_reduced(hr, scale), 5, 20, random), hr)


def _scan(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    """Soft, with grain, less contrast and a tint; JPEG 85 to 95 for every second one."""
    faded = hr * random.uniform(0.75, 0.95) + random.uniform(5, 25, 3)
    hr = _rounded(faded)
    lr = _grainy(_soft(hr, scale, 0.5, 1.2, random), 2, 6, random)
    if random.random() < 0.5:
        return Mixed(kind, name, lr, hr)
    return _as_jpeg(kind, name, lr, hr, 85, 95, random)


def _screenshot(kind: str, name: str, hr: Pixels, scale: int, random: Random) -> Mixed:
    """A window with lettering beside the photograph, without loss."""
    picture = Image.fromarray(hr)
    draw = ImageDraw.Draw(picture)
    side, bar = hr.shape[0], hr.shape[0] // 3
    paper, ink = (246, 22) if random.random() < 0.5 else (30, 230)
    draw.rectangle((0, 0, side, bar), fill=(paper,) * 3)
    draw.rectangle((0, 0, bar, side), fill=(paper,) * 3)
    font = ImageFont.load_default(random.uniform(9, 14) * scale)
    for row, word in enumerate(random.permutation(_WORDS)):
        draw.text((4 * scale, row * 18 * scale + 4 * scale), str(word), fill=(ink,) * 3, font=font)
    drawn = np.asarray(picture)
    return Mixed(kind, name, _reduced(drawn, scale), drawn)


def _as_jpeg(
    kind: str, name: str, lr: Pixels, hr: Pixels, low: int, high: int, random: Random
) -> Mixed:
    quality = int(random.integers(low, high + 1))
    return Mixed(kind, name, through_jpeg(lr, quality), hr, quality)


def _rounded(values: np.ndarray) -> Pixels:
    """(H, W, C) rounded to uint8."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


KINDS: Mapping[str, Callable[[str, str, Pixels, int, Random], Mixed]] = {
    "clean": _clean,
    "camera": _camera,
    "phone": _phone,
    "web": _web,
    "rescaled": _rescaled,
    "noisy": _noisy,
    "scan": _scan,
    "screenshot": _screenshot,
}
