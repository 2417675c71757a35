"""JPEG XL: header and boxes read and written here, pixels in and out by OpenImageIO.

OpenImageIO is the library that every platform has in a wheel and that knows profiles and 16 bit.
It tells nothing before it has decoded everything, so the header is read here, and the profile,
which is packed as hard as the pixels, comes with them.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

import numpy as np

from sr_batch.codec.backends import openimageio
from sr_batch.codec.container import Block, Container, as_stored
from sr_batch.codec.heif.isobmff import box, boxes
from sr_batch.codec.jxl import header as jxl_header
from sr_batch.codec.jxl.header import SIGNATURE
from sr_batch.codec.metadata import exif, xmp
from sr_batch.codec.metadata import icc as profile
from sr_batch.codec.strips import whole
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata

_FILE = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
_PICTURE = (b"jxlc", b"jxlp")
_MOST_WORDS = 1 << 26
_SHORTEST = 128
_MIDDLE, _NEAR = 128, 8  # of 255 levels


def open_file(data: bytes) -> Container:
    """Take a JPEG XL apart; whether it is whole shows only when it is decoded."""
    header = jxl_header.read(_start(data))
    words = {} if data.startswith(SIGNATURE) else _words(data)
    block = words.get(b"Exif")
    # In front of the TIFF header stands how far away it is.
    block = block and (block[4 + int.from_bytes(block[:4], "big") :] or None)
    packet = words.get(b"xml ")
    # What EXIF and XMP say of the turn is not followed: it is done already, or wrong.
    turn = header.orientation if header.orientation > 1 else exif.orientation(block)
    depth = 8 if header.bits <= 8 else 16
    decoded = cache(lambda: openimageio.decode(_long_enough(data), header, depth))

    def blocks() -> Iterator[Block]:
        stored = as_stored(decoded().pixels, header.orientation)
        if Size(stored.shape[1], stored.shape[0]) != header.stored:
            raise UnreadableImage(f"damaged jxl (it is not {header.stored} as it says)")
        yield 0, stored

    return Container(
        format="jxl",
        stored=header.stored,
        channels=header.channels,
        alpha=header.alpha,
        depth=depth,
        orientation=header.orientation,
        metadata=Metadata(
            exif=exif.upright(block),
            xmp=packet and xmp.upright(packet, turn),
            dpi=exif.dpi(block),
            note="floating point read as 16 bit" if header.floating else None,
        ),
        blocks=blocks,
        profile=None if header.plain else lambda: decoded().icc,
    )


def encode(image: Image, quality: int) -> bytes:
    """A JPEG XL at ``quality``, without loss at 100, of the picture's own depth.

    Gray with alpha or with a profile of colours becomes RGB. Below 100 a profile is described anew
    by the encoder: its colours stay, its bytes do not. Where it would make the values linear, as of
    all gray, 8 bit would be too few for them, and the picture is kept without loss.
    """
    pixels, metadata = whole(image, depth=None), image.metadata
    if metadata.icc and pixels.shape[2] == 1 and not profile.is_gray(metadata.icc):
        pixels = np.repeat(pixels, 3, axis=2)
    if metadata.icc and quality < 100 and not _keeps_values(metadata.icc):
        quality = 100
    data = openimageio.encode(pixels, quality, metadata.icc)
    words = []
    if metadata.exif:
        words.append(box(b"Exif", bytes(4) + metadata.exif))
    if metadata.xmp:
        words.append(box(b"xml ", metadata.xmp))
    return _with(data, b"".join(words)) if words else data


def understands(icc: bytes | None) -> bool:
    """Whether the encoder can make sense of a profile; it refuses the picture otherwise."""
    return icc is None or openimageio.understands(icc)


@lru_cache(maxsize=8)
def _keeps_values(icc: bytes) -> bool:
    """Whether a profile that is described anew still has about the same curve."""
    patch = np.full((8, 8, 1 if profile.is_gray(icc) else 3), _MIDDLE, np.uint8)
    data = openimageio.encode(patch, 95, icc)
    decoded = openimageio.decode(_long_enough(data), jxl_header.read(_start(data)), 8)
    return int(np.ptp((*decoded.pixels.flat, _MIDDLE))) <= _NEAR


def _with(data: bytes, words: bytes) -> bytes:
    """A file, or a bare codestream, with ``words`` in front of its picture."""
    if data.startswith(SIGNATURE):
        return _FILE + words + box(b"jxlc", data)
    start = next(each.start for each in boxes(data, 0, len(data)) if each.kind in _PICTURE) - 8
    return data[:start] + words + data[start:]


def _start(data: bytes) -> bytes:
    """The codestream, or as much of it as holds its header."""
    if data.startswith(SIGNATURE):
        return data
    found = b""
    for each in boxes(data, 0, len(data)):
        if each.kind in _PICTURE and len(found) < jxl_header.MOST_BYTES:
            start = each.start + (4 if each.kind == b"jxlp" else 0)
            found += data[start : min(start + jxl_header.MOST_BYTES, each.end)]
    return found


def _long_enough(data: bytes) -> bytes:
    """A file that OpenImageIO knows as one: it looks for 128 bytes."""
    if len(data) >= _SHORTEST:
        return data
    file = _FILE + box(b"jxlc", data) if data.startswith(SIGNATURE) else data
    return file + box(b"free", bytes(_SHORTEST))


def _words(data: bytes) -> Mapping[bytes, bytes]:
    """The first box of every kind that holds words, unpacked."""
    found: dict[bytes, bytes] = {}
    for each in boxes(data, 0, len(data)):
        packed = each.kind == b"brob"
        start = each.start + (4 if packed else 0)
        kind = data[each.start : start] if packed else each.kind
        if kind in (b"Exif", b"xml ") and kind not in found:
            content = data[start : each.end]
            found[kind] = _unpacked(content) if packed else content
    return {kind: content for kind, content in found.items() if content}


def _unpacked(packed: bytes) -> bytes:
    """Nothing if it is damaged or too large to be what it should be."""
    import brotli

    unpacker, plain = brotli.Decompressor(), b""
    try:
        plain = unpacker.process(packed, output_buffer_limit=_MOST_WORDS)
    except brotli.error:
        return b""
    return plain if unpacker.is_finished() else b""
