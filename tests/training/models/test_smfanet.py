"""A teacher from outside, with random weights in place of those of its authors."""

from pathlib import Path

import pytest
import torch

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


def test_gives_what_the_saved_network_gives(tmp_path: Path) -> None:
    path = written(tmp_path)
    torch.manual_seed(1)
    saved = SMFANet(3, 8, 2).eval()
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        torch.testing.assert_close(load_smfanet(path)(x), saved(x))


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
