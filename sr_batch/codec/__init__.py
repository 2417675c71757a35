"""Image files in memory: bytes to pixels and back. No path is ever opened here.

Formats are ``jpg``, ``png``, ``webp``, ``tif`` and ``bmp``, found by content.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from sr_batch.codec import bmp, exif, jpeg, png, png_encode, tiff, tiff_encode, webp, xmp
from sr_batch.codec.container import Container, decode
from sr_batch.codec.limits import require_fits, require_within
from sr_batch.codec.policy import kept
from sr_batch.codec.sniff import SUFFIXES, describe, format_of_suffix, sniff
from sr_batch.errors import UnreadableImage, UnsupportedImage, about
from sr_batch.geometry import Size
from sr_batch.image import Image
from sr_batch.options import Keep

__all__ = [
    "SUFFIXES",
    "Header",
    "encode_image",
    "format_of_suffix",
    "kept",
    "likely_bytes",
    "losses",
    "read_header",
    "read_image",
    "require_fits",
    "sniff",
    "true_xmp",
]

_HEAD = 512
# Of photographs enlarged twice, 8 bit, JPEG and WebP at quality 95.
_BYTES_PER_PIXEL = {"jpg": 0.4, "webp": 0.25, "png": 1.5, "tif": 1.7, "bmp": 3.0}
_OPENERS: dict[str, Callable[[bytes], Container]] = {
    "jpg": jpeg.open_file,
    "png": png.open_file,
    "webp": webp.open_file,
    "tif": tiff.open_file,
    "bmp": bmp.open_file,
}
_ENCODERS: dict[str, Callable[[Image, int], bytes]] = {
    "jpg": jpeg.encode,
    "png": lambda image, _: png_encode.encode(image),
    "webp": webp.encode,
    "tif": lambda image, _: tiff_encode.encode(image),
    "bmp": lambda image, _: bmp.encode(image),
}
_HEADER_FAULTS = (struct.error, ValueError, LookupError, OverflowError, zlib.error)


@dataclass(frozen=True)
class Header:
    """What a file says about its picture before it is decoded.

    Attributes:
        format: Of the file's content, whatever its suffix.
        size: Of the upright picture.
        orientation: How its stored pixels are turned, 1 to 8.
        decoded_bytes: Memory its pixels will take.
    """

    format: str
    size: Size
    orientation: int
    decoded_bytes: int


def read_header(data: bytes, name: str, max_pixels: int) -> Header:
    """Look at a file's header; takes milliseconds, whatever size it claims.

    Args:
        data: The whole file.
        name: What error messages call it.
        max_pixels: Limit of width times height.

    Raises:
        UnreadableImage: empty or damaged.
        UnsupportedImage: no image, or of a kind that is not handled.
        ImageTooLarge: over ``max_pixels``.
    """
    with about(name):
        container = _open(data, max_pixels)
        return Header(
            container.format, container.size, container.orientation, container.decoded_bytes
        )


def read_image(data: bytes, name: str, max_pixels: int) -> Image:
    """Decode a file: the right way up, gray, alpha and 16 bit kept. Arguments as `read_header`.

    Raises:
        UnreadableImage: empty, truncated or damaged.
        UnsupportedImage: no image, or of a kind that is not handled.
        ImageTooLarge: over ``max_pixels``.
    """
    with about(name):
        return decode(_open(data, max_pixels))


def encode_image(image: Image, kind: str, quality: int) -> bytes:
    """The file that holds ``image``; what ``kind`` cannot hold is left out, see `losses`.

    Args:
        image: What to encode.
        kind: ``jpg``, ``png``, ``webp``, ``tif`` or ``bmp``.
        quality: 1 to 100, of JPEG and of WebP (a WebP made from a lossless one is lossless).

    Raises:
        ImageTooLarge: ``kind`` cannot hold this size.
    """
    require_fits(image.size, kind, "output")
    block = exif.with_size(image.metadata.exif, image.size)
    packet = image.metadata.xmp and xmp.with_size(image.metadata.xmp, image.size)
    image = replace(image, metadata=replace(image.metadata, exif=block, xmp=packet))
    return _ENCODERS[kind](image, quality)


def true_xmp(packet: bytes, header: Header, size: Size, policy: Keep) -> bytes:
    """An XMP ``packet`` that lies beside a picture, made true for the upright one of ``size``."""
    packet = xmp.with_size(xmp.upright(packet, header.orientation), size)
    return xmp.without_gps(packet) if policy == "no-gps" else packet


def likely_bytes(size: Size, kind: str) -> int:
    """About how large a file of ``kind`` is that holds a photograph of ``size``, enlarged."""
    return round(size.pixels * _BYTES_PER_PIXEL[kind])


def losses(image: Image, kind: str) -> tuple[str, ...]:
    """What was changed on reading, and what a file of ``kind`` cannot hold, in words for notes."""
    metadata = image.metadata
    exif_limit = {"jpg": jpeg.MAX_EXIF, "bmp": 0}.get(kind, 2**31)
    xmp_limit = {"jpg": jpeg.MAX_XMP, "bmp": 0}.get(kind, 2**31)
    icc_limit = {"jpg": jpeg.MAX_ICC, "bmp": 0}.get(kind, 2**31)
    lost = {
        "alpha flattened on white": image.alpha is not None and kind == "jpg",
        "16 bit rounded to 8": image.levels > 255 and kind in ("jpg", "webp", "bmp"),
        "EXIF left out": len(metadata.exif or b"") > exif_limit,
        "XMP left out": len(metadata.xmp or b"") > xmp_limit,
        "a part of XMP left out": bool(metadata.xmp_extension) and kind != "jpg",
        "IPTC left out": bool(metadata.photoshop) and kind in ("webp", "bmp"),
        "ICC profile left out": len(metadata.icc or b"") > icc_limit
        or (kind == "webp" and webp.is_gray_profile(metadata.icc)),
    }
    said = (metadata.note,) if metadata.note else ()
    return said + tuple(what for what, happens in lost.items() if happens)


def _open(data: bytes, max_pixels: int) -> Container:
    """Take apart whatever ``data`` is, and refuse sizes before anything is decoded."""
    if not data:
        raise UnreadableImage("the file is empty")
    kind = sniff(data[:_HEAD])
    if kind is None:
        what = describe(data[:_HEAD])
        raise UnsupportedImage(f"it is {what}; JPEG, PNG, WebP, TIFF and BMP are read")
    try:
        container = _OPENERS[kind](data)
    except _HEADER_FAULTS as fault:
        raise UnreadableImage(f"truncated or damaged {kind} (header)") from fault
    if min(container.size.width, container.size.height) < 1:
        raise UnreadableImage(f"damaged {kind} (it is {container.size} pixels)")
    require_within(container.size, max_pixels)
    return container
