from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.small import CONFIGS, corpora_for, setting, small_recipe
from training.models import build
from training.models.layers import Bicubic
from training.optim.mixed_precision import keep_ends_in_fp32
from training.run.trainer import Run


def autocast() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def test_the_bicubic_base_stays_in_fp32() -> None:
    """`fast` starts as bicubic. All in bf16, it would be wrong by up to half a level."""
    net = build("fast", 2, {"channels": 16, "blocks": 1, "convs": 2})
    x = torch.rand(1, 3, 12, 12)
    exact = Bicubic(2, 3)(x)
    with autocast():
        rounded = (net(x) - exact).abs().max()
        keep_ends_in_fp32(net)
        kept = (net(x) - exact).abs().max()
    assert rounded > 1e-3
    assert kept < 1e-6


def test_hidden_layers_still_run_in_bf16() -> None:
    net = build("edsr", 2, {"channels": 16, "blocks": 1, "tail": "direct"})
    keep_ends_in_fp32(net)
    seen: list[torch.dtype] = []
    net.get_submodule("body.0.conv1").register_forward_hook(
        lambda _module, _args, out: seen.append(out.dtype)
    )
    with autocast():
        out = net(torch.rand(1, 3, 12, 12))
    assert seen == [torch.bfloat16]
    assert out.dtype == torch.float32


def test_a_copy_has_its_own_weights() -> None:
    """The averaged weights of a run are such a copy."""
    net = build("espcn", 3, {"channels": 16})
    keep_ends_in_fp32(net)
    copy = deepcopy(net)
    x = torch.rand(1, 1, 12, 12)
    before = copy(x)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    torch.testing.assert_close(copy(x), before, rtol=0, atol=0)


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_every_network_trains_in_bf16(config: str, photographs: Path, tmp_path: Path) -> None:
    recipe = small_recipe(config)
    run = Run(recipe, replace(setting(tmp_path, photographs), amp=True))
    corpora = corpora_for(recipe.model, photographs)
    before = deepcopy(run.net.state_dict())
    losses = [run.step(corpora) for _ in range(3)]
    assert torch.stack(losses).isfinite().all()
    assert any(not torch.equal(before[key], value) for key, value in run.net.state_dict().items())
