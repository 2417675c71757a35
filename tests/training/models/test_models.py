import pytest
import torch
import torch.nn.functional as F

from tests.training.small import EVERY, SMALL
from training.data.resize import upscale
from training.models import MODELS, BadConfig, build, configure
from training.models.edsr import EDSR, Config
from training.models.layers import Bicubic
from training.models.rewrite import rewrite
from training.models.vdsr import VDSR


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_enlarges_by_its_scale(name: str, scale: int) -> None:
    config = MODELS[name].config(scale=scale, **SMALL[name])
    channels = 3 if config.color == "rgb" else 1
    with torch.inference_mode():
        out = MODELS[name].build(config)(torch.rand(2, channels, 7, 5))
    assert out.shape == (2, channels, 7 * scale, 5 * scale)


# edsr x4 and rrdb have two stages, each of which is bilinear.
STARTS = [(n, s) for n, s in EVERY if n not in ("rrdb", "esrgan") and (n, s) != ("edsr", 4)]


@pytest.mark.parametrize(("name", "scale"), STARTS)
def test_starts_as_an_interpolation(name: str, scale: int) -> None:
    config = MODELS[name].config(scale=scale, **SMALL[name])
    x = torch.rand(1, 3 if config.color == "rgb" else 1, 24, 20)
    net = MODELS[name].build(config).eval()
    with torch.inference_mode():
        out = net(x)
    smooth = name in ("espcn", "edsr")
    expected = (
        F.interpolate(x, scale_factor=scale, mode="bilinear") if smooth else bicubic(x, scale)
    )
    inside = (..., slice(3 * scale, -3 * scale), slice(3 * scale, -3 * scale))
    # SRCNN's ReLU cuts off what bicubic overshoots below zero.
    out, expected = (image[inside].clamp(min=0) for image in (out, expected))
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=0)


def test_rrdb_starts_as_two_bilinear_stages() -> None:
    net = MODELS["rrdb"].build(MODELS["rrdb"].config(**SMALL["rrdb"]))
    x = torch.rand(1, 3, 12, 10)
    with torch.inference_mode():
        out = net(x)
    half = F.interpolate(x, scale_factor=2, mode="bilinear")
    expected = F.interpolate(half, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=0)  # up to the border


def test_the_tail_of_the_report_keeps_all_channels_to_the_size_of_the_output() -> None:
    net = MODELS["resnet"].build(MODELS["resnet"].config(channels=8, blocks=1, tail=0)).eval()
    shapes = [tuple(p.shape) for n, p in net.named_parameters() if n.endswith("weight")]
    assert shapes[-3:] == [(32, 8, 3, 3), (32, 8, 3, 3), (3, 8, 3, 3)]
    x = torch.rand(1, 3, 12, 10)
    with torch.inference_mode():
        torch.testing.assert_close(net(x), Bicubic(4, channels=3)(x), atol=1e-5, rtol=0)


def bicubic(x: torch.Tensor, scale: int) -> torch.Tensor:
    return upscale(x[0].permute(1, 2, 0).numpy(), scale)[None]


def test_srcnn_takes_all_colors_too() -> None:
    """It starts as bicubic, and its rewritten form is that of luma alone."""
    net = build("srcnn", 2, {"features": 8, "mapping": 4, "color": "rgb"}).eval()
    x = torch.rand(1, 3, 24, 20)
    with torch.inference_mode():
        out, rewritten = net(x), rewrite(net)(x)
    inside = (..., slice(6, -6), slice(6, -6))
    expected = Bicubic(2, channels=3)(x).clamp(min=0)
    torch.testing.assert_close(out.clamp(min=0)[inside], expected[inside], atol=1e-5, rtol=0)
    assert torch.equal(out, rewritten)


def test_vdsr_has_the_same_weights_at_every_scale() -> None:
    nets = [MODELS["vdsr"].build(MODELS["vdsr"].config(scale=scale)) for scale in (2, 4)]
    assert nets[0].state_dict().keys() == nets[1].state_dict().keys()
    nets[1].load_state_dict(nets[0].state_dict())


def test_vdsr_carries_details_through_all_its_layers_at_the_start() -> None:
    """Brightness has no effect, and contrast neither fades nor grows from layer to layer."""
    net = MODELS["vdsr"].build(MODELS["vdsr"].config(scale=2))
    assert isinstance(net, VDSR)
    first, *hidden = list(net.body)[:-1]
    x = torch.rand(1, 1, 24, 24)
    seen = early = torch.relu(first(x))
    torch.testing.assert_close(torch.relu(first(x + 0.5)), early, atol=1e-5, rtol=0)
    for conv in hidden:
        seen = torch.relu(conv(seen))
    assert seen.norm().item() == pytest.approx(early.norm().item(), rel=1e-4)


def test_has_the_papers_parameter_count() -> None:
    count = sum(p.numel() for p in EDSR(Config(scale=4)).parameters())
    assert round(count / 1000) == 1518


@pytest.mark.parametrize(
    ("name", "scale", "options", "message"),
    [
        ("edrs", 2, {}, "no network is called edrs: did you mean edsr?"),
        ("refiner", 3, {}, "refiner has no x3: its scales are x4"),
        (
            "fast",
            2,
            {"depth": 3},
            "fast has no option depth. Its options are channels, blocks, convs, slope",
        ),
    ],
)
def test_names_the_networks_scales_and_options_that_exist(
    name: str, scale: int, options: dict[str, int], message: str
) -> None:
    with pytest.raises(BadConfig, match=message.replace("?", r"\?")):
        configure(name, scale, options)
