"""The samples of a TIFF's page as rows of numbers.

Pillow reads 16-bit colour as 8 bit, separate planes of gray with alpha as noise, and most other
samples not at all. So rows are read as bytes and interpreted here. Pillow decodes only what
compresses pixels rather than bytes, such as JPEG.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from sr_batch.codec.backends import pillow
from sr_batch.codec.metadata import ifd
from sr_batch.codec.tiff.layout import SampleLayout
from sr_batch.codec.tiff.samples import Samples, unpack
from sr_batch.codec.tiff.segments import Bytes, Part, alone, find_parts, unpacked

_BAND_BYTES = 1 << 20
_MODES = {"gray": "L", "palette": "RGB", "rgb": "RGB", "ycbcr": "RGB", "cmyk": "CMYK"}


def stored_rows(
    data: bytes, page: ifd.Directory, layout: SampleLayout
) -> Iterator[tuple[int, Samples]]:
    """Top row and rows (h, W, samples) of the picture on ``page`` of ``data``, in bands.

    Samples have the type in which they are stored. Pictures whose compression is of pixels come as
    8 bit gray, RGB or CMYK, with alpha if they have any.

    Raises:
        UnreadableImage: truncated or corrupt.
    """
    if layout.bytewise:
        return _bytewise(data, page, layout)
    mode = _MODES[layout.colors] + ("A" if layout.alpha else "")
    return pillow.decode("tif", alone(data, page, layout), mode)


def _bytewise(
    data: bytes, page: ifd.Directory, layout: SampleLayout
) -> Iterator[tuple[int, Samples]]:
    parts, top = find_parts(data, page, layout), 0
    segment_bytes = layout.segment.height * layout.row_bytes
    step = 1 if layout.tiled else max(1, _BAND_BYTES // segment_bytes)
    for first in range(0, layout.down, step):
        last = min(first + step, layout.down)
        for planes in _bands(parts, first, last, page.order, layout):
            apart = [unpack(rows, page.order, layout) for rows in planes]
            samples = apart[0] if len(apart) == 1 else np.concatenate(apart, axis=2)
            if layout.tiled:
                samples = _side_by_side(samples, layout)[: layout.size.height - top]
            yield top, samples
            top += len(samples)


def _bands(
    parts: Sequence[Part], first: int, last: int, order: str, layout: SampleLayout
) -> Iterator[tuple[Bytes, ...]]:
    """The rows of the segments in lines ``first`` to ``last``, the same ones of every plane."""
    rows = min(last * layout.segment.height, layout.size.height) - first * layout.segment.height
    if layout.tiled:
        rows = (last - first) * layout.across * layout.segment.height
    planes = [
        unpacked(parts[start * layout.across : stop * layout.across], rows, order, layout)
        for start, stop in (
            (plane * layout.down + first, plane * layout.down + last)
            for plane in range(layout.planes)
        )
    ]
    if layout.tiled:
        return iter([tuple(np.concatenate(list(plane)) for plane in planes)])
    return zip(*planes, strict=True)


def _side_by_side(samples: Samples, layout: SampleLayout) -> Samples:
    """Tiles one below the other (across * tall, wide, S) as rows of the picture."""
    tile = layout.segment
    tiles = samples.reshape(layout.across, tile.height, tile.width, -1)
    rows = tiles.swapaxes(0, 1).reshape(tile.height, layout.across * tile.width, -1)
    return rows[:, : layout.size.width]
