"""The file that a user wants to add, before it is known what it is."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sr_batch.core.errors import ImportRefused
from sr_batch.files.reading import display_name

# No network of pictures is as large, and no step has more memory.
MOST_BYTES = 4 << 30
_CHUNK = 1 << 20
# How an ONNX file names a file of weights: a field "location", its length, and the name.
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f]|[\x80-\xff][\x01-\x07])", re.DOTALL)
_LONGEST = 1024 + 16  # bytes of such a field


def content_of(source: Path) -> str:
    """The SHA-256 of a regular file, and of the weights beside it that belong to it.

    Nothing of the file is believed, and only regular files in its folder are read.

    Raises:
        ImportRefused: it is larger than any network.
        OSError: it cannot be read.
    """
    beside: set[str] = set()
    digest, size = sha256(), 0
    for path in _parts(source):
        size = _within_limit(source, size + path.stat().st_size)
        for chunk in _chunks(path, beside):
            digest.update(chunk)
    for name in sorted(beside):
        path = source.parent / name
        size = _within_limit(source, size + path.stat().st_size)
        for chunk in _chunks(path, set()):
            digest.update(chunk)
    return digest.hexdigest()


def _parts(source: Path) -> list[Path]:
    """The two files of an ncnn network; of others the file alone."""
    if source.suffix not in (".param", ".bin"):
        return [source]
    other = source.with_suffix(".bin" if source.suffix == ".param" else ".param")
    return sorted((source, other)) if other.is_file() else [source]


def _chunks(path: Path, beside: set[str]) -> Iterator[bytes]:
    """All bytes of a file. The names of files of weights in them are put into ``beside``."""
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
            beside.update(_locations(before + chunk, path.parent))
            before = (before + chunk)[-_LONGEST:]


def _locations(data: bytes, folder: Path) -> Iterator[str]:
    for found in _LOCATION.finditer(data):
        length = found[1][0] & 127 | (found[1][1] << 7 if len(found[1]) > 1 else 0)
        name = data[found.end() : found.end() + length].decode("utf-8", "replace")
        if name.isprintable() and _is_beside(folder, name):
            yield name


def _is_beside(folder: Path, name: str) -> bool:
    """Whether a regular file has this name, in the folder and no link out of it."""
    try:
        path = (folder / name).resolve()
        return path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, RuntimeError):
        return False


def _within_limit(source: Path, size: int) -> int:
    """``size``, the bytes of a file and of those that belong to it."""
    if size > MOST_BYTES:
        raise ImportRefused(
            f"{display_name(source)}: it has {size >> 30} GiB with its weights, and"
            f" {MOST_BYTES >> 30} GiB are the limit: take a smaller network"
        )
    return size
