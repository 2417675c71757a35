"""``compact_tiny_x2.safetensors`` is a network of 12,000 weights in the shape of Compact (CC0)."""

import sys
import zipfile
from importlib import util
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.weights import convert as module
from sr_batch.importing.weights.child import Refused, _state_dict
from sr_batch.importing.weights.convert import convert

TINY = Path(__file__).with_name("compact_tiny_x2.safetensors")


def saved(folder: Path, state: object, *, zipped: bool = True) -> Path:
    path = folder / "net.pth"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return path


def test_exports_a_network_that_agrees_with_torch(tmp_path: Path) -> None:
    target = tmp_path / "net.onnx"
    converted = convert(TINY, target)
    assert (converted.scale, converted.multiple, converted.attempt) == (2, 1, "traced")
    assert "Compact" in converted.architecture
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"input": np.zeros((2, 3, 21, 34), np.float32)})
    assert np.shape(result) == (2, 3, 42, 68)
    assert [each.name for each in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [True, False])
def test_reads_both_formats_of_torch(tmp_path: Path, zipped: bool) -> None:
    path = saved(tmp_path, {"params_ema": load_file(TINY)}, zipped=zipped)
    assert convert(path, tmp_path / "net.onnx").scale == 2


def test_refuses_weights_of_no_known_network(tmp_path: Path) -> None:
    path = saved(tmp_path, {"layer.weight": torch.zeros(3, 3)})
    with pytest.raises(ImportRefused, match=r"net\.pth: spandrel does not know this network"):
        convert(path, tmp_path / "net.onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["net.pth"]


def test_refuses_weights_that_are_compressed(tmp_path: Path) -> None:
    path, packed = saved(tmp_path, load_file(TINY)), tmp_path / "packed.pth"
    with zipfile.ZipFile(path) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name in plain.namelist():
            file.writestr(name, plain.read(name))
    with pytest.raises(ImportRefused, match=r"compressed, which torch\.save never does"):
        convert(packed, tmp_path / "net.onnx")


def test_refuses_a_tensor_that_is_larger_than_the_file(tmp_path: Path) -> None:
    """One number, repeated without taking room: building the network would take 40 TB."""
    huge = {"params": {"body.0.weight": torch.zeros(1).expand(1 << 20, 1 << 20)}}
    path = saved(tmp_path, huge)
    assert path.stat().st_size < 4096
    with pytest.raises(Refused, match=r"body\.0\.weight \(1048576x1048576\) is larger than"):
        _state_dict(path)


def test_nothing_is_imported_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torch.py may have been downloaded with the network; the first argument, -P, ignores it."""
    program = tmp_path / "python"
    program.write_text("""#!/bin/sh\necho "{\\"refused\\": \\"$1\\"}"\n""")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(ImportRefused, match=r": -P$"):
        convert(TINY, tmp_path / "net.onnx")


def test_names_the_libraries_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        module, "find_spec", lambda name: util.find_spec(name) if name == "torch" else None
    )
    needed = r"needs spandrel, safetensors, onnxscript; .*: \S+ -m pip install spandrel safetensors"
    with pytest.raises(ImportRefused, match=needed):
        convert(TINY, tmp_path / "net.onnx")


def test_every_attempt_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of processor time is too short to load torch; the clock may be ahead of it."""
    monkeypatch.setattr(module, "ATTEMPTS", {"traced": 1, "window": 1})
    with pytest.raises(ImportRefused, match=r"traced: took (too long|more than 3 s); window: took"):
        convert(TINY, tmp_path / "net.onnx")
