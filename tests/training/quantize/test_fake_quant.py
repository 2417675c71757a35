import pytest
import torch
from torch import nn

from tests.training.small import SMALL
from training.models import build
from training.models.layers import conv_layers, inner_layers
from training.quantize.fake_quant import (
    WEIGHT_LEVELS,
    QuantConv2d,
    prepare,
    rectified_layers,
    round_activations,
    round_weights,
)


def test_activations_have_256_levels_and_zero_is_one() -> None:
    x = torch.cat([torch.linspace(-1, 3, 5000), torch.zeros(1)])
    rounded = round_activations(x)
    assert len(rounded.unique()) <= 256
    assert rounded[-1] == 0
    torch.testing.assert_close(rounded, x, atol=0.6 * 4 / 255, rtol=0)


def test_every_filter_has_its_own_levels() -> None:
    weight = torch.randn(3, 4, 3, 3) * torch.tensor([1.0, 10.0, 0.1]).view(3, 1, 1, 1)
    for filter_, found in zip(weight, round_weights(weight), strict=True):
        step = filter_.abs().max() / WEIGHT_LEVELS
        torch.testing.assert_close(found, filter_, atol=0.51 * step.item(), rtol=0)
        levels = (found / step).unique()
        torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_rounds_all_layers_except_the_first_and_the_last(name: str) -> None:
    scale = 4 if name in ("autoencoder", "rrdb", "esrgan", "refiner", "resnet") else 2
    plain = build(name, scale, SMALL[name]).eval()
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    rounding = prepare(build(name, scale, SMALL[name])).eval()
    rounding.load_state_dict(plain.state_dict())  # the same names and shapes
    convs = [module for module in plain.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(inner_layers(plain)) == len(convs) - 2
    x = torch.rand(1, convs[0].in_channels, 12, 12)
    with torch.inference_mode():
        difference = (plain(x) - rounding(x)).abs().max()
    assert 0 < difference < 0.5 * plain(x).abs().max()


def test_a_named_layer_stays_in_float() -> None:
    net = prepare(build("edsr", 2, SMALL["edsr"]), ["body.2"])
    kinds = {name: type(net.get_submodule(name)) for name in conv_layers(net)}
    assert kinds["body.1.conv2"] is QuantConv2d
    assert kinds["body.2"] is kinds["head"] is nn.Conv2d
    with pytest.raises(AssertionError, match="no inner layer"):
        prepare(build("edsr", 2, SMALL["edsr"]), ["body.3"])


def test_gradients_pass_through_the_rounding() -> None:
    weight = torch.randn(2, 2, 3, 3, requires_grad=True)
    x = torch.rand(1, 2, 5, 5, requires_grad=True)
    torch.conv2d(round_activations(x), round_weights(weight)).sum().backward()
    assert weight.grad is not None
    assert x.grad is not None
    assert weight.grad.abs().min() > 0
    assert x.grad.abs().max() > 0


def test_finds_layers_followed_by_a_relu() -> None:
    assert rectified_layers(build("fast", 2, SMALL["fast"])) == set()
    assert rectified_layers(build("fast", 2, SMALL["fast"] | {"slope": 0.0})) == {
        "body.0.layers.0",
        "body.1.layers.0",
    }
    assert {"body.0.conv1", "body.1.conv1"} <= rectified_layers(build("edsr", 2, SMALL["edsr"]))


def test_before_a_relu_an_output_has_256_levels_above_zero() -> None:
    net = nn.Sequential(*(nn.Conv2d(2, 2, 3) for _ in range(2)), nn.ReLU(), nn.Conv2d(2, 1, 3))
    rounding = prepare(net).get_submodule("1")
    assert isinstance(rounding, QuantConv2d)
    out = rounding(torch.randn(1, 2, 40, 40))
    assert out.min() == 0
    assert 100 < len(out.unique()) <= 256
