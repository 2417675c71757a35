from typing import Any

import pytest
import torch

from training.models import build
from training.models.edsr import EDSR, Config
from training.models.rewrite import rewrite
from training.models.srcnn import SRCNN
from training.models.srcnn import Config as SRCNNConfig
from training.recipes.recipe import Recipe
from training.run.trained_network import starting_weights


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_collapses_a_staged_tail_exactly(scale: int) -> None:
    config = Config(scale=scale, channels=16, blocks=1)
    net = EDSR(config).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    direct = rewrite(net)
    x = torch.rand(1, 3, 13, 18)
    with torch.inference_mode():
        staged_out, direct_out = net(x), direct(x)
    inside = (..., slice(2 * scale, -2 * scale), slice(2 * scale, -2 * scale))
    torch.testing.assert_close(direct_out[inside], staged_out[inside], atol=1e-5, rtol=1e-5)
    assert isinstance(direct, EDSR)
    assert direct.config.tail == "direct"


def test_leaves_other_networks_alone() -> None:
    net = build("espcn", 2, {})
    assert rewrite(net) is net


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 8), (7, 6), (17, 3)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_srcnn_in_blocks_computes_the_same_at_every_size(scale: int, size: tuple[int, int]) -> None:
    net = SRCNN(SRCNNConfig(scale, features=8, mapping=4)).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    x = torch.rand(2, 1, *size)
    with torch.inference_mode():
        expected, found = net(x), rewrite(net)(x)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_a_direct_tail_starts_as_the_collapse_of_a_staged_one() -> None:
    small: dict[str, Any] = {"channels": 8, "blocks": 1}
    source = Recipe("edsr", 2, 1, 1e-4, (), small)
    trained = EDSR(Config(2, **small))
    for parameter in trained.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    next_run = Recipe("edsr", 2, 1, 1e-4, (), {**small, "tail": "direct"})
    net = EDSR(Config(2, **small, tail="direct"))
    net.load_state_dict(dict(starting_weights(next_run, source, trained.state_dict())))
    x = torch.rand(1, 3, 12, 11)
    inside = (..., slice(4, -4), slice(4, -4))
    torch.testing.assert_close(net(x)[inside], trained(x)[inside], atol=1e-5, rtol=1e-5)


def test_a_staged_tail_starts_from_unchanged_weights() -> None:
    recipe = Recipe("edsr", 2, 1, 1e-4, ())
    weights = {"head.weight": torch.zeros(1)}
    assert starting_weights(recipe, recipe, weights) is weights
