"""The training loop: steps, with a checkpoint and a row of ``metrics.csv`` at intervals.

At the end it draws the curve and a contact sheet into the run folder.
"""

import csv
import math
from dataclasses import asdict

import torch
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from sr_batch.bench.quality import Score
from training.evaluate import contact_sheet
from training.evaluate.protocol import protocol_of
from training.run.curve import draw_curve
from training.run.trainer import Corpora, Run


class Diverged(RuntimeError):
    """The loss became NaN or infinite. The last checkpoint is still valid."""


def train(run: Run, corpora: Corpora) -> None:
    """Train to the end of the recipe, or to its early stop. Without iterations, only score.

    Raises:
        Diverged: the loss became NaN or infinite. The last checkpoint is kept.
    """
    corpora = {scale: corpus.to(run.setting.device) for scale, corpus in corpora.items()}
    with SummaryWriter(str(run.setting.folder), purge_step=run.iteration) as writer:
        if run.recipe.iterations:
            _take_steps(run, corpora, writer)
        else:
            _record(run, writer, math.nan, run.score())
            run.save()
    draw_pictures(run)


def _take_steps(run: Run, corpora: Corpora, writer: SummaryWriter) -> None:
    last, every = run.recipe.iterations, run.setting.every
    losses: list[torch.Tensor] = []
    going_on = True
    with tqdm(total=last, initial=run.iteration, unit="it", smoothing=0.05) as bar:
        while going_on and run.iteration < last:
            losses.append(run.step(corpora))
            bar.update()
            if run.iteration % every == 0 or run.iteration == last:
                going_on = _checkpoint(run, writer, _mean(losses, run.iteration))
                losses.clear()


def _checkpoint(run: Run, writer: SummaryWriter, loss: float) -> bool:
    """Score the run and save it. False ends the run."""
    score = run.score()
    _record(run, writer, loss, score)
    going_on = run.judge(score)
    run.save()
    return going_on


def draw_pictures(run: Run) -> None:
    """Draw ``curve.png``, and ``sheet.jpg`` of the averaged weights, in the run folder."""
    folder, recipe = run.setting.folder, run.recipe
    draw_curve(folder / "metrics.csv", folder / "curve.png", f"{recipe.model} x{recipe.scale}")
    contact_sheet.draw(
        contact_sheet.EXAMPLES, run.session(), folder / "sheet.jpg", protocol_of(recipe)
    )


def _mean(losses: list[torch.Tensor], iteration: int) -> float:
    mean = torch.stack(losses).mean().item()
    if not math.isfinite(mean):
        raise Diverged(f"the loss became {mean} by iteration {iteration}; lower the recipe's lr")
    return mean


def _record(run: Run, writer: SummaryWriter, loss: float, score: Score) -> None:
    row = {
        "iteration": run.iteration,
        "loss": loss,
        "lr": run.optimizer.param_groups[0]["lr"],
        **{f"monitor_{name}": value for name, value in asdict(score).items()},
    }
    for name, value in row.items():
        writer.add_scalar(name, value, run.iteration)
    path = run.setting.folder / "metrics.csv"
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(row))
        if is_new:
            table.writeheader()
        table.writerow(row)
    tqdm.write(" ".join(f"{name} {value:.6g}" for name, value in row.items()))
