"""Compares training steps on tiles in a mapped file with steps on tiles in memory."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch

from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from sr_batch.bench.speed import Stopwatch, ratio_in_turns
from training.data.corpus import Corpus, build_corpus
from training.data.prepare import Preparation, prepare
from training.data.sources import Data
from training.recipes import RECIPES
from training.run.run_data import RunData, run_data
from training.run.setting import Setting as RunSetting
from training.run.trainer import Run

_PLAN = RECIPES["first_x2"]
_PICTURES, _STEPS, _ROUNDS = 24, 5, 9


def training_steps(setting: Setting) -> Iterator[Row]:
    """Prepare pairs of folders, and train a small network on them from memory and from disk."""
    torch.set_num_threads(setting.threads)
    photographs(setting.photos, setting.folder / "photographs", _PICTURES, (0.5, 1.0))
    pairs = setting.folder / "pairs"
    how = Preparation(Data(), _PLAN.scale, "bicubic", 1)
    list(prepare(setting.folder / "photographs", pairs, how))
    pictures = run_data(_PLAN, pairs)
    memory, disk = (
        _stopwatch(_corpus(pictures, setting.folder, free), setting.folder) for free in (None, 1)
    )
    ratio = median(1 / ratio_in_turns(memory, disk) for _ in range(_ROUNDS))
    reached = ratio >= 0.95
    yield Row("first_x2, a step on pairs: memory / disk", f"{ratio:.2f}", ">= 0.95", reached)


def _corpus(pictures: RunData, folder: Path, free: int | None) -> Corpus:
    """The tiles; in a mapped file if there are only ``free`` bytes of memory."""
    with patch("training.data.corpus.free_memory", return_value=free):
        return build_corpus(pictures.train, _PLAN.scale, "y", pictures.cutting, folder / "tiles")


def _stopwatch(corpus: Corpus, folder: Path) -> Stopwatch:
    run = Run(_PLAN, RunSetting(folder, torch.device("cpu"), False, ()))

    def watch() -> float:
        started = time.perf_counter()
        for _ in range(_STEPS):
            run.step({_PLAN.scale: corpus})
        return time.perf_counter() - started

    watch()  # allocates memory
    return watch
