"""Degradations: other ways than bicubic to make LR from HR.

``area`` takes the mean of each square of pixels. ``blur`` blurs before the bicubic. ``blind`` is
the two-stage degradation of Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution
with Pure Synthetic Data", ICCVW 2021, section 3, with slightly milder ranges: blur, resize, noise
and JPEG, twice, then a sinc filter. ``light`` is what a camera or a phone does: blur, bicubic,
noise and JPEG, once. ``raw`` is the same without JPEG, and with more noise, also as grain and as
blotches of color, as in scans and in photographs that were never compressed. ``worn`` mixes
``light`` and ``blind``, ``varied`` these and ``raw``, and ``photo`` mixes ``light`` and ``blind``
with clean pictures; all three are for networks for photographs. All random numbers come from the
generator that the caller passes, so that a run resumes exactly.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from training.data.chance import chance, uniform
from training.data.kernels import filtered, gaussian, sinc
from training.data.noise import add_noise, coarse
from training.data.resize import crop_to_multiple, downscale

Degradation = Callable[[torch.Tensor, int, torch.Generator], torch.Tensor]
"""HR (B, C, H, W), 0..1, scale, random numbers -> LR (B, C, H/s, W/s), 0..1.

Those of RAW_NOISE take ``noise``, too: a factor of the noise that was never a JPEG. The same random
numbers with 0 give the same LR without it.
"""

SIGMA = (0.5, 2.0)  # least and largest of ``blur``


@dataclass(frozen=True)
class Stage:
    """Ranges of one round of the blind degradation."""

    blur: float  # probability of a blur
    sigma: tuple[float, float]
    resize: tuple[float, float]
    noise: tuple[float, float]  # standard deviation, in levels of 255
    quality: tuple[float, float]


FIRST = Stage(1.0, (0.2, 2.5), (0.3, 1.3), (0.5, 20), (40, 95))
SECOND = Stage(0.8, (0.2, 1.3), (0.5, 1.2), (0.5, 12), (50, 95))

# What a camera or a phone does, once. It resizes by the scale only.
LIGHT = Stage(0.7, (0.3, 3.2), (1, 1), (0, 8), (40, 95))
RAW = replace(LIGHT, noise=(0, 16))
_COARSE = (0, 8)  # standard deviation of grain and blotches, in levels of 255
_CLEAN, _LIGHT = 0.2, 0.45  # shares of ``photo``; the rest is blind
_LIGHT_OF_WORN = 0.55
_RAW_OF_VARIED = 0.2


def area(hr: torch.Tensor, scale: int, _: torch.Generator) -> torch.Tensor:
    """The mean of every ``scale`` x ``scale`` pixels."""
    return F.avg_pool2d(hr, scale)


def blur(
    hr: torch.Tensor, scale: int, generator: torch.Generator, sigma: tuple[float, float] = SIGMA
) -> torch.Tensor:
    """Gaussian blur of a sigma drawn from the range ``sigma``, in HR pixels, then bicubic."""
    kernels = [gaussian(s, s, 0) for s in uniform(len(hr), *sigma, generator)]
    return _to_size(filtered(hr, kernels), _lr_size(hr, scale), "bicubic").clamp(0, 1)


def blind(hr: torch.Tensor, scale: int, generator: torch.Generator) -> torch.Tensor:
    """Blur, resizing, noise and JPEG, twice, as for photographs on the internet."""
    x = _round(hr, FIRST, generator)
    x = _jpeg(x, FIRST, generator)
    x = _round(x, SECOND, generator)
    size = _lr_size(hr, scale)
    if chance(0.5, generator):
        x = _jpeg(_sinc(_to_size(x, size, "bicubic"), generator), SECOND, generator)
    else:
        x = _sinc(_to_size(_jpeg(x, SECOND, generator), size, "bicubic"), generator)
    return (x.clamp(0, 1) * 255).round() / 255


def light(hr: torch.Tensor, scale: int, generator: torch.Generator) -> torch.Tensor:
    """Often a blur, then bicubic, sensor noise and one JPEG."""
    return _jpeg(_taken(hr, scale, LIGHT, generator), LIGHT, generator)


def raw(
    hr: torch.Tensor, scale: int, generator: torch.Generator, noise: float = 1.0
) -> torch.Tensor:
    """Often a blur, then bicubic and sensor noise, for every second image also coarse noise."""
    lr = _taken(hr, scale, RAW, generator, noise)
    if chance(0.5, generator):
        lr = (lr + noise * coarse(lr, _COARSE, generator)).clamp(0, 1)
    return (lr * 255).round() / 255


def photo(hr: torch.Tensor, scale: int, generator: torch.Generator) -> torch.Tensor:
    """Each image on its own: 20 % bicubic alone, 45 % ``light``, 35 % ``blind``."""
    return torch.cat([_photo(image, scale, generator) for image in hr.split(1)])


def worn(hr: torch.Tensor, scale: int, generator: torch.Generator) -> torch.Tensor:
    """Each image on its own: 55 % ``light``, 45 % ``blind``."""
    return torch.cat([_worn(image, scale, generator) for image in hr.split(1)])


def varied(
    hr: torch.Tensor, scale: int, generator: torch.Generator, noise: float = 1.0
) -> torch.Tensor:
    """Each image on its own: 20 % ``raw``, 44 % ``light``, 36 % ``blind``."""
    return torch.cat([_varied(image, scale, generator, noise) for image in hr.split(1)])


def _varied(hr: torch.Tensor, scale: int, generator: torch.Generator, noise: float) -> torch.Tensor:
    if chance(_RAW_OF_VARIED, generator):
        return raw(hr, scale, generator, noise)
    return _worn(hr, scale, generator)


def _worn(hr: torch.Tensor, scale: int, generator: torch.Generator) -> torch.Tensor:
    return (light if chance(_LIGHT_OF_WORN, generator) else blind)(hr, scale, generator)


def _photo(hr: torch.Tensor, scale: int, generator: torch.Generator) -> torch.Tensor:
    (drawn,) = uniform(1, 0, 1, generator)
    if drawn < _CLEAN:
        lr = _to_size(hr, _lr_size(hr, scale), "bicubic").clamp(0, 1)
        return (lr * 255).round() / 255
    return (light if drawn < _CLEAN + _LIGHT else blind)(hr, scale, generator)


RAW_NOISE: dict[str, Callable[..., torch.Tensor]] = {"raw": raw, "varied": varied}
DEGRADATIONS: dict[str, Degradation] = {
    "area": area,
    "blur": blur,
    "blind": blind,
    "light": light,
    "worn": worn,
    "photo": photo,
    **RAW_NOISE,
}

# Those without random noise and JPEG, which networks can be measured on; their text for cards.
REPEATABLE = {
    "area": "area-averaged LR",
    "blur": "antialiased bicubic LR after a Gaussian blur of sigma {sigma}",
}


def degradation(kind: str, sigma: tuple[float, float] = SIGMA, noise: float = 1.0) -> Degradation:
    """One of DEGRADATIONS; ``sigma`` is the range of ``blur``, ``noise`` a factor of raw noise."""
    if kind == "blur":
        return partial(blur, sigma=sigma)
    return partial(RAW_NOISE[kind], noise=noise) if kind in RAW_NOISE else DEGRADATIONS[kind]


def degraded(hr: np.ndarray, kind: str, scale: int, generator: torch.Generator) -> np.ndarray:
    """LR uint8 (H/s, W/s, 3) of HR uint8 (H, W, 3), by ``bicubic`` or one of DEGRADATIONS."""
    hr = crop_to_multiple(hr, scale)
    if kind == "bicubic":
        lr = downscale(hr, scale)
    else:
        x = torch.from_numpy(hr.copy()).permute(2, 0, 1)[None].float() / 255
        lr = DEGRADATIONS[kind](x, scale, generator)[0] * 255
    return lr.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def blurred(hr: np.ndarray, sigma: float) -> np.ndarray:
    """Blur uint8 (H, W, C) by a Gaussian of ``sigma`` pixels."""
    x = torch.from_numpy(hr.copy()).permute(2, 0, 1)[None].float()
    soft = filtered(x, [gaussian(sigma, sigma, 0)])[0]
    return soft.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def _taken(
    hr: torch.Tensor, scale: int, stage: Stage, generator: torch.Generator, noise: float = 1.0
) -> torch.Tensor:
    """What a sensor gives."""
    if chance(stage.blur, generator):
        sigmas = uniform(len(hr), *stage.sigma, generator)
        hr = filtered(hr, [gaussian(sigma, sigma, 0) for sigma in sigmas])
    lr = _to_size(hr, _lr_size(hr, scale), "bicubic").clamp(0, 1)
    return add_noise(lr, stage.noise, generator, noise)


def _round(x: torch.Tensor, stage: Stage, generator: torch.Generator) -> torch.Tensor:
    if chance(stage.blur, generator):
        sigmas = [uniform(len(x), *stage.sigma, generator) for _ in range(2)]
        angles = uniform(len(x), 0, math.pi, generator)
        x = filtered(x, [gaussian(*each) for each in zip(*sigmas, angles, strict=True)])
    (factor,) = uniform(1, *stage.resize, generator)
    mode = ("area", "bilinear", "bicubic")[int(torch.randint(3, (), generator=generator))]
    height, width = (max(8, round(side * factor)) for side in x.shape[-2:])
    return add_noise(_to_size(x, (height, width), mode), stage.noise, generator)


def _jpeg(x: torch.Tensor, stage: Stage, generator: torch.Generator) -> torch.Tensor:
    qualities = uniform(len(x), *stage.quality, generator)
    pixels = (x.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    done = [_through_jpeg(*pair) for pair in zip(pixels, qualities, strict=True)]
    return torch.from_numpy(np.stack(done)).permute(0, 3, 1, 2).to(x.device).float() / 255


def _through_jpeg(pixels: np.ndarray, quality: float) -> np.ndarray:
    picture = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[..., 0])
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=round(quality))
    return np.asarray(Image.open(file)).reshape(pixels.shape)


def _sinc(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    if not chance(0.8, generator):
        return x
    cutoffs = uniform(len(x), math.pi / 3, math.pi, generator)
    return filtered(x, [sinc(cutoff) for cutoff in cutoffs]).clamp(0, 1)


def _to_size(x: torch.Tensor, size: tuple[int, int], mode: str) -> torch.Tensor:
    smooth = mode in ("bilinear", "bicubic")
    return F.interpolate(x, size=size, mode=mode, antialias=smooth)


def _lr_size(hr: torch.Tensor, scale: int) -> tuple[int, int]:
    return hr.shape[-2] // scale, hr.shape[-1] // scale
