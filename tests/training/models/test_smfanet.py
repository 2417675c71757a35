"""A teacher from outside, with random weights in place of those of its authors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from training.models import BadConfig
from training.models.smfanet import SMFANet, load_smfanet


def written(folder: Path, width: int = 8, blocks: int = 2, scale: int = 3) -> Path:
    torch.manual_seed(1)
    path = folder / "teacher.pth"
    torch.save({"params": SMFANet(scale, width, blocks).state_dict()}, path)
    return path


def test_shapes_say_scale_width_and_depth(tmp_path: Path) -> None:
    net = load_smfanet(written(tmp_path))
    assert len(net.feats) == 2
    assert net(torch.rand(2, 3, 17, 24)).shape == (2, 3, 51, 72)
    assert not any(each.requires_grad for each in net.parameters())


@dataclass(frozen=True)
class ByHand:
    """The same network in sums, means and repeated pixels, without the layers of torch."""

    weights: Mapping[str, torch.Tensor]

    def enlarge(self, x: torch.Tensor, blocks: int, scale: int) -> torch.Tensor:
        start = features = self._conv("to_feat", x)
        for number in range(blocks):
            features = features + self._modulated(f"feats.{number}.smfa", _unit(features))
            features = features + self._fed_forward(f"feats.{number}.pcfn", _unit(features))
        return F.pixel_shuffle(self._conv("to_img.0", features + start), scale)

    def _modulated(self, name: str, x: torch.Tensor) -> torch.Tensor:
        local, wide = self._conv(f"{name}.linear_0", x).tensor_split(2, dim=1)
        largest = wide.unflatten(3, (-1, 8)).unflatten(2, (-1, 8)).amax((3, 5))  # of 8x8 pixels
        spread = (wide - wide.mean((2, 3), keepdim=True)).square().sum((2, 3), keepdim=True)
        variance = spread / (wide[0, 0].numel() - 1)
        alpha, belt = self.weights[f"{name}.alpha"], self.weights[f"{name}.belt"]
        seen = self._conv(f"{name}.dw_conv", largest, depthwise=True) * alpha + variance * belt
        gate = F.gelu(self._conv(f"{name}.linear_1", seen))
        repeated = gate.repeat_interleave(8, 2).repeat_interleave(8, 3)
        detail = self._detail(f"{name}.lde", local)
        return self._conv(f"{name}.linear_2", wide * repeated + detail)

    def _detail(self, name: str, x: torch.Tensor) -> torch.Tensor:
        x = self._conv(f"{name}.conv_0.0", x, depthwise=True)
        return self._conv(f"{name}.conv_1", F.gelu(self._conv(f"{name}.conv_0.1", x)))

    def _fed_forward(self, name: str, x: torch.Tensor) -> torch.Tensor:
        hidden = F.gelu(self._conv(f"{name}.conv_0", x))
        quarter, rest = hidden.tensor_split([hidden.shape[1] // 4], dim=1)
        quarter = F.gelu(self._conv(f"{name}.conv_1", quarter))
        return self._conv(f"{name}.conv_2", torch.cat([quarter, rest], 1))

    def _conv(self, name: str, x: torch.Tensor, depthwise: bool = False) -> torch.Tensor:
        kernel, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        groups = x.shape[1] if depthwise else 1
        return F.conv2d(x, kernel, bias, padding=kernel.shape[-1] // 2, groups=groups)


def _unit(x: torch.Tensor) -> torch.Tensor:
    """The features of each pixel, divided by their length."""
    return x / x.square().sum(1, keepdim=True).sqrt()


def test_gives_what_its_weights_give_by_hand(tmp_path: Path) -> None:
    net = load_smfanet(written(tmp_path)).double()
    generator = torch.Generator().manual_seed(2)
    for name, weight in net.named_parameters():
        if name.endswith(("alpha", "belt")):  # which begin as ones and zeros
            weight.copy_(torch.rand(weight.shape, generator=generator) + 0.5)
    x = torch.rand(2, 3, 16, 24, generator=generator).double()
    with torch.inference_mode():
        expected = ByHand(net.state_dict()).enlarge(x, blocks=2, scale=3)
        torch.testing.assert_close(net(x), expected, atol=1e-9, rtol=0)


def test_sees_the_whole_picture(tmp_path: Path) -> None:
    """The variance of all pixels modulates every pixel."""
    net = load_smfanet(written(tmp_path))
    with torch.no_grad():
        net.get_parameter("feats.0.smfa.belt").fill_(1)
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    other = x.clone()
    other[..., 60:, 60:] = 0
    with torch.inference_mode():
        assert (net(x) - net(other))[..., :12, :12].abs().max() > 1e-6


def test_refuses_other_files_with_their_name(tmp_path: Path) -> None:
    missing = tmp_path / "none.pth"
    other = tmp_path / "other.pth"
    torch.save({"params": {"conv.weight": torch.zeros(3)}}, other)
    damaged = tmp_path / "damaged.pth"
    damaged.write_bytes(written(tmp_path).read_bytes()[:300])
    for path in (missing, other, damaged):
        with pytest.raises(BadConfig, match=f"{path.name}: not the weights of SMFANet"):
            load_smfanet(path)
