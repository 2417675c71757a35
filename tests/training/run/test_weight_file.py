from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.training.small import CONFIGS
from training.models import BadConfig, build
from training.run.weight_file import is_weight_file, read_weights, require_fitting


def net(config: str) -> torch.nn.Module:
    model, options = CONFIGS[config]
    return build(model, 2, options)


def test_knows_files_from_recipes() -> None:
    assert is_weight_file("a/b.pth")
    assert is_weight_file("c.safetensors")
    assert not is_weight_file("edsr_x2")


@pytest.mark.parametrize("inner", ["", "params_ema", "state_dict"])
def test_reads_what_other_trainers_write(tmp_path: Path, inner: str) -> None:
    state = {f"module.{name}": value for name, value in net("espcn").state_dict().items()}
    torch.save({inner: state, "iter": 5} if inner else state, tmp_path / "a.pth")
    own = net("espcn").state_dict()
    assert read_weights(tmp_path / "a.pth").keys() == own.keys()
    require_fitting("a.pth", read_weights(tmp_path / "a.pth"), own)


def test_reads_safetensors(tmp_path: Path) -> None:
    save_file(net("espcn").state_dict(), tmp_path / "a.safetensors")
    assert read_weights(tmp_path / "a.safetensors").keys() == net("espcn").state_dict().keys()


def test_the_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(net("fast").state_dict(), tmp_path / "a.pth")
    with pytest.raises(BadConfig, match=r"0 of its tensors fit, and this network has 8\. It needs"):
        require_fitting("a.pth", read_weights(tmp_path / "a.pth"), net("espcn").state_dict())


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"GIF89a not weights", b"PK\x03\x04"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadConfig, match=f"--init .*{name}: is "):
        read_weights(tmp_path / name)


def test_a_file_without_weights_is_named(tmp_path: Path) -> None:
    torch.save({"iter": 5}, tmp_path / "a.pth")
    with pytest.raises(BadConfig, match="has no weights"):
        read_weights(tmp_path / "a.pth")
    with pytest.raises(FileNotFoundError, match=r"none\.pth: no such file"):
        read_weights(tmp_path / "none.pth")
