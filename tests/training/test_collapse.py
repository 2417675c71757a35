from typing import Any

import pytest
import torch

from training.collapse import collapse, starting_weights
from training.models import MODELS
from training.models.edsr import EDSR, Config
from training.recipe import Recipe


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_collapses_a_staged_tail_exactly(scale: int) -> None:
    config = Config(scale=scale, channels=16, blocks=1)
    net = EDSR(config).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    direct, direct_config = collapse(net, config)
    x = torch.rand(1, 3, 13, 18)
    with torch.inference_mode():
        staged_out, direct_out = net(x), direct(x)
    inside = (..., slice(2 * scale, -2 * scale), slice(2 * scale, -2 * scale))
    torch.testing.assert_close(direct_out[inside], staged_out[inside], atol=1e-5, rtol=1e-5)
    assert direct_config.tail == "direct"


def test_leaves_other_networks_alone() -> None:
    config = MODELS["espcn"].config(scale=2)
    net = MODELS["espcn"].build(config)
    assert collapse(net, config) == (net, config)


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


def test_a_staged_tail_starts_from_the_weights_as_they_are() -> None:
    recipe = Recipe("edsr", 2, 1, 1e-4, ())
    weights = {"head.weight": torch.zeros(1)}
    assert starting_weights(recipe, recipe, weights) is weights
