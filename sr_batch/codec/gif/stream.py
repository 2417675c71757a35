"""The blocks of a GIF: pictures and extensions, whose data are chains of sub-blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

EXTENSION, PICTURE, CONTROL, APPLICATION = 0x21, 0x2C, 0xF9, 0xFF
COMMENT, TEXT = 0xFE, 0x01
TABLE, INTERLACED, TRANSPARENT = 0x80, 0x40, 0x01
LOOPS, LOOPS_TOO, ICC, XMP = b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012", b"XMP DataXMP"
# An XMP packet is not cut into sub-blocks. A reader that takes its bytes for lengths of sub-blocks
# lands somewhere in this trailer, which leads it from any place to the zero at the end.
XMP_TRAILER = b"\1" + bytes(range(255, -1, -1)) + b"\0"
TICK = 10
"""Milliseconds in the unit of a frame's time."""
SCREEN = 13
"""Bytes of the header and the screen descriptor, in front of the global colour table."""


@dataclass(frozen=True)
class Part:
    """A picture or an extension.

    Attributes:
        label: ``PICTURE``, or the label of the extension.
        at: Offset of its own fields, behind the label.
        data: Offset of its data: a chain of sub-blocks, in a picture behind one byte.
        end: Offset of what follows the chain.
    """

    label: int
    at: int
    data: int
    end: int


def walk(data: bytes, at: int) -> Iterator[Part]:
    """All pictures and extensions from ``at`` on; any other byte ends them."""
    while at < len(data) and data[at] in (EXTENSION, PICTURE):
        if data[at] == PICTURE:
            own = at + 1
            start = own + 9 + table_bytes(data[own + 8])
            part = Part(PICTURE, own, start, _chain_end(data, start + 1))
        else:
            own = at + 2
            part = Part(data[at + 1], own, own, _chain_end(data, own))
        yield part
        at = part.end


def first_picture(data: bytes) -> bytes:
    """The packed indices of the first picture in a file."""
    parts = walk(data, SCREEN + table_bytes(data[10]))
    return next(data[part.data : part.end] for part in parts if part.label == PICTURE)


def table_bytes(flags: int) -> int:
    """Bytes of the colour table that ``flags`` announce."""
    return 3 << (flags & 7) + 1 if flags & TABLE else 0


def joined(data: bytes) -> bytes:
    """The contents of a chain of sub-blocks."""
    at, parts = 0, []
    while data[at]:
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts)


def chain(data: bytes) -> bytes:
    """``data`` in sub-blocks."""
    blocks = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def _chain_end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1
