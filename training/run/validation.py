"""The loss on the monitored pictures, and what TensorBoard shows of one of them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from sr_batch.bench.pictures import read_picture
from training.data.corpus import Corpus
from training.data.degrade import degradation
from training.data.patches import sample
from training.data.pictures import to_color
from training.data.resize import crop_to_multiple
from training.evaluate.paired import center
from training.evaluate.protocol import protocol_of
from training.recipes.recipe import stage_at
from training.run.trainer import Run

_SIDE = 64  # LR pixels of the middle of each picture; a whole one would take as long as scoring


@dataclass(frozen=True)
class Validated:
    """The loss of the averaged weights, and LR | SR | HR of the first picture.

    Attributes:
        loss: Mean over the monitored pictures, by the losses of the stage but the adversarial one;
            NaN if there are no others.
        shown: uint8 (H, 3 * W, C).
    """

    loss: float
    shown: np.ndarray


@torch.no_grad()
def validate(run: Run) -> Validated:
    """Validate the averaged weights of ``run`` on the middle of each monitored picture."""
    net, losses = run.ema.module.eval(), []
    shown: list[np.ndarray] = []
    for lr, hr in _pairs(run):
        sr = net(lr).float()
        losses.append(_loss(run, sr, hr))
        if not shown:
            wide = lr.repeat_interleave(run.recipe.scale, 2).repeat_interleave(run.recipe.scale, 3)
            shown.append(_pixels(torch.cat([wide, sr, hr], 3)))
    return Validated(sum(losses) / len(losses), shown[0])


@torch.no_grad()
def validation_error(run: Run) -> float:
    """Mean squared error of the averaged weights on the middle of each monitored picture, 0..1."""
    net = run.ema.module.eval()
    errors = [F.mse_loss(net(lr).float(), hr).item() for lr, hr in _pairs(run)]
    return sum(errors) / len(errors)


@torch.no_grad()
def training_error(run: Run, corpus: Corpus, batches: int = 8) -> float:
    """Mean squared error of the averaged weights on ``batches`` random training batches, 0..1.

    Runs of one seed and one size of batch and patch see the same patches.
    """
    net, stage = run.ema.module.eval(), stage_at(run.recipe, max(0, run.iteration - 1))
    generator = torch.Generator().manual_seed(run.recipe.seed)
    errors = []
    for _ in range(batches):
        batch = sample(corpus, stage.batch, stage.patch, generator)
        lr = batch.lr
        if run.recipe.degradation != "bicubic":
            degrade = degradation(run.recipe.degradation, run.recipe.sigma)
            lr = degrade(batch.hr, run.recipe.scale, generator)
        errors.append(F.mse_loss(net(lr).float(), batch.hr).item())
    return sum(errors) / len(errors)


def _pairs(run: Run) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """LR and HR (1, C, H, W), 0..1, of the middle of each picture; LR as in the evaluation."""
    scale = run.recipe.scale
    for lr, hr in _of_pairs(run) if run.setting.monitored_pairs else _reduced(run):
        top, left = (max(0, (side - _SIDE) // 2) for side in lr.shape[:2])
        lr = lr[top : top + _SIDE, left : left + _SIDE]
        height, width = (side * scale for side in lr.shape[:2])
        hr = hr[top * scale :, left * scale :][:height, :width]
        yield _tensor(lr, run), _tensor(hr, run)


def _of_pairs(run: Run) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """LR (h, w, C) and HR (H, W, C), 0..255, of the monitored pairs."""
    for high, low in run.setting.monitored_pairs:
        hr, lr = center(high, low, run.recipe.scale)
        yield to_color(lr, run.color), to_color(hr, run.color)


def _reduced(run: Run) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """LR (h, w, C) and HR (H, W, C), 0..255, of the monitored pictures."""
    scale, protocol = run.recipe.scale, protocol_of(run.recipe)
    for path in run.setting.monitor:
        picture = read_picture(path)
        color = picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture
        hr = crop_to_multiple(to_color(color, run.color), scale)
        lr = protocol.reduce(picture)(hr.astype(np.float32), scale)
        yield np.rint(lr).clip(0, 255) if run.color == "rgb" else lr, hr


def _loss(run: Run, sr: torch.Tensor, hr: torch.Tensor) -> float:
    if not run.recipe.stages:
        return math.nan
    stage = stage_at(run.recipe, max(0, run.iteration - 1))
    weights = {name: weight for name, weight in stage.loss.items() if name != "adversarial"}
    if not weights:
        return math.nan
    rows, columns = (slice(stage.border, side - stage.border) for side in sr.shape[2:])
    return float(run.objective(weights, sr[..., rows, columns], hr[..., rows, columns]))


def _tensor(pixels: np.ndarray, run: Run) -> torch.Tensor:
    planes = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]
    return planes.to(run.setting.device).float() / 255


def _pixels(planes: torch.Tensor) -> np.ndarray:
    levels = (planes[0].clamp(0, 1) * 255).round().byte().cpu().numpy()
    return np.ascontiguousarray(levels.transpose(1, 2, 0))
