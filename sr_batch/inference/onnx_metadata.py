"""Reads the metadata of an ONNX file without loading its network, which takes far longer."""

import os
from collections.abc import Container, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

# Numbers of fields in onnx.proto: of ModelProto, and of the entries with a key and a value.
_METADATA_PROPS = 14
_KEY, _VALUE = 1, 2
# Kinds of fields in Protocol Buffers.
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}  # kind -> bytes


def read_metadata(path: Path) -> dict[str, str]:
    """The ``metadata_props`` of the file at ``path``; what ONNX Runtime loads is not checked.

    Raises:
        ValueError: it is not an ONNX file.
        OSError: it cannot be read.
    """
    found: dict[str, str] = {}
    with path.open("rb") as file:
        for _, entry in _fields(file, {_METADATA_PROPS}):
            pair = dict(_fields(BytesIO(entry), {_KEY, _VALUE}))
            found[pair.get(_KEY, b"").decode()] = pair.get(_VALUE, b"").decode()
    return found


def _fields(file: BinaryIO, wanted: Container[int]) -> Iterator[tuple[int, bytes]]:
    """Numbers and contents of the fields of bytes that are ``wanted``; all others are skipped."""
    while (tag := _varint(file)) is not None:
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _varint(file)
            continue
        length = _varint(file) if kind == _BYTES else _FIXED.get(kind)
        if length is None:
            raise ValueError(f"field {number} is of the unknown kind {kind}, or cut off")
        if kind == _BYTES and number in wanted:
            yield number, file.read(length)
        else:
            file.seek(length, os.SEEK_CUR)


def _varint(file: BinaryIO) -> int | None:
    """The next number, with seven bits in each byte, the lowest first; None at the end."""
    value = shift = 0
    while byte := file.read(1):
        value |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return value
        if shift > 63:
            raise ValueError("a number has more than 64 bits")
    return None
