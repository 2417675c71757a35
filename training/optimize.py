"""The optimizer and the learning-rate schedule of a recipe."""

import math

from torch import nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from training.models.layers import conv_layers, inner_layers
from training.muon import Muon
from training.recipe import Recipe

Schedule = LambdaLR | ReduceLROnPlateau


def make_optimizer(net: nn.Module, recipe: Recipe) -> Optimizer:
    """One group of parameters for each distinct rate; what learns by Muon apart."""
    inner = _by_muon(net, recipe)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        factor = next((f for start, f in recipe.rates.items() if name.startswith(start)), 1.0)
        groups.setdefault((factor, name in inner), []).append(parameter)
    rates = [
        {"params": group, "lr": recipe.lr * factor, "inner": is_inner}
        for (factor, is_inner), group in groups.items()
    ]
    if recipe.optimizer in ("muon", "muon+first"):
        return Muon(rates)
    if recipe.optimizer == "sgd":
        return SGD(rates, momentum=0.9)
    return Adam(rates, betas=(0.9, 0.99))


def _by_muon(net: nn.Module, recipe: Recipe) -> set[str]:
    """Names of the weights that do."""
    if recipe.optimizer not in ("muon", "muon+first"):
        return set()
    layers = conv_layers(net)[:-1] if recipe.optimizer == "muon+first" else inner_layers(net)
    return {f"{layer}.weight" for layer in layers}


def make_schedule(optimizer: Optimizer, recipe: Recipe) -> Schedule:
    """Told of every step, or, if it waits for a plateau, of every score."""
    if recipe.schedule == "plateau":
        return ReduceLROnPlateau(optimizer, "max", factor=0.5, patience=recipe.patience)
    return LambdaLR(optimizer, lambda i: lr_factor(recipe, i))


def lr_factor(recipe: Recipe, iteration: int) -> float:
    """Learning rate at ``iteration`` over the recipe's: linear warm-up, then the schedule."""
    if iteration < recipe.warmup:
        return (iteration + 1) / recipe.warmup
    if recipe.schedule == "step":
        return 0.1 ** sum(iteration >= drop * recipe.iterations for drop in recipe.drops)
    done = (iteration - recipe.warmup) / max(1, recipe.iterations - recipe.warmup)
    floor = recipe.final_lr / recipe.lr
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(done, 1))) / 2
