"""The metadata of an ONNX file, read without ONNX Runtime."""

from pathlib import Path

import onnx
import pytest

from sr_batch.core.model_spec import from_metadata
from sr_batch.inference.model_catalog import find_models
from sr_batch.inference.onnx_metadata import read_metadata
from sr_batch.inference.onnx_session import read_spec
from tests.networks import conv_network

SMALLEST = min(find_models(), key=lambda model: model.path.stat().st_size)


def test_reads_what_onnx_runtime_reads() -> None:
    assert from_metadata(read_metadata(SMALLEST.path)) == read_spec(SMALLEST.path)


def test_reads_entries_before_and_after_the_graph(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "a.onnx")
    model = onnx.load(path)
    expected = {entry.key: entry.value for entry in model.metadata_props}
    first = onnx.ModelProto()
    first.metadata_props.add(key="first", value="1" * 300)
    first.metadata_props.add(key="empty")
    path.write_bytes(first.SerializeToString() + path.read_bytes())
    assert read_metadata(path) == {"first": "1" * 300, "empty": ""} | expected


@pytest.mark.parametrize("data", [b"no network", b"\x0b", b"\xff" * 20, b"\x72"])
def test_refuses_other_files(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.onnx").write_bytes(data)
    with pytest.raises(ValueError, match=r"kind|64 bits"):
        read_metadata(tmp_path / "a.onnx")
