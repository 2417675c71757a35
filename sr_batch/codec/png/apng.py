"""Animated PNG: each frame is a small PNG whose chunks have other names."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from io import BytesIO
from itertools import islice

from sr_batch.codec.animation import After, Frame
from sr_batch.codec.png.pixels import SIGNATURE, PngHeader, blocks, walk, write_chunk
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Region, Size

_AFTER: tuple[After, ...] = ("keep", "clear", "restore")


@dataclass(frozen=True)
class _Part:
    """The fcTL chunk of a frame, and the spans of its pixel chunks."""

    control: memoryview
    spans: list[tuple[int, int]] = field(default_factory=list)


def frames(data: bytes, header: PngHeader, count: int) -> Iterator[Frame]:
    """The ``count`` frames in ``data``, whose canvas and pixels are as ``header`` says.

    Raises:
        UnreadableImage: truncated or damaged.
    """
    shared, parts, name = b"", list[_Part](), ""
    for name, start, end in walk(data):
        if name in ("PLTE", "tRNS"):
            shared += data[start - 8 : end + 4]
        elif name == "fcTL":
            parts.append(_Part(_proved(data, start, end)))
        # Pixels before the first fcTL are a picture for programs without animations.
        elif name in ("IDAT", "fdAT") and parts:
            parts[-1].spans.append((start, end))
    if name != "IEND" or len(parts) < count:
        raise UnreadableImage("truncated or damaged png (frames are missing)")
    return (_frame(data, header, shared, part) for part in islice(parts, count))


def _frame(data: bytes, header: PngHeader, shared: bytes, part: _Part) -> Frame:
    _, width, height, left, top, above, below, after, over = struct.unpack(
        ">IIIIIHHBB", part.control
    )
    small = replace(header, size=Size(width, height))
    if small != header and any(data[at - 4 : at] == b"IDAT" for at, _ in part.spans):
        raise UnreadableImage("damaged png (the first frame has another size than the picture)")
    return Frame(
        region=Region(left, top, left + width, top + height),
        milliseconds=Fraction(1000 * above, below or 100),
        alpha=header.has_alpha,
        over=over == 1,
        after=_AFTER[after],
        blocks=lambda: blocks(_file(data, small, shared, part), small),
    )


def _file(data: bytes, header: PngHeader, shared: bytes, part: _Part) -> bytes:
    """A PNG of one frame alone."""
    out = BytesIO()
    size, kind = header.size, (header.bits, header.kind, 0, 0, header.interlaced)
    out.write(SIGNATURE)
    write_chunk(out, b"IHDR", struct.pack(">IIBBBBB", size.width, size.height, *kind))
    out.write(shared)
    for start, end in part.spans:
        # An fdAT chunk has its sequence number in front of the pixels.
        number = 0 if data[start - 4 : start] == b"IDAT" else 4
        write_chunk(out, b"IDAT", _proved(data, start, end)[number:])
    write_chunk(out, b"IEND", b"")
    return out.getvalue()


def _proved(data: bytes, start: int, end: int) -> memoryview:
    """The contents of a chunk, whose checksum is verified."""
    view = memoryview(data)
    if zlib.crc32(view[start - 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
        name = data[start - 4 : start].decode("latin-1")
        raise UnreadableImage(f"truncated or damaged png (wrong checksum of {name})")
    return view[start:end]
