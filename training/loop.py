"""The one training loop: every step of it is visible here."""

import csv
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training import checkpoint
from training.data import Corpus
from training.evaluate import Score, evaluate_images
from training.losses import total
from training.models import MODELS
from training.recipes import Recipe, Stage
from training.sampling import sample


@dataclass(frozen=True)
class Setting:
    """Where a run happens; nothing here changes what is learnt beyond rounding."""

    folder: Path
    device: torch.device
    amp: bool  # bf16 autocast + channels_last
    monitor: tuple[Path, ...]  # HR images scored at every checkpoint
    every: int = 500  # iterations between checkpoints


class Diverged(RuntimeError):
    """The loss is no longer a number; the last checkpoint is still good."""


class Run:
    """The state of one run: all of it is in the checkpoint, so that a resumed run is exact."""

    def __init__(self, recipe: Recipe, setting: Setting) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.setting = recipe, setting
        self.config = MODELS[recipe.model].config(scale=recipe.scale, **recipe.model_options)
        self.net = MODELS[recipe.model].build(self.config).to(setting.device)
        if setting.amp:
            self.net = self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema))
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=recipe.lr, betas=(0.9, 0.99))
        self.schedule = LambdaLR(self.optimizer, lambda i: lr_factor(recipe, i))
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.iteration = 0

    def step(self, corpus: Corpus) -> torch.Tensor:
        """One batch, one update. Returns the loss, still on the device: reading it would wait."""
        stage = stage_at(self.recipe, self.iteration)
        lr, hr = sample(corpus, stage.batch, stage.patch, self.generator)
        if self.setting.amp:
            lr = lr.to(memory_format=torch.channels_last)
        with self._autocast():
            sr = self.net(lr)
        loss = total(stage.loss)(sr.float(), hr)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        self.ema.update_parameters(self.net)
        self.iteration += 1
        return loss.detach()

    def score(self) -> Score:
        """PSNR-Y and SSIM of the averaged weights on the monitored images."""
        self.ema.eval()
        device = self.setting.device

        @torch.inference_mode()
        def upscaler(lr: Any) -> Any:
            return self.ema(torch.from_numpy(lr)[None].to(device))[0].float().cpu().numpy()

        return evaluate_images(self.setting.monitor, self.recipe.scale, self.config.color, upscaler)

    def save(self) -> None:
        progress = {"iteration": self.iteration, "generator": self.generator.get_state()}
        states = {
            "net": self.net.state_dict(),
            "ema": self.ema.module.state_dict(),
            "ema_count": {"n_averaged": self.ema.n_averaged},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "progress": progress,
        }
        checkpoint.save(self.setting.folder, states)

    def resume(self) -> bool:
        """Continue from the run folder. False when there is nothing to continue from."""
        states = checkpoint.load(self.setting.folder, self.setting.device)
        if states is None:
            return False
        self.net.load_state_dict(states["net"])
        self.ema.module.load_state_dict(states["ema"])
        self.ema.n_averaged.copy_(states["ema_count"]["n_averaged"])
        self.optimizer.load_state_dict(dict(states["optimizer"]))
        self.schedule.load_state_dict(dict(states["schedule"]))
        self.generator.set_state(states["progress"]["generator"])
        self.iteration = states["progress"]["iteration"]
        return True

    def start_from(self, weights: checkpoint.State) -> list[str]:
        """Take over the tensors whose name and shape agree. Returns the names left as they are."""
        own = self.net.state_dict()
        agreeing = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
        self.net.load_state_dict({**own, **agreeing})
        self.ema.module.load_state_dict(self.net.state_dict())
        return sorted(own.keys() - agreeing.keys())

    def _autocast(self) -> AbstractContextManager[Any]:
        if not self.setting.amp:
            return nullcontext()
        return torch.autocast(self.setting.device.type, torch.bfloat16)


def train(run: Run, corpus: Corpus) -> None:
    """Run to the end of the recipe, with a checkpoint and a row of curves every so often.

    Raises:
        Diverged: the loss became NaN or infinite; the last checkpoint is kept.
    """
    recipe, setting = run.recipe, run.setting
    corpus = corpus.to(setting.device)
    writer = SummaryWriter(str(setting.folder), purge_step=run.iteration)
    bar = tqdm(total=recipe.iterations, initial=run.iteration, unit="it", smoothing=0.05)
    losses: list[torch.Tensor] = []
    while run.iteration < recipe.iterations:
        losses.append(run.step(corpus))
        bar.update()
        if run.iteration % setting.every == 0 or run.iteration == recipe.iterations:
            _record(run, writer, _mean(losses, run.iteration))
            run.save()
            losses.clear()
    bar.close()
    writer.close()


def _mean(losses: list[torch.Tensor], iteration: int) -> float:
    mean = torch.stack(losses).mean().item()
    if not math.isfinite(mean):
        raise Diverged(f"the loss is {mean} before iteration {iteration}; lower the recipe's lr")
    return mean


def _record(run: Run, writer: SummaryWriter, loss: float) -> None:
    score = run.score()
    row = {
        "iteration": run.iteration,
        "loss": loss,
        "lr": run.schedule.get_last_lr()[0],
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


def stage_at(recipe: Recipe, iteration: int) -> Stage:
    """The stage that ``iteration`` falls in."""
    done = iteration / recipe.iterations
    return next(stage for stage in recipe.stages if done < stage.until)


def lr_factor(recipe: Recipe, iteration: int) -> float:
    """Learning rate at ``iteration`` over the recipe's: linear warm-up, then half a cosine."""
    if iteration < recipe.warmup:
        return (iteration + 1) / recipe.warmup
    done = (iteration - recipe.warmup) / max(1, recipe.iterations - recipe.warmup)
    floor = recipe.final_lr / recipe.lr
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(done, 1))) / 2
