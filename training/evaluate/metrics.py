"""The metrics of ``evaluate``: what each measures, on which channel, and where it comes from."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np

from sr_batch.core.errors import UsageError
from sr_batch.imaging import metrics as imaging
from sr_batch.imaging.color import rgb_to_y_studio
from sr_batch.imaging.metrics import Plane
from training.evaluate.ifc import ifc
from training.evaluate.learned import dists, lpips
from training.evaluate.ms_ssim import ms_ssim
from training.evaluate.niqe import niqe
from training.evaluate.nqm import nqm
from training.evaluate.restore import Pair

Measure = Callable[[Plane, Plane], float]
"""SR and HR (H, W), 0..255 -> the value."""


@dataclass(frozen=True)
class Metric:
    """One figure for an output and its original.

    Attributes:
        measure: Measures two planes.
        best: Whether a higher or a lower value is better.
        unit: ``dB``, ``bits`` or empty.
        limits: Smallest and largest value.
        channel: The protocol's, or luma or RGB whatever the protocol says.
        digits: Decimals in tables.
        source: The paper that defines it.
        joint: Whether RGB is measured as one array. Otherwise it has the mean of its channels.
    """

    measure: Measure
    best: Literal["higher", "lower"]
    unit: str
    limits: tuple[float, float]
    channel: Literal["protocol", "luma", "rgb"]
    digits: int
    source: str
    joint: bool = False

    def of(self, pair: Pair) -> float:
        """The value for ``pair``."""
        sr, hr = (luma_of(each) if self.channel == "luma" else each for each in (pair.sr, pair.hr))
        if sr.ndim == 2 or self.joint:
            return self.measure(sr, hr)
        return fmean(self.measure(sr[..., k], hr[..., k]) for k in range(sr.shape[2]))


def mse(sr: Plane, hr: Plane) -> float:
    """Mean squared error of two planes (H, W), 0..255, as a part of 255 squared."""
    return float(np.square(sr.astype(np.float64) - hr).mean()) / 255**2


def mae(sr: Plane, hr: Plane) -> float:
    """Mean absolute error of two planes (H, W), 0..255, as a part of 255."""
    return float(np.abs(sr.astype(np.float64) - hr).mean()) / 255


def pooled_psnr(decibels: Iterable[float]) -> float:
    """PSNR in dB of the mean squared error over pictures that have these PSNRs."""
    error = fmean(10 ** (-psnr / 10) for psnr in decibels)
    return -10 * math.log10(error) if error else math.inf


_ANY = (0.0, math.inf)

METRICS: Mapping[str, Metric] = {
    "psnr": Metric(
        imaging.psnr, "higher", "dB", _ANY, "protocol", 3, "20 log10(255 / RMSE)", joint=True
    ),
    "ssim": Metric(imaging.ssim, "higher", "", (-1, 1), "protocol", 4, "Wang et al., TIP 2004"),
    "mse": Metric(mse, "lower", "", (0, 1), "protocol", 6, "mean squared error, values 0 to 1"),
    "mae": Metric(mae, "lower", "", (0, 1), "protocol", 5, "mean absolute error, values 0 to 1"),
    "ms-ssim": Metric(
        ms_ssim, "higher", "", (0, 1), "protocol", 4, "Wang, Simoncelli, Bovik, Asilomar 2003"
    ),
    "ifc": Metric(ifc, "higher", "bits", _ANY, "luma", 3, "Sheikh, Bovik, de Veciana, TIP 2005"),
    "nqm": Metric(
        nqm, "higher", "dB", (-math.inf, math.inf), "luma", 3, "Damera-Venkata et al., TIP 2000"
    ),
    "niqe": Metric(
        lambda sr, _: niqe(sr),
        "lower",
        "",
        _ANY,
        "luma",
        3,
        "Mittal, Soundararajan, Bovik, SPL 2013, with a model fitted on our own photographs",
    ),
    "lpips": Metric(
        lpips, "lower", "", _ANY, "rgb", 4, "Zhang et al., CVPR 2018, VGG16, by piq", joint=True
    ),
    "dists": Metric(
        dists, "lower", "", _ANY, "rgb", 4, "Ding et al., TPAMI 2020, VGG16, by piq", joint=True
    ),
}


def chosen(names: Iterable[str]) -> dict[str, Metric]:
    """The metrics called ``names``.

    Raises:
        UsageError: one is unknown.
    """
    wanted = list(names)
    for name in wanted:
        if name not in METRICS:
            raise UsageError(f"--metrics {name}: unknown; the metrics are {', '.join(METRICS)}")
    return {name: METRICS[name] for name in wanted}


def luma_of(pixels: Plane) -> Plane:
    """Studio-range luma (H, W), not rounded, of RGB (H, W, 3), 0..255; a plane as it is."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(rgb_to_y_studio(np.divide(pixels, 255, dtype=np.float32)) * 255)
