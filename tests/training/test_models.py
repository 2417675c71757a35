import pytest
import torch
import torch.nn.functional as F

from tests.training.small import EVERY
from training.models import MODELS
from training.models.edsr import EDSR, Config


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
