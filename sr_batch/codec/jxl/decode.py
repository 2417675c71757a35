"""JPEG XL: header and boxes are read here, OpenImageIO decodes the pixels.

OpenImageIO is the library that has a wheel for every platform and supports profiles and 16 bit.
It says nothing before it has decoded everything. So the header is read here, and the profile,
which is packed like the pixels, comes with them.
"""

from collections.abc import Iterator
from functools import cache

from sr_batch.codec.backends import openimageio
from sr_batch.codec.container import Block, Container
from sr_batch.codec.jxl.boxes import (
    has_gain_map,
    long_enough,
    read_metadata,
    start_of_codestream,
    unread_names,
)
from sr_batch.codec.jxl.header import JxlHeader, read_header
from sr_batch.codec.metadata import exif, xmp
from sr_batch.codec.orientation import as_stored
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Metadata


def open_file(data: bytes) -> Container:
    """Read the structure of a JPEG XL. Truncated pixels are found only when it is decoded."""
    header, metadata = read_header(start_of_codestream(data)), read_metadata(data)
    block, packet = _exif_block(metadata.get(b"Exif")), metadata.get(b"xml ")
    # The orientation of EXIF and XMP does not count: it repeats the header's, or is wrong.
    turn = header.orientation if header.orientation > 1 else exif.orientation(block)
    depth = 8 if header.bits <= 8 else 16
    decoded = cache(lambda: openimageio.decode(long_enough(data), header, depth))

    def blocks() -> Iterator[Block]:
        stored = as_stored(decoded().pixels, header.orientation)
        if Size(stored.shape[1], stored.shape[0]) != header.stored:
            raise UnreadableImage(f"damaged jxl (it is not {header.stored} as its header says)")
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
            unread=unread_names(data, metadata),
            note=_note(data, header),
        ),
        blocks=blocks,
        profile=None if header.plain else lambda: decoded().icc,
    )


def _note(data: bytes, header: JxlHeader) -> str | None:
    said = {
        "floating point read as 16 bit": header.floating,
        "HDR gain map left out": has_gain_map(data),
    }
    return "; ".join(what for what, happens in said.items() if happens) or None


def _exif_block(box: bytes | None) -> bytes | None:
    """EXIF from its TIFF header on; the first four bytes of the box are the offset to it."""
    return box and (box[4 + int.from_bytes(box[:4], "big") :] or None)
