import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from training.losses.perceptual import VGG19, Perceptual, SqueezeNet, load_squeezenet
from training.models import BadConfig


def test_loads_every_weight(features: Path) -> None:
    torch.manual_seed(0)
    expected, found = SqueezeNet().state_dict(), load_squeezenet(features).state_dict()
    assert len(found) == 50
    assert all(torch.equal(found[key], tensor) for key, tensor in expected.items())


def test_subtracts_the_mean_of_imagenet_in_bgr() -> None:
    net = SqueezeNet()
    torch.nn.init.zeros_(net.conv1.weight)
    with torch.no_grad():
        net.conv1.weight[0, 0, 1, 1] = 1  # blue comes first
    rgb = torch.zeros(1, 3, 65, 65)
    rgb[:, 2] = 1
    assert net.conv1.bias is not None
    seen = net(rgb)[0][:, :1] - net.conv1.bias[0]
    torch.testing.assert_close(seen, torch.full_like(seen, 255 - 104), atol=1e-3, rtol=0)


def test_distance_grows_with_the_difference(features: Path) -> None:
    measure = Perceptual(load_squeezenet(features))
    generator = torch.Generator().manual_seed(1)
    hr = F.interpolate(torch.rand(2, 3, 9, 9, generator=generator), size=96, mode="bicubic")
    noise = torch.randn(hr.shape, generator=generator)
    near, far = (measure(hr + amount * noise, hr).item() for amount in (0.02, 0.2))
    assert measure(hr, hr) == 0
    assert 0 < near < far


def test_gradients_reach_the_picture_and_not_the_backbone(features: Path) -> None:
    measure = Perceptual(load_squeezenet(features))
    sr = torch.rand(1, 3, 64, 64, requires_grad=True)
    measure(sr, torch.rand(1, 3, 64, 64)).backward()
    assert sr.grad is not None
    assert sr.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in measure.parameters())


def test_names_the_missing_file_or_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="the perceptual loss needs this file"):
        load_squeezenet(tmp_path / "none.h5")
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(BadConfig, match="pip install torchvision"):
        VGG19()


def test_a_second_target_gives_the_same_gradients_and_sees_the_picture_once(
    features: Path,
) -> None:
    measure = Perceptual(load_squeezenet(features))
    looks: list[torch.Size] = []
    measure.backbone.register_forward_pre_hook(lambda _, inputs: looks.append(inputs[0].shape))
    targets = torch.rand(2, 1, 3, 64, 64)
    picture = torch.rand(1, 3, 64, 64)
    together, apart = (picture.clone().requires_grad_() for _ in range(2))
    (measure(together, targets[0]) + measure(together, targets[1])).backward()
    assert len(looks) == 3
    for target in targets:
        measure(apart, target).backward()
        measure._kept = None
    assert together.grad is not None
    assert apart.grad is not None
    torch.testing.assert_close(together.grad, apart.grad)


def test_keeps_nothing_for_another_picture_or_without_gradients(features: Path) -> None:
    measure = Perceptual(load_squeezenet(features))
    one, other, hr = (torch.rand(1, 3, 64, 64) for _ in range(3))
    expected = measure(other, hr).item()
    measure(one, hr)
    assert measure._kept is None
    measure(one.clone().requires_grad_(), hr)
    assert measure(other.clone().requires_grad_(), hr).item() == pytest.approx(expected)
