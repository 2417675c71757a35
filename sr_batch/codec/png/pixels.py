"""The pixels of a PNG, decoded by Pillow (8 bit) or OpenCV (16 bit, which Pillow cuts to 8)."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt

from sr_batch.codec.backends import opencv, pillow
from sr_batch.codec.container import Block
from sr_batch.codec.inflate import Inflated
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}
_MODES = {GRAY: "L", RGB: "RGB", PALETTE: "RGB", GRAY_ALPHA: "LA", RGB_ALPHA: "RGBA"}
_HEADER = 8 + 25  # the signature and the first chunk
_PAETH = 4  # the last of the filters
# Left, top, horizontal and vertical step of every pass.
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)


@dataclass(frozen=True)
class PngHeader:
    """What IHDR and tRNS say of the pixels.

    Attributes:
        size: Of the picture.
        bits: Per sample.
        kind: Colour type.
        interlaced: Whether pixels are stored in Adam7's seven passes.
        transparency: The tRNS chunk, if there is one.
    """

    size: Size
    bits: int
    kind: int
    interlaced: bool
    transparency: bytes | None

    @property
    def has_alpha(self) -> bool:
        return self.kind in (GRAY_ALPHA, RGB_ALPHA) or self.transparency is not None

    @property
    def passes(self) -> Iterator[tuple[int, int]]:
        """Rows, and bytes of a row with its filter, of every pass that is not empty."""
        bits = _SAMPLES[self.kind] * self.bits
        for left, top, across, down in _ADAM7 if self.interlaced else _WHOLE:
            width = len(range(left, self.size.width, across))
            if width:
                yield len(range(top, self.size.height, down)), 1 + -(-width * bits // 8)


def walk(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, start and end (exclusive) of every complete chunk, up to IEND."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        start = at + 8
        end = start + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : start].decode("latin-1")
        if end + 4 > len(data):
            return
        yield name, start, end
        if name == "IEND":
            return
        at = end + 4


def write_chunk(out: BytesIO, name: bytes, payload: bytes | memoryview) -> None:
    """Length, name, content and checksum."""
    out.write(struct.pack(">I", len(payload)) + name)
    out.write(payload)
    out.write(struct.pack(">I", zlib.crc32(payload, zlib.crc32(name))))


def blocks(data: bytes, header: PngHeader) -> Iterator[Block]:
    """Bands of the picture in ``data``, alpha behind its channels.

    Raises:
        UnreadableImage: truncated or corrupt.
    """
    bare = _bare(data, header)
    if not _ends_well(data, header) and header.bits == 16:
        bare = _repacked(bare, header)
    if header.kind == PALETTE:
        mode = "RGBA" if header.has_alpha else "RGB"
        yield from pillow.decode("png", bare, mode)
    elif header.transparency is None:
        yield from _decode(bare, header)
    else:
        for top, block in _decode(bare, header):
            yield top, _with_alpha(block, header.transparency, header.bits)


def _decode(bare: bytes, header: PngHeader) -> Iterator[Block]:
    if header.bits < 16:
        yield from pillow.decode("png", bare, _MODES[header.kind])
        return
    for top, block in opencv.decode("png", bare, header.size):
        # OpenCV has no gray with alpha: it comes as RGBA.
        yield top, block[..., ::3] if header.kind == GRAY_ALPHA else block


def _bare(data: bytes, header: PngHeader) -> bytes:
    """The file without metadata; the checksums of its chunks are verified."""
    wanted = {"IHDR", "IDAT", "IEND"}
    if header.kind == PALETTE:
        wanted |= {"PLTE", "tRNS"}
    view = memoryview(data)
    parts, name = [view[: len(SIGNATURE)]], ""
    for name, start, end in walk(data):
        if name not in wanted:
            continue
        if zlib.crc32(view[start - 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise UnreadableImage(f"truncated or damaged png (wrong checksum of {name})")
        parts.append(view[start - 8 : end + 4])
    if name != "IEND":
        raise UnreadableImage("truncated or damaged png (it has no end)")
    return b"".join(parts)


def _ends_well(data: bytes, header: PngHeader) -> bool:
    """Whether the stream of rows ends with the last row.

    Missing rows are refused, as Pillow would leave them black. Unknown filters are refused, as
    libpng would print a warning.
    """
    filters, expected = _filter_places(header)
    stream, at = Inflated(_stream(data), expected), 0
    try:
        for piece in stream:
            here = slice(*np.searchsorted(filters, (at, at + len(piece))))
            if np.frombuffer(piece, np.uint8)[filters[here] - at].max(initial=0) > _PAETH:
                raise UnreadableImage("truncated or damaged png (an unknown filter)")
            at += len(piece)
    except zlib.error as fault:
        raise UnreadableImage(f"truncated or damaged png ({fault})") from fault
    if at < expected:
        raise UnreadableImage("truncated or damaged png (rows are missing)")
    return at == expected and stream.is_closed


def _repacked(bare: bytes, header: PngHeader) -> bytes:
    """The same rows in a stream that ends with them; about others libpng prints a warning."""
    _, expected = _filter_places(header)
    rows = b"".join(Inflated(_stream(bare), expected))[:expected]
    out = BytesIO()
    out.write(bare[:_HEADER])
    write_chunk(out, b"IDAT", zlib.compress(rows, 1))
    write_chunk(out, b"IEND", b"")
    return out.getvalue()


def _stream(data: bytes) -> Iterator[memoryview]:
    """The pieces of the deflated rows."""
    view = memoryview(data)
    return (view[start:end] for name, start, end in walk(data) if name == "IDAT")


def _filter_places(header: PngHeader) -> tuple[npt.NDArray[np.int64], int]:
    """Offsets in the stream of the filters of all rows, and the length of the stream."""
    places, end = [np.empty(0, np.int64)], 0
    for rows, length in header.passes:
        places.append(end + length * np.arange(rows, dtype=np.int64))
        end += length * rows
    return np.concatenate(places), end


def _with_alpha(pixels: Pixels, transparent: bytes, bits: int) -> Pixels:
    """Alpha behind the channels: 0 where all of them are the ``transparent`` ones."""
    color = np.frombuffer(transparent, ">u2")[: pixels.shape[2]]
    if bits < 8:
        color = color * (255 // (2**bits - 1))
    opaque = (pixels != color).any(axis=2, keepdims=True)
    alpha = opaque.astype(pixels.dtype) * np.iinfo(pixels.dtype).max
    return np.concatenate((pixels, alpha), axis=2)
