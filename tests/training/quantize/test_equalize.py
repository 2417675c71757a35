"""An equalized network computes the same, and its channels have similar ranges."""

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from tests.training.small import CONFIGS
from training.models import MODELS, build
from training.models.layers import conv_layers, inner_layers
from training.quantize.equalize import equalize_

ROUNDED = ("espcn", "edsr", "edsr_other", "fast", "fast_other")


def uneven(config: str) -> tuple[nn.Module, list[torch.Tensor]]:
    """A network whose channels differ by a thousand, and pictures for it."""
    torch.manual_seed(0)
    name, options = CONFIGS[config]
    scale = MODELS[name].scales[0]
    net = build(name, scale, options).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0, 0.1)
    with torch.no_grad():
        for layer in conv_layers(net):
            weight = net.get_parameter(f"{layer}.weight")
            weight.mul_(torch.logspace(-1.5, 1.5, len(weight))[:, None, None, None])
    channels = 1 if MODELS[name].config(scale=scale).color == "y" else 3
    return net, [torch.rand(channels, 20 + n, 24) for n in range(3)]


def outputs(net: nn.Module, images: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    with torch.inference_mode():
        return [net(image[None]) for image in images]


@pytest.mark.parametrize("config", CONFIGS)
def test_the_network_computes_the_same(config: str) -> None:
    net, images = uneven(config)
    before = outputs(net, images)
    equalize_(net, images)
    for old, new in zip(before, outputs(net, images), strict=True):
        torch.testing.assert_close(new, old, rtol=1e-3, atol=1e-3 * old.abs().max().item())


@pytest.mark.parametrize("config", ROUNDED)
def test_rounded_channels_get_similar_ranges(config: str) -> None:
    net, images = uneven(config)
    before = spreads(net, images)
    equalize_(net, images)
    after = spreads(net, images)
    assert before.keys() == after.keys() == set(inner_layers(net))
    for layer, spread in after.items():
        assert spread < 0.5 * before[layer] or spread < 5


def test_channels_of_zeros_are_left_alone() -> None:
    net, images = uneven("fast")
    with torch.no_grad():
        net.get_parameter("body.0.layers.0.weight")[:4] = 0
        net.get_parameter("body.0.layers.0.bias")[:4] = 0
    before = outputs(net, images)
    equalize_(net, images)
    assert all(torch.isfinite(parameter).all() for parameter in net.parameters())
    torch.testing.assert_close(outputs(net, images), before, rtol=1e-3, atol=0.1)


def spreads(net: nn.Module, images: Sequence[torch.Tensor]) -> dict[str, float]:
    """Rounded layer -> range of its widest channel, as a multiple of the median."""
    found: dict[str, float] = {}

    def look(name: str, x: torch.Tensor) -> None:
        peaks = x.abs().amax((0, 2, 3))
        found[name] = max(found.get(name, 0), (peaks.max() / peaks.median()).item())

    hooks = [
        net.get_submodule(layer).register_forward_pre_hook(
            lambda _, inputs, layer=layer: look(layer, inputs[0])
        )
        for layer in inner_layers(net)
    ]
    outputs(net, images)
    for hook in hooks:
        hook.remove()
    return found
