"""The pixels of a TIFF, decompressed by libtiff through Pillow.

Pillow reads 16-bit colour as 8 bit and separate planes of gray with alpha as noise. But to libtiff
a row of colour is a row of gray, only longer, as long as nobody asks for the predictor: so samples
of 8 and 16 bit are fetched as gray, exactly, and put together and the predictor undone here.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sr_batch.codec import ifd, pillow
from sr_batch.codec.container import Block
from sr_batch.codec.inflate import inflated_length
from sr_batch.codec.tags import LISTS, OF_PIXELS, Tag
from sr_batch.errors import UnreadableImage
from sr_batch.geometry import Size
from sr_batch.image import Pixels

ASSOCIATED, UNASSOCIATED = 1, 2
_HORIZONTAL = 2
_BLACK_IS_ZERO, _CHUNKY = 1, 1
_DEFLATE = (8, 32946)
_MAX_SEGMENT = 1 << 32
_SEGMENT_LISTS = (Tag.STRIP_OFFSETS, Tag.STRIP_COUNTS, Tag.TILE_OFFSETS, Tag.TILE_COUNTS)


@dataclass(frozen=True)
class Layout:
    """How the samples of a page lie.

    Attributes:
        size: As stored.
        inverted: Whether white is zero.
        bits: Per sample.
        samples: Per pixel, with those that mean nothing to us.
        channels: Of what is decoded, 1 or 3.
        alpha: 0 none, 1 associated (premultiplied), 2 unassociated.
        plain: Samples are whole bytes under a compression that knows nothing of pixels.
        separate: One plane after the other.
        predictor: 2 if samples are differences to the left.
        segment: Pixels after which these start anew: the width of a tile or of the picture.
    """

    size: Size
    inverted: bool
    bits: int
    samples: int
    channels: int
    alpha: int
    plain: bool
    separate: bool
    predictor: int
    segment: int


def blocks(data: bytes, page: ifd.Directory, layout: Layout) -> Iterable[Block]:
    """Bands of the picture on ``page`` of ``data``.

    Raises:
        UnreadableImage: truncated or corrupt.
    """
    if page.number(Tag.COMPRESSION, 1) in _DEFLATE:
        _require_sound(data, page)
    if layout.plain:
        return _plain_blocks(data, page, layout)
    mode = ("RGB" if layout.channels == 3 else "L") + ("A" if layout.alpha else "")
    return pillow.decode("tif", _bare(data, page.order, _pixel_tags(page)), mode)


def _require_sound(data: bytes, page: ifd.Directory) -> None:
    """Libtiff stops where it has enough, before the checksum."""
    starts = page.numbers(Tag.STRIP_OFFSETS) or page.numbers(Tag.TILE_OFFSETS)
    lengths = page.numbers(Tag.STRIP_COUNTS) or page.numbers(Tag.TILE_COUNTS)
    view = memoryview(data)
    for start, length in zip(starts, lengths, strict=False):
        try:
            inflated_length([view[start : start + length]], _MAX_SEGMENT)
        except zlib.error as fault:
            raise UnreadableImage(f"truncated or damaged tif ({fault})") from fault


def _pixel_tags(page: ifd.Directory) -> dict[int, ifd.Entry]:
    """What libtiff needs, in classic integers, and single where one is wanted."""
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


def _bare(data: bytes, order: str, entries: dict[int, ifd.Entry]) -> bytes:
    """The same file, led by a directory of ``entries`` alone."""
    padding = bytes(len(data) % 2)
    at = len(data) + len(padding)
    tail = ifd.write_tree(entries, order, at)
    return b"".join((ifd.header(order, at), memoryview(data)[8:], padding, tail))


def _plain_blocks(data: bytes, page: ifd.Directory, layout: Layout) -> Iterator[Block]:
    planes = range(layout.samples if layout.separate else 1)
    mode, dtype = ("L", np.uint8) if layout.bits == 8 else ("I;16", np.uint16)
    grays = (_bare(data, page.order, _as_gray(page, layout, plane)) for plane in planes)
    streams = [pillow.decode("tif", gray, mode) for gray in grays]
    for bands in zip(*streams, strict=True):
        samples: Pixels = np.concatenate([band.astype(dtype) for _, band in bands], axis=2)
        samples = samples.reshape(len(samples), layout.size.width, layout.samples)
        if layout.predictor == _HORIZONTAL:
            _accumulate(samples, layout.segment)
        if layout.inverted:
            samples[..., 0] ^= np.iinfo(dtype).max
        if layout.alpha == ASSOCIATED:
            _unpremultiply(samples, layout.channels)
        yield bands[0][0], samples


def _as_gray(page: ifd.Directory, layout: Layout, plane: int) -> dict[int, ifd.Entry]:
    """Tags by which one plane, or all samples of a row together, are gray."""
    entries = _pixel_tags(page)
    across = layout.samples
    if layout.separate:
        across = 1
        for tag in _SEGMENT_LISTS:
            every = page.numbers(tag)
            share = len(every) // layout.samples
            if share:
                own = every[plane * share : (plane + 1) * share]
                entries[tag] = ifd.integers(page.order, ifd.LONG, *own)
    values = {
        Tag.WIDTH: layout.size.width * across,
        Tag.BITS: layout.bits,
        Tag.PHOTOMETRIC: _BLACK_IS_ZERO,
        Tag.SAMPLES: 1,
        Tag.PLANAR: _CHUNKY,
    }
    if Tag.TILE_WIDTH in entries:
        values[Tag.TILE_WIDTH] = layout.segment * across
    entries |= {tag: ifd.integers(page.order, ifd.LONG, value) for tag, value in values.items()}
    return {t: e for t, e in entries.items() if t not in (Tag.PREDICTOR, Tag.EXTRA_SAMPLES)}


def _accumulate(samples: Pixels, segment: int) -> None:
    """Undo horizontal prediction in place."""
    for left in range(0, samples.shape[1], segment):
        part = samples[:, left : left + segment]
        np.add.accumulate(part, axis=1, dtype=samples.dtype, out=part)


def _unpremultiply(samples: Pixels, channels: int) -> None:
    """Divide colour by alpha, rounded to nearest, in place."""
    levels = np.iinfo(samples.dtype).max
    alpha = samples[..., channels : channels + 1].astype(np.uint32)
    color = samples[..., :channels].astype(np.uint32) * levels + alpha // 2
    samples[..., :channels] = np.minimum(color // np.maximum(alpha, 1), levels)
