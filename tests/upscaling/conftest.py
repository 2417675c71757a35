from pathlib import Path

import pytest

from sr_batch.inference import model_catalog
from tests.networks import block_network, conv_network, dazzled_network, nan_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks of two families: ``small`` for RGB at x2 and x4, ``luma`` for Y at x3."""
    folder = tmp_path_factory.mktemp("networks")
    conv_network(folder / "small_x2.onnx", 2)
    conv_network(folder / "small_x4.onnx", 4)
    conv_network(folder / "luma_x3.onnx", 3, "y")
    block_network(folder / "block_x2.onnx")
    nan_network(folder / "nan_x2.onnx")
    dazzled_network(folder)
    return folder


@pytest.fixture
def networks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_catalog, "_FOLDERS", (folder,))
