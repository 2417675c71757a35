"""Checks the header of a safetensors file, which lists its tensors, against the file."""

import json
import struct
from collections.abc import Mapping
from math import prod
from typing import IO, Any

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.pickles import LORA

_MOST_HEADER = 100 << 20  # the limit of the format itself
_DAMAGED = "download it again"
_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
}


def require_tensors(file: IO[bytes], size: int) -> None:
    """Check that each tensor has its own bytes, as many as it needs, and that none is left.

    Args:
        file: A safetensors file, at its start.
        size: Its bytes.

    Raises:
        ImportRefused: without a file name.
    """
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _MOST_HEADER:
        raise ImportRefused(
            f"it states a header of {length} bytes, and the format allows {_MOST_HEADER}:"
            f" {_DAMAGED}"
        )
    if length > size - 8:
        raise ImportRefused(f"its header is longer than the file: truncated; {_DAMAGED}")
    entries = _parsed(file.read(length))
    if any("lora_" in name for name in entries):
        raise ImportRefused(LORA)
    _require_side_by_side(entries, size - 8 - length)


def _parsed(header: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(
            f"its list of tensors cannot be read ({type(error).__name__}): {_DAMAGED}"
        ) from error
    if not isinstance(entries, dict):
        raise ImportRefused(f"its list of tensors cannot be read: {_DAMAGED}")
    entries.pop("__metadata__", None)
    return entries


def _require_side_by_side(entries: Mapping[str, Any], size: int) -> None:
    end = 0
    for first, last, name in sorted(_place(name, entry) for name, entry in entries.items()):
        if first != end:
            what = "overlaps the one before" if first < end else "does not follow the one before"
            raise ImportRefused(f"its tensor {name} {what}: {_DAMAGED}")
        end = last
    if end != size:
        raise ImportRefused(
            f"its tensors need {end} bytes and {size} are in the file: truncated or damaged;"
            f" {_DAMAGED}"
        )


def _place(name: str, entry: Any) -> tuple[int, int, str]:
    """(first byte, byte after the last, name) of a tensor."""
    try:
        kind, shape = str(entry["dtype"]), tuple(entry["shape"])
        first, last = entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise ImportRefused(f"its tensor {name} has no type, shape or place: {_DAMAGED}") from error
    about = f"its tensor {name} ({kind}, {'x'.join(map(str, shape)) or 'one number'})"
    if kind not in _BITS:
        raise ImportRefused(f"{about} is of an unknown type: save it as F32 or F16")
    if any(type(each) is not int or each < 0 for each in (*shape, first, last)):
        raise ImportRefused(f"{about} has a size that is not a whole number: {_DAMAGED}")
    if last - first != prod(shape) * _BITS[kind] // 8:
        raise ImportRefused(f"{about} has {last - first} bytes of data: {_DAMAGED}")
    return first, last, name
