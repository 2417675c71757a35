"""The command ``sweep``."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from training.cli.options import (
    DATA,
    FEATURES,
    KEPT,
    RUNS,
    Amp,
    Data,
    Device,
    Every,
    Kept,
    Runs,
    Threads,
)
from training.cli.recipes import checked_name
from training.cli.running import chosen_device, has_fast_bf16
from training.run.places import Places
from training.run.setting import Setting
from training.sweep.plan import read_sweep
from training.sweep.trials import Bench, sweep_all


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="What to try.")],
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    name: Annotated[str, typer.Option(help="Name of the sweep. Default: that of the file.")] = "",
    device: Device = "",
    amp: Amp = None,
    threads: Threads = None,
    every: Every = None,
) -> None:
    """Train a recipe many times with other values, and write a table and plots of all runs.

    Ctrl-C saves a checkpoint and ends the sweep. The same command resumes it.
    """
    plan = read_sweep(file)
    folder = runs / checked_name(name or file.stem)
    if threads:
        torch.set_num_threads(threads)
    chosen = chosen_device(device)
    setting = Setting(
        folder=folder,
        device=chosen,
        amp=has_fast_bf16(chosen) if amp is None else amp,
        monitor=(),
        every=every or 0,
        features=data / FEATURES,
        teachers=data / "teachers",
    )
    typer.echo(f"{folder}: {plan.trials} trials, {plan.sampler}, sorted by {plan.goal}")
    for path in sweep_all(plan, Bench(folder, setting, Places(data, runs, kept)), typer.echo):
        typer.echo(path)
