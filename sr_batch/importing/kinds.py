"""Tells by its content what kind of network a file is, or what it is instead.

Names lie: people rename downloads, and a failed download is a web page. Nothing is loaded here.
"""

from enum import Enum
from pathlib import Path
from typing import IO

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.archives import EXPORT, require_weights
from sr_batch.importing.pickles import MOST_BYTES, require_state_dict
from sr_batch.importing.safetensors_header import require_tensors


class Kind(Enum):
    """What a file of a network is."""

    ONNX = "ONNX"
    NCNN = "ncnn"
    TORCH = "PyTorch state dict"
    SAFETENSORS = "safetensors"


_HEAD = 4096
_LEGACY_TORCH = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"

_INSTEAD = "take the ONNX, .pth or .safetensors file of the network"
_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", f"a Keras (HDF5) file: {EXPORT}, for example with tf2onnx"),
    (b"ftrt", "a TensorRT engine, which runs on one kind of GPU only: take the ONNX file"),
    (b"ptrt", "a TensorRT engine, which runs on one kind of GPU only: take the ONNX file"),
    (b"GGUF", f"a GGUF file, which holds no network of pictures: {_INSTEAD}"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file: fetch it with `git lfs pull`"),
    (b"\xdd\x85\x76\x00", "a binary .param of ncnn: take the text .param of the same network"),
    (b"\x1f\x8b", "an archive: unpack it, and add the network in it"),
    (b"7z\xbc\xaf\x27\x1c", "an archive: unpack it, and add the network in it"),
    (b"Rar!", "an archive: unpack it, and add the network in it"),
)
_NCNN_WEIGHTS = b"\x47\x6b\x30\x01"  # the flag of fp16 before the first of them
_NAMED = {
    ".onnx": "an ONNX file",
    ".safetensors": "a safetensors file",
    ".param": "a .param of ncnn",
}


def kind_of(path: Path) -> Kind:
    """What kind of network ``path`` is; of an ncnn network either file will do.

    Raises:
        ImportRefused: the file cannot be read, is empty, or is something else.
    """
    try:
        with path.open("rb") as file:
            return _kind(path, file)
    except ImportRefused as refusal:
        raise ImportRefused(f"{path}: {refusal}") from refusal
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read: {error.strerror or error}") from error


def ncnn_param(path: Path) -> Path:
    """The .param of the ncnn network whose .param or .bin is ``path``.

    Raises:
        ImportRefused: one of the two files is missing.
    """
    for each in (path.with_suffix(".param"), path.with_suffix(".bin")):
        if not each.is_file():
            raise ImportRefused(
                f"{path}: an ncnn network is two files, and {each} is missing: put it there"
            )
    return path.with_suffix(".param")


def _kind(path: Path, file: IO[bytes]) -> Kind:
    head = file.read(_HEAD)
    if not head.strip(b"\0"):
        what = "it is empty" if not head else "it begins with zeros only"
        raise ImportRefused(f"{what}; is the download complete?")
    for mark, what in _FOREIGN:
        if head.startswith(mark):
            raise ImportRefused(f"this is {what}")
    _refuse_markup(head)
    if head.lstrip().startswith(b"7767517"):
        _refuse_pnnx(head)
        return Kind.NCNN
    if path.suffix.lower() == ".bin" and path.with_suffix(".param").is_file():
        return Kind.NCNN
    return _binary_kind(path, file, head)


def _refuse_markup(head: bytes) -> None:
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")) or b"<html" in text[:1000]:
        raise ImportRefused("this is a web page, not a network: download the file itself")
    if text.startswith(b"<?xml") and b"<net" in text:
        raise ImportRefused("this is an OpenVINO network: take the ONNX file it is from")
    if text.startswith((b"{", b"[")):
        raise ImportRefused(f"this is a JSON file, not a network: {_INSTEAD}")


def _refuse_pnnx(head: bytes) -> None:
    if b"pnnx.Input" in head:
        raise ImportRefused("this is a pnnx file: take the .ncnn.param and .ncnn.bin beside it")


def _binary_kind(path: Path, file: IO[bytes], head: bytes) -> Kind:
    if head.startswith(b"PK\x03\x04"):
        require_weights(path)
        return Kind.TORCH
    if head.startswith(_LEGACY_TORCH):
        file.seek(0)
        require_state_dict(file.read(MOST_BYTES))
        return Kind.TORCH
    if head[8:9] == b"{":
        file.seek(0)
        require_tensors(file, path.stat().st_size)
        return Kind.SAFETENSORS
    if head[0] == 0x08 and not head.startswith(b"\x08\x01\x12"):
        return Kind.ONNX  # its first field is the version of the format
    raise ImportRefused(_instead(path, head))


def _instead(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    if head[4:8] == b"TFL3":
        return f"this is a TensorFlow Lite file: {EXPORT} with tf2onnx"
    if head.startswith(b"\x08\x01\x12") or suffix == ".pb":
        return f"this is a TensorFlow SavedModel or graph: {EXPORT} with tf2onnx"
    if head[0] == 0x80 and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return (
            "this is a pickle, but not one that torch.save wrote: load it where it was made, and"
            " save its state_dict() with torch.save"
        )
    if head.startswith(_NCNN_WEIGHTS):
        param = path.with_suffix(".param").name
        return f"these are the weights of an ncnn network: put its {param} beside it"
    if suffix in _NAMED:
        return f"this is not {_NAMED[suffix]}; is the download complete?"
    return "this is not a network: ONNX, .pth, .pt, .safetensors and ncnn files are read"
