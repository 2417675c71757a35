"""WebP: RIFF chunks read here; pixels in by OpenCV, the file written by Pillow."""

import struct
from collections.abc import Iterator

import numpy as np

from sr_batch.codec import exif, opencv, pillow, xmp
from sr_batch.codec.container import Block, Container
from sr_batch.codec.strips import strips
from sr_batch.errors import UnreadableImage, UnsupportedImage
from sr_batch.geometry import Size
from sr_batch.image import Image, Metadata

_ANIMATED = 0x02


def open_file(data: bytes) -> Container:
    """Take a WebP apart; whether it is whole shows only when it is decoded."""
    chunks = _chunks(data)
    flags = chunks["VP8X"][0] if "VP8X" in chunks else 0
    if flags & _ANIMATED or "ANIM" in chunks:
        raise UnsupportedImage("an animated WebP; extract its frames first")
    size, alpha = _picture(chunks)
    block = exif.bare(chunks["EXIF"]) if "EXIF" in chunks else None
    turn, packet = exif.orientation(block), chunks.get("XMP ")
    return Container(
        format="webp",
        stored=size,
        channels=3,
        alpha=alpha,
        depth=8,
        orientation=turn,
        metadata=Metadata(
            icc=chunks.get("ICCP"),
            exif=exif.upright(block),
            xmp=packet and xmp.upright(packet, turn),
            dpi=exif.dpi(block),
            lossless="VP8L" in chunks,
        ),
        blocks=lambda: _decode(data, size, alpha),
    )


def encode(image: Image, quality: int) -> bytes:
    """A WebP at ``quality``; without loss if ``image`` came from a WebP without loss.

    16 bit is rounded to 8, gray becomes RGB. A gray profile would be wrong there and is left out.
    """
    metadata = image.metadata
    pixels = next(strips(image, image.size.height, alpha=True, depth=8))
    if pixels.shape[2] < 3:
        pixels = pixels[..., [0, 0, 0, 1][: pixels.shape[2] + 2]]
    return pillow.encode_webp(
        np.ascontiguousarray(pixels),
        None if metadata.lossless else quality,
        {
            "icc_profile": None if is_gray_profile(metadata.icc) else metadata.icc,
            "exif": metadata.exif,
            "xmp": metadata.xmp,
        },
    )


def is_gray_profile(icc: bytes | None) -> bool:
    """Whether a profile is of gray pixels, so that RGB pixels cannot carry it."""
    return icc is not None and icc[16:20] == b"GRAY"


def _chunks(data: bytes) -> dict[str, bytes]:
    """The first chunk of every kind, as far as the file goes; of pixels only their header."""
    found: dict[str, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name = data[at : at + 4].decode("latin-1")
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        kept = 16 if name in ("VP8 ", "VP8L", "ALPH", "ANMF") else length
        found.setdefault(name, data[at + 8 : at + 8 + kept])
        at += 8 + length + length % 2
    return found


def _picture(chunks: dict[str, bytes]) -> tuple[Size, bool]:
    """Size and whether there is alpha."""
    if "VP8L" in chunks and chunks["VP8L"][:1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", chunks["VP8L"], 1)
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
    if "VP8 " in chunks and chunks["VP8 "][3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", chunks["VP8 "], 6)
        return Size(width & 0x3FFF, height & 0x3FFF), "ALPH" in chunks
    raise UnreadableImage("truncated or damaged webp (no picture header)")


def _decode(data: bytes, size: Size, alpha: bool) -> Iterator[Block]:
    for top, block in opencv.decode("webp", data, size):
        if alpha and block.shape[2] == 3:
            opaque = np.full_like(block[..., :1], 255)
            block = np.concatenate((block, opaque), axis=2)
        yield top, block
