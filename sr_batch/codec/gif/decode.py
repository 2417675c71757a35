"""GIF: blocks are read here; Pillow unpacks the indices of a frame like a gray picture."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice

import numpy as np
import numpy.typing as npt

from sr_batch.codec import animation, comments
from sr_batch.codec.animation import After, Frame
from sr_batch.codec.backends import pillow
from sr_batch.codec.container import Block, Container
from sr_batch.codec.gif.stream import (
    APPLICATION,
    COMMENT,
    CONTROL,
    ICC,
    INTERLACED,
    LOOPS,
    LOOPS_TOO,
    PICTURE,
    SCREEN,
    TEXT,
    TICK,
    TRANSPARENT,
    XMP,
    XMP_TRAILER,
    Part,
    joined,
    table_bytes,
    walk,
)
from sr_batch.codec.metadata import unread
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Metadata

_AFTER: dict[int, After] = {2: "clear", 3: "restore", 4: "restore"}
_C2PA = b"C2PA_GIF"
# More are an attack.
_MOST_COMMENTS, _MOST_NAMES = 1000, 10_000
_GRAYS = bytes(level for level in range(256) for _ in "RGB")


def open_file(data: bytes) -> tuple[Container, ...]:
    """Read the structure of a GIF. Truncated pixels are found only when it is decoded."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    start = SCREEN + table_bytes(flags)
    palette = data[SCREEN:start] or _GRAYS
    frames = tuple(islice(_frames(data, start, palette), animation.MAX_FRAMES + 1))
    said = _said(data, start)
    canvas = Container(
        format="gif",
        # Some frames are larger than their screen.
        stored=Size(
            max(width, *(frame.region.right for frame in frames), 0),
            max(height, *(frame.region.bottom for frame in frames), 0),
        ),
        channels=3,
        alpha=True,
        depth=8,
        orientation=1,
        metadata=Metadata(
            icc=_icc(said.applications),
            xmp=_xmp(said.applications),
            texts=tuple(map(comments.read, said.comments)),
            unread=unread.named(said.unread),
        ),
        blocks=tuple,
    )
    return animation.containers(canvas, frames, _plays(said.applications))


@dataclass(frozen=True)
class _Said:
    """What a file says besides its frames.

    Attributes:
        applications: The chains of the application extensions that are read here, the first of
            each.
        comments: The contents of its comments.
        unread: Names of what is not read.
    """

    applications: dict[bytes, bytes] = field(default_factory=dict)
    comments: list[bytes] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def _said(data: bytes, start: int) -> _Said:
    said, end = _Said(), start
    for part in walk(data, start):
        end = part.end
        name = data[part.at + 1 : part.at + 12] if part.label == APPLICATION else b""
        if part.label == COMMENT and len(said.comments) < _MOST_COMMENTS:
            said.comments.append(joined(data[part.data : part.end]))
        elif name in (LOOPS, LOOPS_TOO, ICC, XMP) and data[part.at] == len(LOOPS):
            said.applications.setdefault(name, data[part.at + 12 : part.end])
        elif len(said.unread) < _MOST_NAMES and part.label not in (CONTROL, PICTURE):
            said.unread.append(_name(part.label, name))
    if XMP in said.applications and _xmp(said.applications) is None:
        said.unread.append("damaged XMP")
    said.unread.extend(unread.behind(data, end + 1))
    return said


def _name(label: int, application: bytes) -> str:
    """What a note calls an extension that is not read."""
    if application.startswith(_C2PA):
        return unread.CREDENTIALS
    if application:
        return unread.labelled("extension", application)
    known = {TEXT: "a plain text extension", COMMENT: "further comments"}
    return known.get(label, f"extension {label:#x}")


def _plays(said: dict[bytes, bytes]) -> int:
    """How often the animation plays: a file says how often it is repeated. 0 is for ever."""
    loops = joined(said.get(LOOPS) or said.get(LOOPS_TOO) or b"\0")
    if len(loops) < 3:
        return 1
    (again,) = struct.unpack_from("<H", loops, 1)
    return again + 1 if again else 0


def _icc(said: dict[bytes, bytes]) -> bytes | None:
    return joined(said.get(ICC, b"\0")) or None


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


def _frame(data: bytes, part: Part, palette: bytes, control: bytes) -> Frame:
    left, top, width, height, flags = struct.unpack_from("<HHHHB", data, part.at)
    how, delay, hole = struct.unpack_from("<BHB", control)
    transparent, size = bool(how & TRANSPARENT), Size(width, height)

    def blocks() -> Iterator[Block]:
        table = data[part.at + 9 : part.data] or palette
        colors = _colors(table, hole if transparent else None)
        for top, indices in pillow.decode("gif", _file(data, part, size, flags), "L"):
            yield top, colors[indices[..., 0]]

    return Frame(
        region=Region(left, top, left + width, top + height),
        milliseconds=Fraction(delay * TICK),
        alpha=transparent,
        over=True,
        after=_AFTER.get(how >> 2 & 7, "keep"),
        blocks=blocks,
    )


def _colors(palette: bytes, hole: int | None) -> npt.NDArray[np.uint8]:
    """RGBA of every index; indices beyond ``palette`` are black."""
    colors = np.full((256, 4), 255, np.uint8)
    colors[:, :3] = np.frombuffer(palette.ljust(768, b"\0"), np.uint8).reshape(256, 3)
    if hole is not None:
        colors[hole, 3] = 0
    return colors


def _file(data: bytes, part: Part, size: Size, flags: int) -> bytes:
    """A GIF of one frame alone, without a colour table."""
    screen = struct.pack("<HHBBB", size.width, size.height, 0, 0, 0)
    place = struct.pack("<BHHHHB", PICTURE, 0, 0, size.width, size.height, flags & INTERLACED)
    return b"".join((b"GIF89a", screen, place, memoryview(data)[part.data : part.end], b";"))
