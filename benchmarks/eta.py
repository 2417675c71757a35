"""Compares the time that a run is said to take still with the time that it really takes."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import ignore, options_for
from sr_batch.batch import engine
from sr_batch.batch.forecast import RunEstimate
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import UpscaleOptions
from sr_batch.upscaling.upscaler import Upscaler

# Network, scale, megapixels of the small pictures, and of the large one that comes last.
_RUNS = (
    ("espcn", 3, (0.05, 0.5), 6.0),
    ("fast", 2, (0.03, 0.25), 2.0),
    ("edsr", 2, (0.01, 0.1), 1.0),
)
_SMALL = 12
_EVERY = 0.1
_GOAL = 0.25
# From a tenth of the run on; in its last tenth, a second is a large share of what is left.
_FROM, _TO = 0.1, 0.9


@dataclass(frozen=True)
class Look:
    """An estimate: when it was made, and the seconds that it gave the run."""

    at: float
    left: float | None


def eta(setting: Setting) -> Iterator[Row]:
    """Enlarge small photographs and a large one, with three networks, and watch the estimate."""
    for model, scale, small, large in _RUNS:
        folder = setting.folder / model
        photographs(setting.photos, folder / "a", _SMALL, small)
        photographs(setting.photos, folder / "b", 1, (large, large))
        looks, end = _watch(folder, options_for(model, scale, "png", setting))
        first = next((look for look in looks if look.left is not None), Look(end, None))
        error = _worst(looks, end)
        yield Row(f"{model} x{scale}, the run", f"{end:.0f} s", "", True)
        told = f"{first.left:.0f} s" if first.left else "-"
        yield Row(f"  the first estimate, after {first.at:.1f} s", told, "", True)
        yield Row("  worst error from a tenth on", f"{error:.0%}", "<= 25%", error <= _GOAL)


def _watch(folder: Path, options: UpscaleOptions) -> tuple[list[Look], float]:
    """What the estimate said during a run, and how long it took, calibration included."""
    looks: list[Look] = []
    over = threading.Event()
    with Upscaler(options, ignore) as upscaler:
        started = time.perf_counter()
        plan = plan_jobs([str(folder)], None, options, upscaler.model)
        run = RunEstimate(plan.jobs, upscaler, options)

        def look() -> None:
            while not over.wait(_EVERY):
                looks.append(Look(time.perf_counter() - started, run.estimate.seconds))

        watcher = threading.Thread(target=look)
        watcher.start()
        for result in engine.run(plan, upscaler, options, ignore_pixels, over, follower=run):
            run.ended(result)
        end = time.perf_counter() - started
        over.set()
        watcher.join()
    return looks, end


def ignore_pixels(pixels: int) -> None:
    """The estimate counts them."""


def _worst(looks: Sequence[Look], end: float) -> float:
    """The largest error, relative to the time that was really left."""
    errors = [
        abs(look.left - (end - look.at)) / (end - look.at) if look.left is not None else 1.0
        for look in looks
        if _FROM * end <= look.at <= _TO * end
    ]
    return max(errors, default=0.0)
