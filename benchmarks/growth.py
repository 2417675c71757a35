"""Checks that time and memory grow linearly with the size of an image and the number of files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from benchmarks.photos import photographs
from benchmarks.process import Cost, run_tool
from benchmarks.setting import Row, Setting

_MEGAPIXELS = (1, 4, 16, 64, 200)
_FILES = (10, 100, 1000, 10_000)
_SIDE = 24
_MIB = 2**20
# How far a point may be from the straight line, relative to its value.
_OFF = 0.15


@dataclass(frozen=True)
class Series:
    """The costs of runs that differ in one size."""

    what: str
    unit: str
    sizes: Sequence[int]
    costs: Sequence[Cost]

    def off_the_line(self, of: Callable[[Cost], float]) -> float:
        """The largest relative distance from the line a + b * size that fits all points best."""
        sizes, values = np.array(self.sizes, float), np.array([of(cost) for cost in self.costs])
        terms = np.stack([np.ones_like(sizes), sizes], axis=1) / values[:, None]
        line, *_ = np.linalg.lstsq(terms, np.ones_like(values), rcond=None)
        return float(np.abs(terms @ line - 1).max())


def growth(setting: Setting) -> Iterator[Row]:
    """Enlarge one image of 1 to 200 megapixels, and 10 to 10,000 tiny ones, with `espcn` x2."""
    large = Series("one image", "MP", _MEGAPIXELS, [_large(setting, n) for n in _MEGAPIXELS])
    many = Series("thumbnails", "files", _FILES, [_many(setting, n) for n in _FILES])
    for series in (large, many):
        yield from _time_rows(series)
    yield from _memory_rows(large, many)
    if setting.plots:
        setting.plots.mkdir(parents=True, exist_ok=True)
        _draw(large, setting.plots / "growth-size.png")
        _draw(many, setting.plots / "growth-files.png")


def _time_rows(series: Series) -> Iterator[Row]:
    for size, cost in zip(series.sizes, series.costs, strict=True):
        took = f"{cost.seconds:.1f} s, {cost.peak_bytes / _MIB:.0f} MiB"
        yield Row(f"{series.what}, {size} {series.unit}", took, "", True)
    off = series.off_the_line(lambda cost: cost.seconds)
    yield Row("  time: farthest from a straight line", f"{off:.0%}", "<= 15%", off <= _OFF)


def _memory_rows(large: Series, many: Series) -> Iterator[Row]:
    off = large.off_the_line(lambda cost: cost.peak_bytes)
    yield Row("  memory by size: the same", f"{off:.0%}", "<= 15%", off <= _OFF)
    grown = many.costs[-1].peak_bytes - many.costs[0].peak_bytes
    each = grown / (many.sizes[-1] - many.sizes[0]) / 1024
    yield Row("  memory for each file of the plan", f"{each:.1f} KiB", "<= 8 KiB", each <= 8)


def _large(setting: Setting, megapixels: int) -> Cost:
    folder = setting.folder / f"large{megapixels}"
    photographs(setting.photos, folder, 1, (megapixels, megapixels))
    return _run(folder, setting)


def _many(setting: Setting, count: int) -> Cost:
    folder = setting.folder / f"many{count}"
    folder.mkdir()
    chance = np.random.default_rng(count)
    for number in range(count):
        pixels = chance.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
        Pillow.fromarray(pixels).save(folder / f"{number}.png")
    return _run(folder, setting)


def _run(folder: Path, setting: Setting) -> Cost:
    flags = (
        "--model",
        "espcn",
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--jobs",
        str(setting.threads),
    )
    return run_tool("upscale", str(folder), *flags, "--max-pixels", "250000000")


def _draw(series: Series, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, label, values in (
        (left, "seconds", [cost.seconds for cost in series.costs]),
        (right, "peak memory, MiB", [cost.peak_bytes / _MIB for cost in series.costs]),
    ):
        axes.plot(series.sizes, values, "o-", color="#20639b")
        axes.set(xlabel=series.unit, ylabel=label, ylim=(0, None), title=series.what)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)
