import pytest
import torch
import torch.nn.functional as F

from training.collapse import collapse
from training.models import MODELS
from training.models.edsr import EDSR, Config

EVERY = [(name, scale) for name, entry in MODELS.items() for scale in entry.scales]


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_enlarges_by_its_scale(name: str, scale: int) -> None:
    config = MODELS[name].config(scale=scale)
    channels = 3 if config.color == "rgb" else 1
    with torch.inference_mode():
        out = MODELS[name].build(config)(torch.rand(2, channels, 7, 5))
    assert out.shape == (2, channels, 7 * scale, 5 * scale)


@pytest.mark.parametrize(("name", "scale"), [pair for pair in EVERY if pair[1] < 4])
def test_starts_as_the_bilinear_enlargement(name: str, scale: int) -> None:
    config = MODELS[name].config(scale=scale)
    x = torch.rand(1, 3 if config.color == "rgb" else 1, 24, 20)
    with torch.inference_mode():
        out = MODELS[name].build(config)(x)
    expected = F.interpolate(x, scale_factor=scale, mode="bilinear")
    inside = (..., slice(3 * scale, -3 * scale), slice(3 * scale, -3 * scale))
    torch.testing.assert_close(out[inside], expected[inside], atol=1e-5, rtol=0)


def test_has_the_papers_parameter_count() -> None:
    count = sum(p.numel() for p in EDSR(Config(scale=4)).parameters())
    assert round(count / 1000) == 1518


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
