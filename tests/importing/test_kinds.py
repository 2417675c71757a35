import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import onnx
import pytest
from onnx.helper import make_graph, make_model

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.kinds import Kind, kind_of, ncnn_param
from tests.importing.ncnn.files import Line, write_network


def safetensors(*names: str) -> bytes:
    header = json.dumps(
        {name: {"dtype": "F32", "shape": [], "data_offsets": [0, 4]} for name in names}
    )
    return struct.pack("<Q", len(header)) + header.encode() + bytes(4)


def archive(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in members.items():
            file.writestr(f"archive/{name.replace('__', '/')}", content)
    return data.getvalue()


class Program:
    """Pickled, it names a function that unpickling would call."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 + 1",)


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


WEIGHTS = pickle.dumps(OrderedDict(a=1.0), 2)


def test_knows_onnx_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "net.download"
    onnx.save(make_model(make_graph([], "empty", [], [])), path)
    assert kind_of(path) is Kind.ONNX


def test_knows_both_files_of_ncnn(tmp_path: Path) -> None:
    path = write_network(tmp_path, [Line("Input in 0 1 a")])
    path.with_suffix(".bin").write_bytes(b"weights")
    assert kind_of(path) is kind_of(path.with_suffix(".bin")) is Kind.NCNN
    assert ncnn_param(path.with_suffix(".bin")) == path
    path.with_suffix(".bin").unlink()
    with pytest.raises(ImportRefused, match=r"two files, and .*net\.bin is missing"):
        ncnn_param(path)


def test_knows_weights(tmp_path: Path) -> None:
    zipped = archive(**{"data.pkl": WEIGHTS, "version": b"3"})
    assert kind_of(written(tmp_path, "a.onnx", zipped)) is Kind.TORCH
    assert kind_of(written(tmp_path, "b.pth", safetensors("body.weight"))) is Kind.SAFETENSORS


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_names_what_a_pickle_would_import(tmp_path: Path, protocol: int) -> None:
    evil = archive(**{"data.pkl": pickle.dumps({"weight": Program()}, protocol)})
    with pytest.raises(ImportRefused, match=r"needs (builtins|__builtin__)\.eval\)"):
        kind_of(written(tmp_path, "evil.pth", evil))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty; is the download complete"),
        (bytes(9000), "begins with zeros only"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b'<?xml version="1.0"?>\n<net name="x" version="11">', "an OpenVINO network"),
        (b'{"architecture": "x"}', "a JSON file"),
        (b"\x89HDF\r\n\x1a\n....", "Keras"),
        (b"ftrt\x01\x00\x00\x00", "a TensorRT engine"),
        (b"<!-- saved --><HTML>", "a web page"),
        (b"\x1f\x8b\x08\x00....", "an archive: unpack it"),
        (b"7z\xbc\xaf\x27\x1c....", "an archive: unpack it"),
        (b"GGUF\x03\x00\x00\x00", "a GGUF file.*take the ONNX"),
        (b"\x47\x6b\x30\x01....", r"weights of an ncnn network: put its net\.param beside"),
        (archive(**{"data.pkl": pickle.dumps({"lora_up.weight": 1.0}, 2)}), "a LoRA"),
        (b"\x1c\x00\x00\x00TFL3....", "TensorFlow Lite"),
        (b"\x08\x01\x12\x99\x01", "TensorFlow SavedModel"),
        (b"\xdd\x85\x76\x00\x08\x00\x00\x00", r"a binary \.param"),
        (b"7767517\n2 1\npnnx.Input a 0 1 0\n", "a pnnx file"),
        (b"\xff\xd8\xff\xe0 a photograph", "not a network: ONNX, .pth"),
        (WEIGHTS, "a pickle, but not one that torch"),
        (safetensors("lora_up.weight"), "a LoRA"),
        (struct.pack("<Q", 9) + b"{ no json", "list of tensors cannot be read"),
        (archive(**{"data.pkl": WEIGHTS, "constants.pkl": b""}), "TorchScript"),
        (archive(**{"code__net.py": b"", "data.pkl": WEIGHTS}), "TorchScript"),
        (archive(**{"config.json": b"{}", "model.weights.h5": b""}), "a Keras file"),
        (archive(**{"holiday.jpg": b""}), "an archive: unpack it"),
        (archive(**{"data.pkl": b"\x80\x02}q\x01"}), "the file is damaged; download it again"),
        (archive(**{"data.pkl": WEIGHTS})[:-30], "the file is damaged"),
    ],
)
def test_says_what_a_file_is_instead(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, "net.pth", content)
    with pytest.raises(ImportRefused, match=message) as caught:
        kind_of(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"none\.onnx: cannot be read: No such file"):
        kind_of(tmp_path / "none.onnx")
    with pytest.raises(ImportRefused, match=r"cannot be read: Is a directory"):
        kind_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("net.onnx", "not an ONNX file; is the download complete"),
        ("net.safetensors", "not a safetensors file; is the download complete"),
        ("net.param", r"not a \.param of ncnn; is the download complete"),
        ("net.pb", "TensorFlow SavedModel or graph: export it to ONNX with tf2onnx"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_named(
    tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(ImportRefused, match=message):
        kind_of(written(tmp_path, name, b"\xff\xfe garbage"))
