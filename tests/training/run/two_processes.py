"""What `test_team` runs in each of two processes: a whole run, and one that a signal interrupts."""

import signal
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch

from tests.training.small import corpora_for, setting, small_recipe
from training.recipes.recipe import Recipe, Stage
from training.run.batches import Corpora
from training.run.loop import Interrupted, train
from training.run.team import Team, joined
from training.run.trainer import Run

STAGES = (
    Stage(0.5, 4, 12, {"l1": 1, "ssim": 0.1}, accumulate=2, jitter=2, clean=1),
    Stage(1.0, 2, 12, {"charbonnier": 1, "psnr": 0.001}),
)
RECIPE = replace(
    small_recipe("espcn", 6),
    stages=STAGES,
    optimizer="muon",
    degradation="light",
    schedule="plateau",
    patience=1,
)


def run_in(folder: Path, photographs: Path, team: Team, recipe: Recipe = RECIPE) -> Run:
    return Run(recipe, replace(setting(folder, photographs, every=3), team=team))


def _interrupted(run: Run, corpora: Corpora) -> None:
    """Train until SIGTERM reaches the process that does not lead, in its fifth step."""
    take = run.step

    def step(given: Corpora) -> torch.Tensor:
        if run.iteration == 4 and not run.setting.team.leads:
            signal.raise_signal(signal.SIGTERM)
        return take(given)

    run.step = step  # type: ignore[method-assign, assignment]
    try:
        train(run, corpora)
    except Interrupted as end:
        assert (end.signal, run.iteration) == (signal.SIGTERM, 5)
        return
    raise AssertionError("the signal of the other process was lost")


def main(photographs: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    corpora = corpora_for(RECIPE.model, photographs)
    with joined() as team, patch("training.run.loop.draw_pictures"):
        train(run_in(folder / "whole", photographs, team), corpora)
        _interrupted(run_in(folder / "broken", photographs, team), corpora)
        torch.distributed.barrier()  # until the leader has saved what the other one resumes from
        rest = run_in(folder / "broken", photographs, team)
        assert rest.resume()
        train(rest, corpora)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
