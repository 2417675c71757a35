from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

from training.optim.muon import Muon
from training.optim.optimizer import lr_factor, make_optimizer, make_schedule
from training.recipes.recipe import Recipe

RECIPE = Recipe("espcn", 2, 100, 1e-3, (), warmup=3)


def test_warms_up_and_decays() -> None:
    factors = [lr_factor(RECIPE, i) for i in range(101)]
    assert factors[0] == pytest.approx(1 / 3)
    assert max(factors) == factors[2] == 1
    assert factors[2:] == sorted(factors[2:], reverse=True)
    assert factors[-1] == pytest.approx(RECIPE.final_lr / RECIPE.lr)


def test_steps_down_to_a_tenth() -> None:
    recipe = replace(RECIPE, schedule="step", drops=(0.5, 0.9))
    assert [lr_factor(recipe, i) for i in (10, 49, 50, 89, 90)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01]
    )


def test_halves_on_a_plateau_as_keras_counts() -> None:
    """After ``patience`` scores without a gain, and not after one more."""
    net = nn.Conv2d(1, 1, 1)
    recipe = replace(RECIPE, schedule="plateau", patience=2)
    optimizer = make_optimizer(net, recipe)
    schedule = make_schedule(optimizer, recipe)
    assert isinstance(schedule, ReduceLROnPlateau)
    rates = []
    for psnr in (30.0, 31.0, 31.0, 30.9, 31.0):
        schedule.step(psnr)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-3, 1e-3, 1e-3, 5e-4, 5e-4])


def test_gives_layers_their_own_rates() -> None:
    net = nn.ModuleDict({"first": nn.Conv2d(1, 2, 3), "last": nn.Conv2d(2, 1, 3)})
    optimizer = make_optimizer(net, replace(RECIPE, optimizer="sgd", rates={"last": 0.1}))
    assert isinstance(optimizer, SGD)
    before = {name: value.clone() for name, value in net.named_parameters()}
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    moves = {n: (before[n] - v).flatten()[0].item() for n, v in net.named_parameters()}
    assert moves["first.weight"] == pytest.approx(1e-3, rel=1e-3)
    assert moves["last.weight"] == pytest.approx(1e-4, rel=1e-3)


def test_muon_updates_inner_weights_and_adam_the_others() -> None:
    net = nn.Sequential(*(nn.Conv2d(4, 4, 3) for _ in range(4)))
    optimizer = make_optimizer(net, replace(RECIPE, optimizer="muon", rates={"2": 0.5}))
    assert isinstance(optimizer, Muon)
    inner = [group for group in optimizer.param_groups if group["inner"]]
    weights = [parameter for group in inner for parameter in group["params"]]
    assert [group["lr"] for group in inner] == [RECIPE.lr, 0.5 * RECIPE.lr]
    assert [id(weight) for weight in weights] == [id(net[1].weight), id(net[2].weight)]


def test_muon_can_update_the_first_layer_too() -> None:
    net = nn.Sequential(*(nn.Conv2d(4, 4, 3) for _ in range(3)))
    optimizer = make_optimizer(net, replace(RECIPE, optimizer="muon+first"))
    assert [group["inner"] for group in optimizer.param_groups] == [True, False]
    weights = optimizer.param_groups[0]["params"]
    assert [id(weight) for weight in weights] == [id(net[0].weight), id(net[1].weight)]


def test_adam_takes_the_betas_of_the_recipe() -> None:
    optimizer = make_optimizer(nn.Conv2d(1, 1, 1), replace(RECIPE, betas=(0.5, 0.999)))
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)
