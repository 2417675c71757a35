"""The training step, on the patches that ``batches`` draws, and the state of a run."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import astuple, replace
from typing import Any, cast

import torch
from torch import nn
from torch.func import functional_call
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel

from sr_batch.bench.quality import Score
from training.data.patches import Batch
from training.evaluate.paired import score_pairs
from training.evaluate.protocol import protocol_of
from training.evaluate.standard_sets import score_pictures
from training.losses.objective import make_objective
from training.losses.pixel import Weights
from training.models import build, configure
from training.models.starts import start_as_
from training.models.torch_session import TorchSession, unmeasured_spec
from training.optim.averaging import averaging
from training.optim.mixed_precision import keep_ends_in_fp32
from training.optim.optimizer import make_optimizer, make_schedule
from training.quantize.fake_quant import prepare
from training.recipes.recipe import Recipe, Stage, stage_at
from training.run import checkpoint
from training.run.batches import Corpora, draw, taught
from training.run.best_score import Best, gain_of
from training.run.setting import Setting
from training.run.teacher import open_teacher


class Run:
    """The state of one run. All of it is in the checkpoint, so that a run resumes exactly.

    Args:
        recipe: What to train.
        setting: Where to train it.
    """

    def __init__(self, recipe: Recipe, setting: Setting) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.setting = recipe, setting
        self.color = configure(recipe.model, recipe.scale, recipe.model_options).color
        self.net = self._build(recipe.scale)
        if recipe.start != "own":
            start_as_(self.net, recipe.start)
        self.forward: nn.Module = self.net  # or compiled, with the same weights
        if setting.compiler:
            self.forward = cast(nn.Module, torch.compile(self.net, backend=setting.compiler))
        self.views = {scale: self._build(scale) for scale in recipe.scales}
        self.ema = AveragedModel(
            self.net, multi_avg_fn=averaging(recipe.ema, lambda: self.iteration)
        )
        names = {name for stage in recipe.stages for name in stage.loss} | set(recipe.original)
        self.objective = make_objective(
            names,
            recipe.scale,
            recipe.lr,
            setting.features,
            setting.device,
            recipe.discriminator,
        )
        file = recipe.teacher_file
        self.teacher = open_teacher(setting.teachers, file).to(setting.device) if file else None
        self.optimizer = make_optimizer(self.net, recipe)
        self.schedule = make_schedule(self.optimizer, recipe)
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.iteration = 0
        self.losses: list[torch.Tensor] = []  # since the last row of metrics.csv
        self.stop, self.best = Best(), Best()

    def step(self, corpora: Corpora) -> torch.Tensor:
        """Update the weights once. Returns the loss, still on the device: reading it would wait.

        A team takes the same step in each of its processes.
        """
        stage = stage_at(self.recipe, self.iteration)
        self.optimizer.zero_grad(set_to_none=True)
        losses = []
        for _ in range(stage.accumulate):
            batch, sr = self._run_batch(corpora, stage)
            loss = self._loss(stage, batch, sr) / stage.accumulate
            loss.backward()
            self.objective.learn(stage.loss, sr, batch.hr)
            losses.append(loss.detach())
        mean = torch.stack(losses).sum()
        gradients = [p.grad for p in self.net.parameters() if p.grad is not None]
        self.setting.team.average_([*gradients, mean])
        if self.recipe.clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip)
        with self._autocast():  # Muon's matrix products need no more than bf16
            self.optimizer.step()
        if not isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step()
        self.ema.update_parameters(self.net)
        self.iteration += 1
        return mean

    def score(self) -> Score:
        """PSNR-Y and SSIM of the averaged weights, the mean over the monitored pictures.

        LR is that of the monitored pairs, or made as in training; ``evaluate.protocol`` says for
        which degradations.
        """
        if self.setting.monitored_pairs:
            return score_pairs(self.setting.monitored_pairs, self.session()).network
        return score_pictures(
            self.setting.monitor, self.session(), protocol=protocol_of(self.recipe)
        ).network

    def session(self) -> TorchSession:
        """The network with its averaged weights, as it is now."""
        spec = unmeasured_spec(self.recipe.model, self.recipe.scale, self.color)
        return TorchSession(self.ema.module.eval(), spec, self.setting.device)

    def judge(self, figures: Mapping[str, float]) -> None:
        """Pass the figures of a checkpoint to the schedule and to the early stop.

        Args:
            figures: The value of each ``Quantity``.
        """
        recipe = self.recipe
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(figures[recipe.plateau_on])
        self.stop = self.stop.after(gain_of(figures, recipe.stop_on), self.iteration)
        self.best = self.best.after(gain_of(figures, recipe.best_on), self.iteration)
        if not self.best.stale and self.setting.team.leads:
            counts = recipe.early_stop is not None
            checkpoint.save_best(self.setting.folder, self.ema.module.state_dict(), counts)

    @property
    def stops_early(self) -> bool:
        """Whether the recipe ends the run because its score does not rise any more."""
        limit = self.recipe.early_stop
        return limit is not None and self.stop.stale >= limit

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        return self.iteration >= self.recipe.iterations or self.stops_early

    def save(self) -> None:
        """Write a checkpoint to the run folder."""
        progress = {
            "iteration": self.iteration,
            "generator": self.generator.get_state(),
            "best": astuple(self.best),
            "stop": astuple(self.stop),
            "losses": torch.stack(self.losses).cpu() if self.losses else torch.empty(0),
        }
        states = {
            "net": self.net.state_dict(),
            "ema": self.ema.module.state_dict(),
            "ema_count": {"n_averaged": self.ema.n_averaged},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "objective": self.objective.state_dict(),
            "progress": progress,
        }
        checkpoint.save(self.setting.folder, states)

    def resume(self) -> bool:
        """Load the checkpoint of the run folder. False if there is none."""
        states = checkpoint.load(self.setting.folder, self.setting.device)
        if states is None:
            return False
        self.restore(states)
        return True

    def restore(self, states: Mapping[str, checkpoint.State]) -> None:
        """Load all ``states`` of a checkpoint."""
        self.net.load_state_dict(states["net"])
        self.ema.module.load_state_dict(states["ema"])
        self.ema.n_averaged.copy_(states["ema_count"]["n_averaged"])
        self.optimizer.load_state_dict(dict(states["optimizer"]))
        self.schedule.load_state_dict(dict(states["schedule"]))
        self.objective.load_state_dict(dict(states["objective"]))
        self.generator.set_state(states["progress"]["generator"])
        self.iteration = states["progress"]["iteration"]
        self.losses = list(states["progress"].get("losses", ()))  # not in older checkpoints
        self.best = Best(*states["progress"]["best"])
        self.stop = Best(*states["progress"].get("stop", states["progress"]["best"]))

    def start_from(self, weights: checkpoint.State) -> list[str]:
        """Copy the tensors whose name and shape match. Returns the names of all others."""
        own = self.net.state_dict()
        matching = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
        self.net.load_state_dict({**own, **matching})
        self.ema.module.load_state_dict(self.net.state_dict())
        return sorted(own.keys() - matching.keys())

    def _build(self, scale: int) -> nn.Module:
        net = build(self.recipe.model, scale, self.recipe.model_options).to(self.setting.device)
        if self.recipe.quantized:
            prepare(net, self.recipe.unrounded)
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.setting.amp:
            keep_ends_in_fp32(net)
        return net

    def _run_batch(self, corpora: Corpora, stage: Stage) -> tuple[Batch, torch.Tensor]:
        """A random batch, and the output of the network for it."""
        drawn = draw(self.recipe, stage, corpora, self.generator, self.setting.team)
        batch = drawn.batch
        with self._autocast():
            if self.teacher:
                amount, coring = self.recipe.sharpened, self.recipe.coring
                target = taught(self.teacher, drawn.shown, batch.hr, drawn.clean, amount, coring)
                batch = replace(batch, taught=target)
            return batch, self._forward(drawn.scale, drawn.lr).float()

    def _loss(self, stage: Stage, batch: Batch, sr: torch.Tensor) -> torch.Tensor:
        rows, columns = (slice(start, sr.shape[-1] - stage.border) for start in self._starts(stage))
        seen = sr[..., rows, columns]

        def against(target: torch.Tensor, loss: Weights = stage.loss) -> torch.Tensor:
            return self.objective(loss, seen, target[..., rows, columns])

        if batch.taught is None:
            return against(batch.hr)
        if self.teacher:
            beside = self.recipe.original
            return against(batch.taught) + (against(batch.hr, beside) if beside else 0)
        return against(batch.hr) + self.recipe.teaching * against(batch.taught)

    def _starts(self, stage: Stage) -> list[int]:
        """The first row and the first column that the losses see."""
        if not stage.jitter:
            return [stage.border] * 2
        drawn = torch.randint(stage.jitter + 1, (2,), generator=self.generator)
        return [stage.border + int(offset) for offset in drawn]

    def _forward(self, scale: int, lr: torch.Tensor) -> torch.Tensor:
        """The network at ``scale``; all scales have the same weights."""
        if scale == self.recipe.scale:
            return self.forward(lr)
        sr: torch.Tensor = functional_call(self.views[scale], dict(self.net.named_parameters()), lr)
        return sr

    def _autocast(self) -> AbstractContextManager[Any]:
        if not self.setting.amp:
            return nullcontext()
        return torch.autocast(self.setting.device.type, torch.bfloat16)
