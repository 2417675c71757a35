"""The training loop: steps, with a checkpoint and a row of ``metrics.csv`` at intervals.

At the end it draws the curve and a contact sheet into the run folder. In a team, only the leader
measures and writes; what the others need to know, it tells them.
"""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

import torch
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from sr_batch.bench.quality import Score
from training.evaluate import contact_sheet
from training.evaluate.protocol import protocol_of
from training.run import checkpoint, metrics, record
from training.run.batches import Corpora
from training.run.best_score import text_of
from training.run.curve import draw_curve
from training.run.interruption import stop_request
from training.run.trainer import Run
from training.run.validation import validate


class Diverged(RuntimeError):
    """The loss became NaN or infinite. The last checkpoint is still valid."""


class Interrupted(Exception):
    """SIGINT or SIGTERM ended the run, after a checkpoint. ``signal`` is its number."""

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal = signal


def train(run: Run, corpora: Corpora) -> None:
    """Train to the end of the recipe, or to its early stop. Without iterations, only score.

    Raises:
        Diverged: the loss became NaN or infinite. The last checkpoint is kept.
        Interrupted: a signal asked for the end. A checkpoint of this moment is saved.
    """
    corpora = {scale: corpus.to(run.setting.device) for scale, corpus in corpora.items()}
    with _writer(run) as writer:
        if run.recipe.iterations:
            _take_steps(run, corpora, writer)
        else:
            _record(run, writer, math.nan, run.score(), math.nan)
            run.save()
    if run.setting.team.leads:
        draw_pictures(run)


def _writer(run: Run) -> AbstractContextManager[SummaryWriter | None]:
    """What writes for TensorBoard, in the leader. Rows and points that were not saved are gone."""
    if not run.setting.team.leads:
        return nullcontext()
    metrics.forget_after(run.setting.folder, run.iteration if run.recipe.iterations else -1)
    # The event at this iteration belongs to the checkpoint; only later ones are lost.
    return SummaryWriter(str(run.setting.folder), purge_step=run.iteration + 1)


def _take_steps(run: Run, corpora: Corpora, writer: SummaryWriter | None) -> None:
    last, every, team = run.recipe.iterations, run.setting.every, run.setting.team
    with (
        tqdm(total=last, initial=run.iteration, unit="it", smoothing=0.05) as bar,
        stop_request() as request,
    ):
        while not run.is_over:
            run.losses.append(run.step(corpora))
            bar.update()
            request.signal = team.largest(request.signal)
            if run.iteration % every == 0 or run.iteration == last:
                _checkpoint(run, writer)
            elif request.signal:
                _save(run)
            if request.signal and not run.is_over:
                raise Interrupted(_interruption(run), request.signal)
    tqdm.write(ending(run))


def _checkpoint(run: Run, writer: SummaryWriter | None) -> None:
    """Score the run and save it."""
    loss, team = _mean(run), run.setting.team
    figures = team.told(_measured(run, writer, loss) if team.leads else {})
    run.judge(figures)
    run.losses.clear()
    _save(run)
    run.setting.watcher(run.iteration, figures)


def _measured(run: Run, writer: SummaryWriter | None, loss: float) -> Mapping[str, float]:
    """The value of each ``Quantity``, which is recorded, too."""
    score, validated = run.score(), validate(run)
    _record(run, writer, loss, score, validated.loss)
    if writer:
        writer.add_image("LR | SR | HR", validated.shown, run.iteration, dataformats="HWC")
    return {**asdict(score), "loss": loss, "validation_loss": validated.loss}


def _save(run: Run) -> None:
    _mean(run)  # NaN must not replace the last checkpoint
    if not run.setting.team.leads:
        return
    run.save()
    kept = run.best.iteration if run.recipe.early_stop else run.iteration
    record.advance(run.setting.folder, run.iteration, kept, ending(run) if run.is_over else "")


def _interruption(run: Run) -> str:
    return (
        f"interrupted: iteration {run.iteration} of {run.recipe.iterations} is saved in "
        f"{run.setting.folder}; the same command resumes there"
    )


def ending(run: Run) -> str:
    """Why nothing is left to train, in one sentence."""
    if not run.stops_early:
        return f"Trained for all {run.recipe.iterations} iterations."
    return (
        f"Stopped early at iteration {run.iteration} of {run.recipe.iterations}: no gain in "
        f"{run.stop.stale} checkpoints. The weights of iteration {run.best.iteration} are kept "
        f"({text_of(run.best.gain, run.recipe.best_on)})."
    )


def draw_pictures(run: Run) -> None:
    """Draw ``curve.png``, and ``sheet.jpg`` of the averaged weights, in the run folder."""
    folder, recipe = run.setting.folder, run.recipe
    draw_curve(folder / "metrics.csv", folder / "curve.png", f"{recipe.model} x{recipe.scale}")
    contact_sheet.draw(
        contact_sheet.EXAMPLES, run.session(), folder / "sheet.jpg", protocol_of(recipe)
    )


def _mean(run: Run) -> float:
    """The mean loss since the last row of metrics.csv; NaN if there was no step since then."""
    if not run.losses:
        return math.nan
    mean = torch.stack(run.losses).mean().item()
    if not math.isfinite(mean):
        folder = run.setting.folder
        saved = (
            f"the last checkpoint in {folder} is kept"
            if checkpoint.exists(folder)
            else "no checkpoint was saved until then"
        )
        raise Diverged(
            f"the loss became {mean} by iteration {run.iteration}; {saved}. "
            f"Lower the learning rate: --set lr={run.recipe.lr / 4:g}"
        )
    return mean


def _record(
    run: Run, writer: SummaryWriter | None, loss: float, score: Score, validation_loss: float
) -> None:
    row = {
        "iteration": run.iteration,
        "loss": loss,
        "lr": run.optimizer.param_groups[0]["lr"],
        **{f"monitor_{name}": value for name, value in asdict(score).items()},
        "validation_loss": validation_loss,
    }
    if writer:
        for name, value in row.items():
            writer.add_scalar(name, value, run.iteration)
    metrics.append(run.setting.folder, row)
    tqdm.write(" ".join(f"{name} {value:.6g}" for name, value in row.items()))
