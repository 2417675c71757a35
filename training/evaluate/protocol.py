"""The protocol of a comparison: how LR is made, and what is compared with the original.

Training, ``evaluate``, contact sheets and exports share one :class:`Protocol`, so that a network is
judged on LR that is made as in its training. The default is that of published tables.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from sr_batch.bench.quality import Levels, Reduce, reduce_bicubic
from sr_batch.core.arrays import FloatArray
from training.data.degrade import REPEATABLE, SIGMA, degradation
from training.data.resize import downscale
from training.recipes.recipe import Kind, Recipe

SETS = ("Set5", "Set14", "BSD100")  # folders of data/eval

Channel = Literal["y", "y-full", "rgb"]

_CHANNELS: Mapping[Channel, str] = {
    "y": "PSNR-Y and SSIM on BT.601 studio-range Y",
    "y-full": "PSNR-Y and SSIM on BT.601 full-range Y",
    "rgb": "PSNR and SSIM on RGB",
}


@dataclass(frozen=True)
class Protocol:
    """How networks are compared with originals.

    Attributes:
        degradation: How LR is made from HR.
        sigma: Least and largest sigma of ``blur``, in HR pixels; equal for a fixed one.
        channel: ``y``, BT.601 luma of studio range as in published tables; ``y-full``, luma of full
            range, 1.32 dB lower; ``rgb``, all three channels.
        border: HR pixels on each side that are left out; None for as many as the scale.
        sets: Names of the sets of pictures.
        pooled: Whether PSNR is taken of the mean squared error over all pictures of a set, and not
            the mean of the PSNR of each picture.
        seed: Seed of the random numbers of the degradation. A picture has the same LR every time.
    """

    degradation: Kind = "bicubic"
    sigma: tuple[float, float] = SIGMA
    channel: Channel = "y"
    border: int | None = None
    sets: tuple[str, ...] = SETS
    pooled: bool = False
    seed: int = 1

    def border_at(self, scale: int) -> int:
        """HR pixels on each side that are left out at ``scale``."""
        return scale if self.border is None else self.border

    def reduce(self, picture: Levels) -> Reduce:
        """The function that makes LR of ``picture``, of its colors or of its luma."""
        if self.degradation == "bicubic":
            return reduce_bicubic
        degrade = degradation(self.degradation, self.sigma)
        seed = self.seed + zlib.crc32(picture.tobytes())

        def reduce(pixels: FloatArray, scale: int) -> FloatArray:
            planes = np.divide(pixels.transpose(2, 0, 1), 255, dtype=np.float32, order="C")
            generator = torch.Generator().manual_seed(seed)
            lr = degrade(torch.from_numpy(planes)[None], scale, generator)[0] * 255
            return np.ascontiguousarray(lr.numpy().transpose(1, 2, 0))

        return reduce

    def lr_of(self, hr: np.ndarray, scale: int) -> torch.Tensor:
        """LR (C, H/s, W/s), 0..255, of HR uint8 (H, W, C), to measure more than quality on."""
        if self.degradation == "bicubic":
            return downscale(hr, scale)
        lr = self.reduce(hr)(hr.astype(np.float32), scale)
        return torch.from_numpy(lr.transpose(2, 0, 1))

    def text(self) -> str:
        """One line for contracts and cards."""
        border = "`scale`" if self.border is None else str(self.border)
        return (
            f"{_CHANNELS[self.channel]}, border of {border} pixels left out, {self._lr_text()}, "
            "output rounded to 8 bit" + (", PSNR of the pooled error" if self.pooled else "")
        )

    def _lr_text(self) -> str:
        depth = "8-bit" if self.channel == "rgb" else "8-bit for RGB networks, float for Y networks"
        return f"{self._reduction_text()} ({depth})"

    def _reduction_text(self) -> str:
        if self.degradation == "bicubic":
            return "antialiased bicubic LR"
        low, high = self.sigma
        sigma = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        other = f"LR by the `{self.degradation}` degradation"
        return REPEATABLE.get(self.degradation, other).format(sigma=sigma)


DEFAULT = Protocol()


def protocol_of(recipe: Recipe) -> Protocol:
    """The protocol that the network of ``recipe`` is monitored and released with.

    Networks for ``area`` and ``blur`` are judged on such LR. All others are judged on bicubic LR,
    also those for photographs, whose degradations are random: ``judge`` measures these.
    """
    if recipe.degradation in REPEATABLE:
        return replace(DEFAULT, degradation=recipe.degradation, sigma=recipe.sigma)
    return DEFAULT
