"""Tells by its content what kind of network a file is, or what it is instead.

Names lie: people rename downloads, and a failed download is a web page. Nothing is loaded here. Of
a pickle only the names are read that it would import.
"""

import json
import pickletools
import struct
import zipfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import IO

from sr_batch.core.errors import ImportRefused


class Kind(Enum):
    """What a file of a network is."""

    ONNX = "ONNX"
    NCNN = "ncnn"
    TORCH = "PyTorch state dict"
    SAFETENSORS = "safetensors"


_HEAD = 4096
_MOST_JSON = 100 << 20  # the limit of the safetensors format itself
_MOST_PICKLE = 64 << 20
_LEGACY_TORCH = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"

EXPORT = "export it to ONNX"
_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", f"a Keras (HDF5) file: {EXPORT}, for example with tf2onnx"),
    (b"ftrt", "a TensorRT engine, which runs on one kind of GPU only: take the ONNX file"),
    (b"ptrt", "a TensorRT engine, which runs on one kind of GPU only: take the ONNX file"),
    (b"GGUF", "a GGUF file, which holds no network of pictures"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file: fetch it with `git lfs pull`"),
    (b"\xdd\x85\x76\x00", "a binary .param of ncnn: take the text .param of the same network"),
)


def kind_of(path: Path) -> Kind:
    """What kind of network ``path`` is; of an ncnn network either file will do.

    Raises:
        ImportRefused: the file cannot be read, is empty, or is something else.
    """
    try:
        with path.open("rb") as file:
            return _kind(path, file)
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read: {error.strerror or error}") from error


def ncnn_param(path: Path) -> Path:
    """The .param of the ncnn network whose .param or .bin is ``path``.

    Raises:
        ImportRefused: one of the two files is missing.
    """
    for each in (path.with_suffix(".param"), path.with_suffix(".bin")):
        if not each.is_file():
            raise ImportRefused(f"{path}: an ncnn network is two files, and {each} is missing")
    return path.with_suffix(".param")


def _kind(path: Path, file: IO[bytes]) -> Kind:
    head = file.read(_HEAD)
    if not head.strip(b"\0"):
        what = "it is empty" if not head else "it begins with zeros only"
        raise ImportRefused(f"{path}: {what}; is the download complete?")
    for mark, what in _FOREIGN:
        if head.startswith(mark):
            raise ImportRefused(f"{path}: this is {what}")
    _refuse_text(path, head)
    if head.lstrip().startswith(b"7767517"):
        _refuse_pnnx(path, head)
        return Kind.NCNN
    if path.suffix.lower() == ".bin" and path.with_suffix(".param").is_file():
        return Kind.NCNN
    return _binary_kind(path, file, head)


def _refuse_text(path: Path, head: bytes) -> None:
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")):
        raise ImportRefused(f"{path}: this is a web page, not a network: download the file itself")
    if text.startswith(b"<?xml") and b"<net" in text:
        raise ImportRefused(f"{path}: this is an OpenVINO network: take the ONNX file it is from")
    if text.startswith((b"{", b"[")):
        raise ImportRefused(f"{path}: this is a JSON file, not a network")


def _refuse_pnnx(path: Path, head: bytes) -> None:
    if b"pnnx.Input" in head:
        raise ImportRefused(
            f"{path}: this is a pnnx file: take the .ncnn.param and .ncnn.bin beside it"
        )


def _binary_kind(path: Path, file: IO[bytes], head: bytes) -> Kind:
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(path)
    if head[4:8] == b"TFL3":
        raise ImportRefused(f"{path}: this is a TensorFlow Lite file: {EXPORT} with tf2onnx")
    if head.startswith(_LEGACY_TORCH):
        file.seek(0)
        _require_state_dict(path, file.read(_MOST_PICKLE))
        return Kind.TORCH
    if head[0] == 0x80 and head[1] in range(2, 6):
        raise ImportRefused(f"{path}: this is a pickle, but not one that torch.save wrote")
    if _is_safetensors(path, file, head):
        return Kind.SAFETENSORS
    if head[0] == 0x08 and head[1] == 0x01 and head[2] == 0x12:
        raise ImportRefused(f"{path}: this is a TensorFlow SavedModel: {EXPORT} with tf2onnx")
    if head[0] == 0x08:  # the first field of an ONNX file is the version of the format
        return Kind.ONNX
    if path.suffix.lower() == ".onnx":
        raise ImportRefused(f"{path}: this is not an ONNX file; is the download complete?")
    raise ImportRefused(
        f"{path}: this is not a network: ONNX, .pth, .pt, .safetensors and ncnn files are read"
    )


def _kind_of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            parts = {part for name in names for part in name.split("/")[-2:]}
            if {"constants.pkl", "code"} & parts:
                raise ImportRefused(
                    f"{path}: this is TorchScript, which is a program: take the .pth with the"
                    " state dict, or the ONNX file"
                )
            if pickles := [name for name in names if name.split("/")[-1] == "data.pkl"]:
                with archive.open(pickles[0]) as member:
                    _require_state_dict(path, member.read(_MOST_PICKLE))
                return Kind.TORCH
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ImportRefused(f"{path}: the file is damaged ({error}); download it again") from error
    if "config.json" in parts and "model.weights.h5" in parts:
        raise ImportRefused(f"{path}: this is a Keras file: {EXPORT}, for example with tf2onnx")
    raise ImportRefused(f"{path}: this is an archive: unpack it, and add the network in it")


def _is_safetensors(path: Path, file: IO[bytes], head: bytes) -> bool:
    if len(head) < 9 or head[8:9] != b"{":
        return False
    (length,) = struct.unpack("<Q", head[:8])
    if length > _MOST_JSON:
        return False
    file.seek(8)
    try:
        names = json.loads(file.read(length)).keys()
    except (ValueError, AttributeError, RecursionError) as error:
        raise ImportRefused(f"{path}: its list of tensors cannot be read: {error}") from error
    if any("lora_" in name for name in names):
        raise ImportRefused(
            f"{path}: this is a LoRA, a change to another network: merge it there, and add the"
            " result"
        )
    return True


def _require_state_dict(path: Path, pickle: bytes) -> None:
    """Refuse a pickle that imports anything but what tensors and dictionaries need."""
    try:
        for name in _imports(pickle):
            if not _is_harmless(name):
                raise ImportRefused(
                    f"{path}: this is a pickled program, not only weights (it needs {name}):"
                    " load it where it was made, and save its state_dict() alone"
                )
    except ValueError as error:
        raise ImportRefused(f"{path}: the file is damaged; download it again") from error


def _imports(pickle: bytes) -> Iterator[str]:
    """``module.name`` of all that unpickling would import.

    The legacy format of torch.save is several pickles, one after the other; the fourth one is the
    last that can import.
    """
    at = 0
    for _ in range(5):
        texts: list[str] = []
        for code, argument, place in pickletools.genops(pickle[at:]):
            if isinstance(argument, str) and code.name != "GLOBAL":
                texts.append(argument)
            if code.name == "GLOBAL":
                yield str(argument).replace(" ", ".", 1)
            elif code.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:]) if len(texts) > 1 else "an unknown name"
            elif code.name in ("INST", "EXT1", "EXT2", "EXT4", "REDUCE_EX"):
                yield f"{argument}"
            end = (place or 0) + 1
        at += end
        if at >= len(pickle) or pickle[at : at + 1] != b"\x80":
            return


_HARMLESS = {
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.Size",
    "torch.device",
    "torch.serialization._get_layout",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "_codecs.encode",
}


def _is_harmless(name: str) -> bool:
    module, _, last = name.rpartition(".")
    of_torch = module == "torch" and (last.endswith("Storage") or last in _DTYPES)
    return of_torch or name in _HARMLESS


_DTYPES = {"float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64"}
