"""PNG: chunks are read here, pixels by Pillow (8 bit) or OpenCV (16 bit)."""

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from sr_batch.codec import exif, opencv, pillow
from sr_batch.codec.container import Block, Container
from sr_batch.errors import UnreadableImage, UnsupportedImage
from sr_batch.geometry import Size
from sr_batch.image import Metadata

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INCHES_PER_METRE = 1 / 0.0254
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_MAX_PROFILE = 1 << 26
# Colour type -> bit depths, channels, alpha, Pillow's mode.
_KINDS = {
    _GRAY: ((1, 2, 4, 8, 16), 1, False, "L"),
    _RGB: ((8, 16), 3, False, "RGB"),
    _PALETTE: ((1, 2, 4, 8), 3, False, "RGB"),
    _GRAY_ALPHA: ((8, 16), 1, True, "LA"),
    _RGB_ALPHA: ((8, 16), 3, True, "RGBA"),
}


def open_file(data: bytes) -> Container:
    """Take a PNG apart; whether it is whole shows only when it is decoded."""
    chunks = _chunks(data)
    if "IHDR" not in chunks or len(chunks["IHDR"]) != 13:
        raise UnreadableImage("damaged png (no header)")
    width, height, bits, kind = struct.unpack_from(">IIBB", chunks["IHDR"])
    depths, channels, alpha, mode = _KINDS.get(kind, ((), 0, False, ""))
    if bits not in depths:
        raise UnreadableImage(f"damaged png (colour type {kind} of {bits} bit)")
    if int.from_bytes(chunks.get("acTL", b"")[:4], "big") > 1:
        raise UnsupportedImage("an animated PNG; extract its frames first")
    size, key = Size(width, height), chunks.get("tRNS")
    if key and kind == _PALETTE:
        alpha, mode, key = True, "RGBA", None
    block = _exif(chunks)
    return Container(
        format="png",
        stored=size,
        channels=channels,
        alpha=alpha or key is not None,
        depth=16 if bits == 16 else 8,
        orientation=exif.orientation(block),
        metadata=Metadata(icc=_icc(chunks), exif=exif.upright(block), dpi=_dpi(chunks)),
        blocks=lambda: _keyed(_decode(data, size, kind, bits, mode), key, bits),
    )


def _chunks(data: bytes) -> dict[str, bytes]:
    """The first chunk of every kind but pixel data; packed texts go by their keyword."""
    found: dict[str, bytes] = {}
    for name, start, end in _walk(data):
        if name == "zTXt":
            found.setdefault(data[start:end].partition(b"\0")[0].decode("latin-1"), data[start:end])
        elif name != "IDAT":
            found.setdefault(name, data[start:end])
    return found


def _walk(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, first and last byte of every chunk that is there in full, up to IEND."""
    at = len(_SIGNATURE)
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


def _bare(data: bytes, kind: int) -> bytes:
    """The chunks that pixels are made of, their checksums proved."""
    view = memoryview(data)
    wanted = {"IHDR", "PLTE", "IDAT", "IEND"} | ({"tRNS"} if kind == _PALETTE else set())
    parts, name = [view[: len(_SIGNATURE)]], ""
    for name, start, end in _walk(data):
        if name not in wanted:
            continue
        if zlib.crc32(view[start - 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise UnreadableImage(f"damaged png (wrong checksum of {name})")
        parts.append(view[start - 8 : end + 4])
    if name != "IEND":
        raise UnreadableImage("truncated png (it has no end)")
    return b"".join(parts)


def _decode(data: bytes, size: Size, kind: int, bits: int, mode: str) -> Iterator[Block]:
    bare = _bare(data, kind)
    if bits < 16:
        yield from pillow.decode("png", bare, mode)
        return
    for top, block in opencv.decode("png", bare, size):
        # OpenCV has no gray with alpha: it comes as RGBA.
        yield top, block[..., ::3] if kind == _GRAY_ALPHA else block


def _keyed(blocks: Iterable[Block], key: bytes | None, bits: int) -> Iterator[Block]:
    """Turn the one transparent colour, if there is one, into an alpha channel."""
    for top, block in blocks:
        if key is None:
            yield top, block
            continue
        color = np.frombuffer(key, ">u2")[: block.shape[2]]
        if bits < 8:
            color = color * (255 // (2**bits - 1))
        opaque = (block != color).any(axis=2, keepdims=True)
        alpha = opaque.astype(block.dtype) * np.iinfo(block.dtype).max
        yield top, np.concatenate((block, alpha), axis=2)


def _icc(chunks: dict[str, bytes]) -> bytes | None:
    name, _, packed = chunks.get("iCCP", b"").partition(b"\0")
    return _inflated(packed[1:]) if name else None


def _inflated(packed: bytes) -> bytes | None:
    """None if it is damaged or too large to be what it should be."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed, _MAX_PROFILE)
    except zlib.error:
        return None
    return plain if inflater.eof else None


def _exif(chunks: dict[str, bytes]) -> bytes | None:
    """The eXIf chunk, or what ImageMagick wrote before there was one."""
    if "eXIf" in chunks:
        return exif.bare(chunks["eXIf"])
    text = chunks.get("Raw profile type exif") or chunks.get("Raw profile type APP1") or b""
    packed = text.partition(b"\0")[2]
    try:
        # An empty line, the kind, the length, then hexadecimal digits.
        lines = (_inflated(packed[1:]) or b"").split(b"\n")[3:]
        return exif.bare(bytes.fromhex(b"".join(lines).decode("ascii"))) or None
    except ValueError:
        return None


def _dpi(chunks: dict[str, bytes]) -> tuple[float, float] | None:
    density = chunks.get("pHYs", b"")
    if len(density) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", density)
    return (x / _INCHES_PER_METRE, y / _INCHES_PER_METRE) if unit == 1 and x and y else None
