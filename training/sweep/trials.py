"""Runs the trials of a sweep, one after the other, each in a run folder of its own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from training.data.corpus import build_corpus
from training.recipes.fields import as_table, with_values
from training.recipes.recipe import Recipe
from training.run import checkpoint
from training.run.loop import Diverged
from training.run.places import Places
from training.run.run_data import RunData, run_data
from training.run.setting import Setting
from training.run.start import alone_in, carry_out, settled
from training.run.trainer import Run
from training.run.validation import training_error, validate, validation_error
from training.sweep import figures, table
from training.sweep.plan import Sweep
from training.sweep.result import Result, result_of, sorted_by_goal
from training.sweep.space import text_of
from training.sweep.study import State, Study, Trial

STUDY = "study.db"
_MEASURED = 32  # training pictures whose patches are measured; all of them would take minutes


class Pruned(Exception):
    """The study ended the trial early, after a checkpoint."""


@dataclass(frozen=True)
class Bench:
    """Where a sweep runs: its folder, how its trials are set up, and the folders of all runs."""

    folder: Path
    setting: Setting
    places: Places


def sweep_all(sweep: Sweep, bench: Bench, say: Callable[[str], None]) -> list[Path]:
    """Run the trials of ``sweep`` that are left, and write what was found.

    Args:
        sweep: What to try.
        bench: Where. A study in its folder goes on, and so does the run that a killed process
            had begun.
        say: Takes a line for each trial.

    Returns:
        The table as Markdown and as CSV, and the plots.

    Raises:
        Interrupted: a signal asked for the end. The run is saved, and the table is written.
        UsageError, BadConfig, Busy, FileNotFoundError, TooSmall: as in `carry_out` and `Study`.
    """
    with alone_in(bench.folder):
        study = Study(bench.folder / STUDY, sweep)
        try:
            for trial in study.trials():
                say(f"trial {trial.number + 1} of {sweep.trials}: {text_of(trial.values)}")
                say(_carried_out(study, trial, sweep, bench))
                table.write(results(study, sweep), sweep, bench.folder)
        finally:
            written = _write(results(study, sweep), sweep, bench.folder)
    return written


def results(study: Study, sweep: Sweep) -> list[Result]:
    """All trials that have ended, the best one first."""
    return sorted_by_goal([result_of(*each) for each in study.ended()], sweep.goal)


def _write(found: list[Result], sweep: Sweep, folder: Path) -> list[Path]:
    if not found:
        return []
    return [*table.write(found, sweep, folder), *figures.draw_all(found, folder)]


def _carried_out(study: Study, trial: Trial, sweep: Sweep, bench: Bench) -> str:
    """Train and measure ``trial``. Returns what came of it, as one line."""
    plan = with_values(sweep.base, trial.values)
    setting = replace(bench.setting, folder=bench.folder / folder_name(trial.number))
    setting = replace(setting, watcher=_watcher(trial, sweep))
    trial.note("folder", setting.folder.name)
    trial.note("recipe", as_table(plan))
    trial.note("values", dict(trial.values))
    state: State = "complete"
    try:
        carry_out(plan, setting, bench.places)
    except Pruned:
        state = "pruned"
    except Diverged as error:
        trial.note("state", "diverged")
        study.tell(trial, "failed", None)
        return f"  diverged: {error}"
    found = _measured(plan, setting, bench.places)
    trial.note("figures", found)
    trial.note("state", state)
    study.tell(trial, state, found[sweep.goal])
    return f"  {state}: {found['psnr']:.3f} dB, SSIM {found['ssim']:.4f}"


def folder_name(number: int) -> str:
    """The folder of trial ``number``; they count from 0 in the study, and from 1 for people."""
    return f"trial-{number + 1:03}"


def _watcher(trial: Trial, sweep: Sweep) -> Callable[[int, Mapping[str, float]], None]:
    """Notes the time and the goal of each checkpoint, and ends the run if it should be pruned."""
    before, begun = float(trial.notes.get("seconds", 0)), time.monotonic()

    def watch(iteration: int, found: Mapping[str, float]) -> None:
        trial.note("seconds", before + time.monotonic() - begun)
        if trial.report(iteration, found[sweep.goal]):
            raise Pruned

    return watch


def _measured(plan: Recipe, setting: Setting, places: Places) -> dict[str, Any]:
    """The figures of the trained weights of ``plan``, and how many iterations they had."""
    pictures = run_data(plan, places.data)
    run = Run(*settled(plan, setting, pictures, places.data))
    run.resume()
    weights = checkpoint.load_weights(setting.folder.name, setting.folder.parent, Path())
    run.ema.module.load_state_dict(dict(weights))
    return {
        **asdict(run.score()),
        "validation_loss": validate(run).loss,
        "training_mse": _training_error(run, pictures, places),
        "validation_mse": validation_error(run),
        "iterations": run.iteration,
        "parameters": sum(weight.numel() for weight in run.net.parameters()),
    }


def _training_error(run: Run, pictures: RunData, places: Places) -> float:
    some = pictures.train[:: -(-len(pictures.train) // _MEASURED)]
    corpus = build_corpus(some, run.recipe.scale, run.color, pictures.cutting, places.runs)
    device: torch.device = run.setting.device
    return training_error(run, corpus.to(device))
