"""Writes a classic TIFF: deflated strips with horizontal prediction, EXIF in its directory."""

import struct
import zlib
from io import BytesIO

import numpy as np

from sr_batch.codec import exif, ifd, photoshop
from sr_batch.codec.strips import strips
from sr_batch.codec.tags import OF_FILE, Tag
from sr_batch.errors import ImageTooLarge
from sr_batch.image import Image, Metadata, Pixels

_BLACK_IS_ZERO, _RGB = 1, 2
_DEFLATE, _HORIZONTAL, _CHUNKY, _UNASSOCIATED, _INCH = 8, 2, 1, 2, 2
_STRIP_BYTES = 1 << 18


def encode(image: Image) -> bytes:
    """A TIFF of the picture's own depth, gray or RGB, alpha if any, in its EXIF's byte order.

    Raises:
        ImageTooLarge: it would be over 4 GiB.
    """
    order, words = exif.tree(image.metadata.exif)
    tree = {tag: entry for tag, entry in words.items() if tag not in OF_FILE}
    row_bytes = image.color[0].nbytes + (0 if image.alpha is None else image.alpha[0].nbytes)
    rows = max(1, _STRIP_BYTES // row_bytes)
    out, offsets, counts = BytesIO(), [], []
    out.write(bytes(8))
    for strip in strips(image, rows, alpha=True):
        offsets.append(out.tell())
        counts.append(out.write(_packed(strip, order)))
    out.write(bytes(out.tell() % 2))
    if out.tell() >= 2**32 - 2**24:
        raise ImageTooLarge("a TIFF ends at 4 GiB; use --format png")
    tree |= _description(image, order) | {
        Tag.STRIP_OFFSETS: ifd.integers(order, ifd.LONG, *offsets),
        Tag.ROWS_PER_STRIP: ifd.integers(order, ifd.LONG, rows),
        Tag.STRIP_COUNTS: ifd.integers(order, ifd.LONG, *counts),
    }
    at = out.tell()
    out.write(ifd.write_tree(tree, order, at))
    out.seek(0)
    out.write(ifd.header(order, at))
    return out.getvalue()


def _packed(strip: Pixels, order: str) -> bytes:
    difference = strip.copy()
    np.subtract(strip[:, 1:], strip[:, :-1], out=difference[:, 1:])
    if strip.dtype == np.uint16:
        difference = difference.astype(f"{order}u2")
    # Runs only: on photographs faster than the first level of real deflate, and smaller.
    deflate = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return deflate.compress(difference.data) + deflate.flush()


def _description(image: Image, order: str) -> dict[int, ifd.Entry]:
    samples = image.color.shape[2] + (image.alpha is not None)
    shorts: dict[int, tuple[int, ...]] = {
        Tag.BITS: (image.color.itemsize * 8,) * samples,
        Tag.COMPRESSION: (_DEFLATE,),
        Tag.PHOTOMETRIC: (_BLACK_IS_ZERO if image.is_gray else _RGB,),
        Tag.SAMPLES: (samples,),
        Tag.PLANAR: (_CHUNKY,),
        Tag.PREDICTOR: (_HORIZONTAL,),
    }
    if image.alpha is not None:
        shorts[Tag.EXTRA_SAMPLES] = (_UNASSOCIATED,)
    entries = {tag: ifd.integers(order, ifd.SHORT, *values) for tag, values in shorts.items()}
    entries[Tag.WIDTH] = ifd.integers(order, ifd.LONG, image.size.width)
    entries[Tag.HEIGHT] = ifd.integers(order, ifd.LONG, image.size.height)
    return entries | _carried(image.metadata, order)


def _carried(metadata: Metadata, order: str) -> dict[int, ifd.Entry]:
    blocks = {
        Tag.ICC: (ifd.UNDEFINED, metadata.icc),
        Tag.XMP: (ifd.BYTE, metadata.xmp),
        Tag.IPTC: (ifd.UNDEFINED, photoshop.iptc(metadata.photoshop)),
        Tag.PHOTOSHOP: (ifd.BYTE, metadata.photoshop),
    }
    entries: dict[int, ifd.Entry] = {
        tag: ifd.Entry(kind, len(block), block) for tag, (kind, block) in blocks.items() if block
    }
    if metadata.dpi is not None:
        for tag, dots in zip((Tag.X_RESOLUTION, Tag.Y_RESOLUTION), metadata.dpi, strict=True):
            ratio = struct.pack(f"{order}2I", min(round(dots * 1000), 2**32 - 1), 1000)
            entries[tag] = ifd.Entry(ifd.RATIONAL, 1, ratio)
        entries[Tag.RESOLUTION_UNIT] = ifd.integers(order, ifd.SHORT, _INCH)
    return entries
