"""Writes TIFF: deflated strips with horizontal prediction, EXIF in each page's directory.

Strips come first and all directories at the end, when it is known whether 32-bit offsets suffice:
a file over 4 GiB becomes a BigTIFF.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from sr_batch.codec.metadata import exif, ifd, photoshop
from sr_batch.codec.metadata.tags import OF_FILE, Tag
from sr_batch.codec.strips import strips
from sr_batch.core.image import Image, Metadata, Pixels

_BLACK_IS_ZERO, _RGB = 1, 2
_DEFLATE, _HORIZONTAL, _CHUNKY, _UNASSOCIATED, _INCH, _PAGE = 8, 2, 1, 2, 2, 2
_STRIP_BYTES = 1 << 18
_CLASSIC_BYTES = 2**32 - 1
_HEADER_BYTES = 16  # of the larger one


@dataclass(frozen=True)
class _Page:
    """A page whose strips are written.

    Attributes:
        tree: Its directory without the offsets of strips.
        offsets: Of the strips.
    """

    tree: ifd.Tree
    offsets: list[int]


def encode_picture(image: Image) -> bytes:
    """As :func:`encode`, of one picture."""
    return encode((image,))


def encode(pages: Iterable[Image], classic_bytes: int = _CLASSIC_BYTES) -> bytes:
    """A TIFF of the pages' own depths, gray or RGB, alpha if any, in the first EXIF's byte order.

    Args:
        pages: One or more. Each is requested when the one before it is encoded.
        classic_bytes: A longer file becomes a BigTIFF.
    """
    out, written, order = BytesIO(), list[_Page](), ""
    out.write(bytes(_HEADER_BYTES))
    for image in pages:
        order = order or exif.tree(image.metadata.exif)[0]
        written.append(_write_strips(out, image, order))
    out.write(bytes(out.tell() % 2))
    at = out.tell()
    tail, big = _directories(written, order, at, big=True), True
    if at + len(tail) <= classic_bytes:
        tail, big = _directories(written, order, at, big=False), False
    out.write(tail)
    out.seek(0)
    out.write(ifd.header(order, at, big))
    return out.getvalue()


def _write_strips(out: BytesIO, image: Image, order: str) -> _Page:
    samples = image.color.shape[2] + (image.alpha is not None)
    rows = max(1, _STRIP_BYTES // (image.size.width * samples * image.color.itemsize))
    offsets, counts = [], []
    for strip in strips(image, rows, alpha=True):
        offsets.append(out.tell())
        counts.append(out.write(_packed(strip, order)))
    lengths = {
        Tag.ROWS_PER_STRIP: ifd.integers(order, ifd.LONG, rows),
        Tag.STRIP_COUNTS: ifd.integers(order, ifd.LONG, *counts),
    }
    return _Page(
        _exif_entries(image.metadata, order) | _description(image, order) | lengths, offsets
    )


def _directories(pages: Sequence[_Page], order: str, at: int, big: bool) -> bytes:
    """The directories of all ``pages``, to be placed at ``at``, each pointing to the next."""
    tail, kind = bytearray(), ifd.LONG8 if big else ifd.LONG
    for number, page in enumerate(pages, 1):
        tree = {**page.tree, Tag.STRIP_OFFSETS: ifd.integers(order, kind, *page.offsets)}
        if len(pages) > 1:
            tree[Tag.SUBFILE] = ifd.integers(order, ifd.LONG, _PAGE)
            tree[Tag.PAGE_NUMBER] = ifd.integers(order, ifd.SHORT, number - 1, len(pages))
        tail += ifd.write_tree(tree, order, at + len(tail), big, followed=number < len(pages))
    return bytes(tail)


def _exif_entries(metadata: Metadata, order: str) -> dict[int, "ifd.Entry | ifd.Tree"]:
    """The entries of the EXIF block, without those that describe another file's pixels."""
    own, tree = exif.tree(metadata.exif)
    kept = {tag: entry for tag, entry in tree.items() if tag not in OF_FILE}
    return dict(ifd.reordered(kept, own, order))


def _packed(strip: Pixels, order: str) -> bytes:
    difference = strip.copy()
    np.subtract(strip[:, 1:], strip[:, :-1], out=difference[:, 1:])
    if strip.dtype == np.uint16:
        difference = difference.astype(f"{order}u2")
    # Runs only: on photographs faster and smaller than level 1 of full deflate.
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
