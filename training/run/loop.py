"""A run from where it is to its end, with a checkpoint and a row of curves every so often.

At its end the run folder has the curves as a picture and a contact sheet, too.
"""

import csv
import math
from dataclasses import asdict

import torch
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from sr_batch.bench.quality import Score
from training.evaluate import contact_sheet
from training.run.curve import draw_curve
from training.run.trainer import Corpora, Run


class Diverged(RuntimeError):
    """The loss is no longer a number; the last checkpoint is still good."""


def train(run: Run, corpora: Corpora) -> None:
    """Run to the end of the recipe, or to its early stop; one of no iterations is only scored.

    Raises:
        Diverged: the loss became NaN or infinite; the last checkpoint is kept.
    """
    recipe, setting = run.recipe, run.setting
    corpora = {scale: corpus.to(setting.device) for scale, corpus in corpora.items()}
    writer = SummaryWriter(str(setting.folder), purge_step=run.iteration)
    bar = tqdm(total=recipe.iterations, initial=run.iteration, unit="it", smoothing=0.05)
    losses: list[torch.Tensor] = []
    going_on = True
    while going_on and run.iteration < recipe.iterations:
        losses.append(run.step(corpora))
        bar.update()
        if run.iteration % setting.every == 0 or run.iteration == recipe.iterations:
            mean = _mean(losses, run.iteration)
            score = run.score()
            _record(run, writer, mean, score)
            going_on = run.judge(score)
            run.save()
            losses.clear()
    if not recipe.iterations:
        _record(run, writer, math.nan, run.score())
        run.save()
    bar.close()
    writer.close()
    draw_pictures(run)


def draw_pictures(run: Run) -> None:
    """``curve.png`` and ``sheet.jpg`` of the averaged weights, in the run folder."""
    folder, recipe = run.setting.folder, run.recipe
    draw_curve(folder / "metrics.csv", folder / "curve.png", f"{recipe.model} x{recipe.scale}")
    contact_sheet.draw(contact_sheet.EXAMPLES, run.session(), folder / "sheet.jpg")


def _mean(losses: list[torch.Tensor], iteration: int) -> float:
    mean = torch.stack(losses).mean().item()
    if not math.isfinite(mean):
        raise Diverged(f"the loss is {mean} before iteration {iteration}; lower the recipe's lr")
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
