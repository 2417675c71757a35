"""The chunks of a WebP: a name, a length, and content padded to an even length."""

import struct
from collections.abc import Iterator

from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size

# Flags of the VP8X chunk: which other chunks the file has.
ANIMATED, XMP, EXIF, ALPHA, ICC = 0x02, 0x04, 0x08, 0x10, 0x20
FIRST = 12
_PIXELS = ("VP8 ", "VP8L", "ALPH", "ANMF")
_HEADER = 16


def walk(data: bytes, at: int = FIRST, end: int | None = None) -> Iterator[tuple[str, int, int]]:
    """Name, start and end (exclusive) of every chunk between ``at`` and ``end``.

    The last one may reach beyond the end of the file.
    """
    stop = min(len(data), end or len(data))
    while at + 8 <= stop:
        start = at + 8
        length = int.from_bytes(data[at + 4 : start], "little")
        yield data[at : at + 4].decode("latin-1"), start, start + length
        at = start + length + length % 2


def chunks(data: bytes, at: int = FIRST, end: int | None = None) -> dict[str, bytes]:
    """The first chunk of every kind, as far as the file goes; of pixels only the header."""
    found: dict[str, bytes] = {}
    for name, first, last in walk(data, at, end):
        kept = min(last, first + _HEADER) if name in _PIXELS else last
        found.setdefault(name, data[first:kept])
    return found


def picture(heads: dict[str, bytes]) -> tuple[Size, bool]:
    """Size of the picture in these chunks, and whether it has alpha.

    Raises:
        UnreadableImage: they hold no picture.
    """
    if "VP8L" in heads and heads["VP8L"][:1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", heads["VP8L"], 1)
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
    if "VP8 " in heads and heads["VP8 "][3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", heads["VP8 "], 6)
        return Size(width & 0x3FFF, height & 0x3FFF), "ALPH" in heads
    raise UnreadableImage("truncated or damaged webp (no picture header)")


def chunk(name: bytes, payload: bytes) -> bytes:
    """A chunk, written."""
    return name + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


def file(*parts: bytes) -> bytes:
    """A whole file of chunks."""
    body = b"".join(parts)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def extended(flags: int, size: Size) -> bytes:
    """The VP8X chunk: which other chunks follow, and the size of the canvas."""
    sides = triple(size.width - 1) + triple(size.height - 1)
    return chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)


def triple(value: int) -> bytes:
    """An unsigned integer of three bytes."""
    return value.to_bytes(3, "little")
