"""The strips and tiles of a TIFF's page: found in the file, and unpacked to bytes.

Deflated and uncompressed segments are unpacked here. libtiff, through Pillow, unpacks the others:
it gets a small file whose bytes pose as gray pixels.
"""

import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from sr_batch.codec.backends import pillow
from sr_batch.codec.inflate import inflated_length
from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import LISTS, OF_PIXELS, Tag
from sr_batch.codec.tiff.layout import DEFLATE, NONE, OLD_JPEG, SampleLayout, rows_per_strip
from sr_batch.core.errors import UnreadableImage, UnsupportedImage

Bytes = npt.NDArray[np.uint8]
Part = bytes | memoryview

_BLACK_IS_ZERO = 1
_BACKWARDS = 2
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TRAILER = 1 << 16
_BAND_BYTES = 1 << 20
_SHARED_BYTES = 1 << 28  # tiles may share their bytes, up to this many
_CLASSIC_BYTES = 2**32 - 2**24
_TILES, _STRIPS = (Tag.TILE_OFFSETS, Tag.TILE_COUNTS), (Tag.STRIP_OFFSETS, Tag.STRIP_COUNTS)


def find_parts(data: bytes, page: ifd.Directory, layout: SampleLayout) -> list[Part]:
    """The packed bytes of all segments, in rows of segments, plane by plane.

    Raises:
        UnreadableImage: some are missing, overlap or lie beyond the end.
    """
    places = _places(page, layout, len(data))
    if len(places) < layout.pieces or any(start + n > len(data) for start, n in places):
        raise UnreadableImage("truncated or damaged tif (rows are missing)")
    if layout.compression != NONE and sum(n for _, n in places) > len(data) + _SHARED_BYTES:
        raise UnreadableImage("damaged tif (its strips overlap)")
    view = memoryview(data)
    parts: list[Part] = [view[start : start + length] for start, length in places]
    if page.number(Tag.FILL_ORDER, 1) == _BACKWARDS and layout.bytewise:
        return [bytes(part).translate(_REVERSED) for part in parts]
    return parts


def unpacked(parts: Sequence[Part], rows: int, order: str, layout: SampleLayout) -> Iterator[Bytes]:
    """Bands (h, row bytes) of the ``rows`` rows in ``parts``, one below the other.

    Args:
        parts: Segments of one plane; only the last one of a picture may have fewer rows.
        rows: Rows of all ``parts`` together.
        order: Byte order of the file.
        layout: Of the page.

    Raises:
        UnreadableImage: truncated or corrupt.
    """
    if layout.compression not in (NONE, *DEFLATE):
        yield from _by_libtiff(parts, rows, order, layout)
        return
    most = layout.segment.height * layout.row_bytes
    wanted = [most] * (len(parts) - 1) + [rows * layout.row_bytes - most * (len(parts) - 1)]
    if layout.compression != NONE:
        parts = [_inflated(part, length) for part, length in zip(parts, wanted, strict=True)]
    every = np.frombuffer(b"".join(parts), np.uint8).reshape(rows, layout.row_bytes)
    step = max(1, _BAND_BYTES // layout.row_bytes)
    yield from (every[top : top + step] for top in range(0, rows, step))


def alone(data: bytes, page: ifd.Directory, layout: SampleLayout) -> bytes:
    """A file with ``page`` alone, and only the tags that decoding its pixels needs."""
    entries = _pixel_entries(page)
    if layout.compression == OLD_JPEG:  # its parts may be anywhere in the file
        if len(data) >= _CLASSIC_BYTES:
            raise UnsupportedImage("an old JPEG in a TIFF over 4 GiB; convert it to PNG first")
        at = len(data) + len(data) % 2
        tail = ifd.write_tree(entries, page.order, at)
        head = ifd.header(page.order, at)
        return b"".join((head, memoryview(data)[8:], bytes(len(data) % 2), tail))
    parts = find_parts(data, page, layout)
    if layout.compression in DEFLATE:
        _require_sound(parts, layout.row_bytes * layout.segment.height)
    return _file(parts, entries, page.order, layout.tiled)


def _places(page: ifd.Directory, layout: SampleLayout, end: int) -> list[tuple[int, int]]:
    """Start and length of every segment; without compression the layout gives the length."""
    offsets, counts = _TILES if Tag.TILE_OFFSETS in page.entries else _STRIPS
    starts = page.numbers(offsets, most=layout.pieces)
    if layout.compression != NONE or not layout.bytewise:
        lengths = page.numbers(counts, most=layout.pieces)
        if len(lengths) == len(starts) and all(lengths):
            return list(zip(starts, lengths, strict=True))
        stops = [*sorted({*starts, end}), 2**64]
        return [(start, stops[bisect_right(stops, start)] - start) for start in starts]
    if layout.tiled:
        return [(start, layout.row_bytes * layout.segment.height) for start in starts]
    return _places_of_rows(page, starts, layout)


def _places_of_rows(
    page: ifd.Directory, starts: Sequence[int], layout: SampleLayout
) -> list[tuple[int, int]]:
    height = layout.size.height
    tall = rows_per_strip(page, height)
    tops = list(range(0, height, tall)) * layout.planes
    return [
        (start + row * layout.row_bytes, layout.row_bytes)
        for start, top in zip(starts, tops, strict=False)
        for row in range(min(tall, height - top))
    ]


def _inflated(part: Part, length: int) -> bytes:
    """The first ``length`` bytes; the checksum behind them is verified if it is there."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(part, length)
        inflater.decompress(inflater.unconsumed_tail, _TRAILER)
    except zlib.error as fault:
        raise UnreadableImage(f"truncated or damaged tif ({fault})") from fault
    if len(found) < length:
        raise UnreadableImage("truncated or damaged tif (rows are missing)")
    return found


def _require_sound(parts: Sequence[Part], most: int) -> None:
    """Verify checksums: libtiff stops when it has all rows, in front of the checksum."""
    try:
        for part in parts:
            inflated_length([part], most)
    except zlib.error as fault:
        raise UnreadableImage(f"truncated or damaged tif ({fault})") from fault


def _by_libtiff(
    parts: Sequence[Part], rows: int, order: str, layout: SampleLayout
) -> Iterator[Bytes]:
    values = {
        Tag.WIDTH: layout.row_bytes,
        Tag.HEIGHT: rows,
        Tag.BITS: 8,
        Tag.COMPRESSION: layout.compression,
        Tag.PHOTOMETRIC: _BLACK_IS_ZERO,
        Tag.ROWS_PER_STRIP: layout.segment.height,
    }
    entries = {int(tag): ifd.integers(order, ifd.LONG, value) for tag, value in values.items()}
    for _, block in pillow.decode("tif", _file(parts, entries, order, False), "L"):
        yield block[..., 0].astype(np.uint8, copy=False)


def _pixel_entries(page: ifd.Directory) -> dict[int, ifd.Entry]:
    """The tags that libtiff needs, as classic integers, with one value where TIFF has one."""
    entries = {tag: page.entries[tag] for tag in OF_PIXELS if tag in page.entries}
    for tag in entries:
        values = page.numbers(tag)
        if values:
            if max(values) >= 2**32:
                raise UnreadableImage(f"truncated or damaged tif (tag {tag} is {max(values)})")
            kind = ifd.SHORT if max(values) < 2**16 else ifd.LONG
            kept = values if tag in LISTS else values[:1]
            entries[tag] = ifd.integers(page.order, kind, *kept)
    return entries


def _file(
    parts: Sequence[Part], entries: Mapping[int, ifd.Entry], order: str, tiled: bool
) -> bytes:
    """A classic TIFF of ``parts``, which follow its header."""
    lengths = [len(part) for part in parts]
    *starts, end = accumulate(lengths, initial=8)
    if end >= _CLASSIC_BYTES:
        raise UnsupportedImage("a TIFF with strips over 4 GiB; save it again in smaller ones")
    at = end + end % 2
    offsets, counts = _TILES if tiled else _STRIPS
    tree = {tag: entry for tag, entry in entries.items() if tag not in _TILES + _STRIPS} | {
        offsets: ifd.integers(order, ifd.LONG, *starts),
        counts: ifd.integers(order, ifd.LONG, *lengths),
    }
    tail = ifd.write_tree(tree, order, at)
    return b"".join((ifd.header(order, at), *parts, bytes(end % 2), tail))
