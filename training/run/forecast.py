"""What a run will cost, measured by a few of its steps on noise."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from training.data.corpus import Corpus, pair
from training.recipes.recipe import Recipe, patch_at
from training.run.batches import Corpora
from training.run.setting import Setting
from training.run.trainer import Run

_STEPS = 3
_LONG = 5.0  # seconds of a first step, of which its start-up is a small part
_PROBE = 64  # LR pixels a side
_OUTPUT_720P = 1280 * 720
_LEAST_TILE = 128


@dataclass(frozen=True)
class Forecast:
    """What a run will cost.

    Attributes:
        parameters: Weights and biases of the network.
        gmacs_720p: Billion multiply-adds for an output of 1280x720 pixels.
        memory: Bytes that the process, or the GPU, had in use at most; 0 if that is not known.
        steps: Seconds of a step in each stage.
        checkpoint: Seconds to score a checkpoint.
        seconds: Of the whole run.
    """

    parameters: int
    gmacs_720p: float
    memory: int
    steps: tuple[float, ...]
    checkpoint: float
    seconds: float

    def lines(self) -> Iterator[str]:
        """The figures, a line each."""
        yield f"  {'parameters':12} {self.parameters / 1e3:,.0f} thousand"
        yield f"  {'computation':12} {self.gmacs_720p:.1f} G multiply-adds for 1280x720 pixels"
        memory = f"{self.memory / 1e9:.1f} GB without the pictures" if self.memory else "not known"
        yield f"  {'memory':12} {memory}"
        steps = ", ".join(f"{seconds:.3g} s" for seconds in self.steps)
        yield (
            f"  {'time':12} about {_duration(self.seconds)}, as this machine is now: "
            f"{steps or 'none'} for a step in each stage, {self.checkpoint:.2g} s for a checkpoint"
        )


def forecast(plan: Recipe, setting: Setting) -> Forecast:
    """Measure the steps of ``plan``. Writes nothing outside of a temporary folder.

    Raises:
        BadConfig: the recipe names something that does not exist.
        FileNotFoundError: files are missing that its losses need.
    """
    with TemporaryDirectory() as folder:
        run = Run(plan, replace(setting, folder=Path(folder)))
        corpora = {s: _noise(run, s) for s in (plan.scale, *plan.scales)}
        steps = tuple(_timed_steps(run, corpora))
        checkpoint = _timed_score(run)
    shares = np.diff([0.0, *(stage.until for stage in plan.stages)])
    seconds = plan.iterations * float(np.dot(shares, steps)) if steps else 0.0
    checkpoints = max(1, plan.iterations // (setting.every or plan.iterations))
    return Forecast(
        sum(parameter.numel() for parameter in run.net.parameters()),
        _multiply_adds(run.net, plan.scale, 3 if run.color == "rgb" else 1),
        _memory(setting.device),
        steps,
        checkpoint,
        seconds + checkpoints * checkpoint,
    )


def _noise(run: Run, scale: int) -> Corpus:
    """One tile of noise, large enough for the patches of all stages."""
    patches = [patch_at(run.recipe, stage, scale) * scale for stage in run.recipe.stages]
    side = max([_LEAST_TILE, *patches])
    side += -side % scale
    channels = 3 if run.color == "rgb" else 1
    tile = np.random.default_rng(0).integers(0, 256, (side, side, channels), np.uint8)
    corpus = pair([tile], scale, run.color)
    is_taught = run.recipe.teachers or run.recipe.lessons_file
    corpus = replace(corpus, taught=corpus.hr.half()) if is_taught else corpus
    return corpus.to(run.setting.device)


def _timed_steps(run: Run, corpora: Corpora) -> Iterator[float]:
    """Seconds of a step in each stage, after one that is only counted if it takes long."""
    begin = 0.0
    for stage in run.recipe.stages:
        first = int(begin * run.recipe.iterations)
        seconds = _timed_step(run, corpora, first)
        if seconds < _LONG:
            seconds = sum(_timed_step(run, corpora, first) for _ in range(_STEPS)) / _STEPS
        yield seconds
        begin = stage.until


def _timed_step(run: Run, corpora: Corpora, iteration: int) -> float:
    run.iteration = iteration
    start = time.perf_counter()
    run.step(corpora).item()  # which waits for the device
    return time.perf_counter() - start


def _timed_score(run: Run) -> float:
    start = time.perf_counter()
    run.score()
    return time.perf_counter() - start


def _multiply_adds(net: nn.Module, scale: int, channels: int) -> float:
    device = next(net.parameters()).device
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.rand(1, channels, _PROBE, _PROBE, device=device))
    per_pixel = counter.get_total_flops() / 2 / (_PROBE * scale) ** 2
    return per_pixel * _OUTPUT_720P / 1e9


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
