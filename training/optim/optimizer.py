"""The optimizer and the learning-rate schedule of a recipe."""

import math
from typing import Literal

from torch import nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from training.models.layers import conv_layers
from training.optim.muon import Muon
from training.recipes.recipe import Recipe

Schedule = LambdaLR | ReduceLROnPlateau

# Optimizer -> the convolutions of a network that Muon updates.
_BY_MUON = {"muon": slice(1, -1), "muon+first": slice(-1)}


def make_optimizer(net: nn.Module, recipe: Recipe) -> Optimizer:
    """The optimizer of ``recipe``: one group for each learning rate, separate ones for Muon."""
    by_muon = conv_layers(net)[_BY_MUON.get(recipe.optimizer, slice(0))]
    inner = {f"{layer}.weight" for layer in by_muon}
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        factor = next((f for start, f in recipe.rates.items() if name.startswith(start)), 1.0)
        groups.setdefault((factor, name in inner), []).append(parameter)
    rates = [
        {"params": group, "lr": recipe.lr * factor, "inner": is_inner}
        for (factor, is_inner), group in groups.items()
    ]
    if recipe.optimizer in _BY_MUON:
        return Muon(rates)
    if recipe.optimizer == "sgd":
        return SGD(rates, momentum=0.9)
    return Adam(rates, betas=recipe.betas)


def make_schedule(optimizer: Optimizer, recipe: Recipe) -> Schedule:
    """The schedule of ``recipe``.

    A plateau schedule steps with every score, and has no warm-up; others step with every step.
    """
    if recipe.schedule == "plateau":
        patience = recipe.patience - 1  # torch acts one score later than Keras and this recipe
        mode: Literal["min", "max"] = "min" if "loss" in recipe.plateau_on else "max"
        return ReduceLROnPlateau(optimizer, mode, factor=0.5, patience=patience)
    return LambdaLR(optimizer, lambda i: lr_factor(recipe, i))


def lr_factor(recipe: Recipe, iteration: int) -> float:
    """Factor of the learning rate at ``iteration``: linear warm-up, then the schedule."""
    if iteration < recipe.warmup:
        return (iteration + 1) / recipe.warmup
    if recipe.schedule == "step":
        return 0.1 ** sum(iteration >= drop * recipe.iterations for drop in recipe.drops)
    done = (iteration - recipe.warmup) / max(1, recipe.iterations - recipe.warmup)
    floor = recipe.final_lr / recipe.lr
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(done, 1))) / 2
