"""GIF: blocks read here; Pillow unpacks the indices of a frame as if they were a gray picture."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np
import numpy.typing as npt

from sr_batch.codec import animation
from sr_batch.codec.animation import After, Frame
from sr_batch.codec.backends import pillow
from sr_batch.codec.container import Block, Container
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Metadata

EXTENSION, PICTURE, CONTROL, APPLICATION = 0x21, 0x2C, 0xF9, 0xFF
TABLE, INTERLACED, SEE_THROUGH = 0x80, 0x40, 0x01
LOOPS, ICC, XMP = b"NETSCAPE2.0", b"ICCRGBG1012", b"XMP DataXMP"
_LOOPS_TOO = b"ANIMEXTS1.0"
# An XMP packet is not cut into sub-blocks. Whoever takes its bytes for their lengths is led from
# any place of this, which stands behind it, to the zero at the end.
XMP_TRAILER = b"\1" + bytes(range(255, -1, -1)) + b"\0"
TICK = 10
_AFTER: dict[int, After] = {2: "clear", 3: "restore", 4: "restore"}
_SCREEN = 13
_GRAYS = bytes(level for level in range(256) for _ in "RGB")


@dataclass(frozen=True)
class _Part:
    """A picture or an extension.

    Attributes:
        label: ``PICTURE``, or that of the extension.
        at: Where its own fields begin, behind the label.
        data: Where its data begin: a chain of sub-blocks, in a picture behind one byte.
        end: Behind the chain.
    """

    label: int
    at: int
    data: int
    end: int


def open_file(data: bytes) -> tuple[Container, ...]:
    """Take a GIF apart; whether its pictures are whole shows only when they are decoded."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    start = _SCREEN + _table_bytes(flags)
    palette = data[_SCREEN:start] or _GRAYS
    frames = tuple(islice(_frames(data, start, palette), animation.MAX_FRAMES + 1))
    said = _applications(data, start)
    canvas = Container(
        format="gif",
        # Some frames are larger than the screen that they were meant for.
        stored=Size(
            max(width, *(frame.region.right for frame in frames), 0),
            max(height, *(frame.region.bottom for frame in frames), 0),
        ),
        channels=3,
        alpha=True,
        depth=8,
        orientation=1,
        metadata=Metadata(icc=_icc(said), xmp=_xmp(said)),
        blocks=tuple,
    )
    return animation.containers(canvas, frames, _plays(said))


def walk(data: bytes, at: int) -> Iterator[_Part]:
    """All pictures and extensions from ``at`` on; anything else is taken for the end."""
    while at < len(data) and data[at] in (EXTENSION, PICTURE):
        if data[at] == PICTURE:
            own = at + 1
            start = own + 9 + _table_bytes(data[own + 8])
            part = _Part(PICTURE, own, start, _chain_end(data, start + 1))
        else:
            own = at + 2
            part = _Part(data[at + 1], own, own, _chain_end(data, own))
        yield part
        at = part.end


def packed(data: bytes) -> bytes:
    """The indices of the first picture in a file, as they stand there."""
    parts = walk(data, _SCREEN + _table_bytes(data[10]))
    return next(data[part.data : part.end] for part in parts if part.label == PICTURE)


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & TABLE else 0


def _chain_end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _joined(data: bytes) -> bytes:
    """The contents of a chain of sub-blocks."""
    at, parts = 0, []
    while data[at]:
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts)


def _applications(data: bytes, start: int) -> dict[bytes, bytes]:
    """The chains of those application extensions that are of use, the first of each."""
    found: dict[bytes, bytes] = {}
    for part in walk(data, start):
        if part.label == APPLICATION:
            name = data[part.at : part.at + 12]
            if name[1:] in (LOOPS, _LOOPS_TOO, ICC, XMP) and name[0] == len(LOOPS):
                found.setdefault(name[1:], data[part.at + 12 : part.end])
    return found


def _plays(said: dict[bytes, bytes]) -> int:
    """What a file says is how often its animation is repeated."""
    loops = _joined(said.get(LOOPS) or said.get(_LOOPS_TOO) or b"\0")
    if len(loops) < 3:
        return 1
    (again,) = struct.unpack_from("<H", loops, 1)
    return again + 1 if again else 0


def _icc(said: dict[bytes, bytes]) -> bytes | None:
    return _joined(said.get(ICC, b"\0")) or None


def _xmp(said: dict[bytes, bytes]) -> bytes | None:
    packet = said.get(XMP, b"")
    return packet.removesuffix(XMP_TRAILER) or None if packet.endswith(XMP_TRAILER) else None


def _frames(data: bytes, start: int, palette: bytes) -> Iterator[Frame]:
    control = bytes(4)
    for part in walk(data, start):
        if part.label == CONTROL:
            control = data[part.data + 1 : part.end].ljust(4, b"\0")
        elif part.label == PICTURE:
            yield _frame(data, part, palette, control)
            control = bytes(4)


def _frame(data: bytes, part: _Part, palette: bytes, control: bytes) -> Frame:
    left, top, width, height, flags = struct.unpack_from("<HHHHB", data, part.at)
    how, delay, hole = struct.unpack_from("<BHB", control)
    seen_through, size = bool(how & SEE_THROUGH), Size(width, height)

    def blocks() -> Iterator[Block]:
        table = data[part.at + 9 : part.data] or palette
        colors = _colors(table, hole if seen_through else None)
        for top, indices in pillow.decode("gif", _file(data, part, size, flags), "L"):
            yield top, colors[indices[..., 0]]

    return Frame(
        region=Region(left, top, left + width, top + height),
        milliseconds=Fraction(delay * TICK),
        alpha=seen_through,
        over=True,
        after=_AFTER.get(how >> 2 & 7, "keep"),
        blocks=blocks,
    )


def _colors(palette: bytes, hole: int | None) -> npt.NDArray[np.uint8]:
    """RGB and alpha of every index; of those that ``palette`` does not have, black."""
    colors = np.full((256, 4), 255, np.uint8)
    colors[:, :3] = np.frombuffer(palette.ljust(768, b"\0"), np.uint8).reshape(256, 3)
    if hole is not None:
        colors[hole, 3] = 0
    return colors


def _file(data: bytes, part: _Part, size: Size, flags: int) -> bytes:
    """A GIF of one frame alone, without colours."""
    screen = struct.pack("<HHBBB", size.width, size.height, 0, 0, 0)
    place = struct.pack("<BHHHHB", PICTURE, 0, 0, size.width, size.height, flags & INTERLACED)
    return b"".join((b"GIF89a", screen, place, memoryview(data)[part.data : part.end], b";"))
