"""EXIF fields that count pixels: where the subject is, and how dense the pixels were on the sensor.

They refer to the stored picture, whose size EXIF states, too. So they turn and grow with it.
"""

import struct
from collections.abc import Sequence
from fractions import Fraction

from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.boxes import turned
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.geometry import Size

_PLACES = (Tag.SUBJECT_AREA, Tag.SUBJECT_LOCATION)
_DENSITIES = (Tag.FOCAL_PLANE_X, Tag.FOCAL_PLANE_Y)
_MOST = {ifd.SHORT: 2**16 - 1, ifd.LONG: 2**32 - 1}


def turn(block: bytearray, inner: ifd.Directory, orientation: int) -> None:
    """Turn the fields of ``inner``, the EXIF directory of ``block``, from this ``orientation``."""
    size = _size(inner)
    if size is None:
        return
    for tag in _PLACES:
        values = inner.numbers(tag)
        if 2 <= len(values) <= 4:
            _put(block, inner, tag, _turned(values, size, orientation))
    if orientation > 4:
        _swap(block, inner, (Tag.PIXEL_WIDTH, Tag.PIXEL_HEIGHT))
        _swap(block, inner, _DENSITIES)


def scale(block: bytearray, inner: ifd.Directory, size: Size) -> None:
    """Change the fields of ``inner``, the EXIF directory of ``block``, to a picture of ``size``."""
    before = _size(inner)
    if before is None:
        return
    across, down = Fraction(size.width, before.width), Fraction(size.height, before.height)
    for tag in _PLACES:
        values = inner.numbers(tag)
        circle = (across, down, max(across, down))
        factors = circle if len(values) == len(circle) else (across, down) * 2
        if 2 <= len(values) <= 4:
            pairs = zip(values, factors, strict=False)
            _put(block, inner, tag, [round(value * factor) for value, factor in pairs])
    for tag, factor in zip(_DENSITIES, (across, down), strict=True):
        _multiply(block, inner, tag, factor)


def _size(inner: ifd.Directory) -> Size | None:
    """The size that EXIF states; None if it states none."""
    size = Size(inner.number(Tag.PIXEL_WIDTH, 0), inner.number(Tag.PIXEL_HEIGHT, 0))
    return size if size.width > 0 and size.height > 0 else None


def _turned(values: Sequence[int], size: Size, orientation: int) -> list[int]:
    """A centre, with a diameter, or width and height, behind it; or alone."""
    x, y, *sides = values
    width, height = sides if len(sides) == 2 else (0, 0)
    box = ((x - width / 2) / size.width, (y - height / 2) / size.height)
    far = ((x + width / 2) / size.width, (y + height / 2) / size.height)
    left, top, right, bottom = turned((*box, *far), orientation)
    across, down = (size.height, size.width) if orientation > 4 else (size.width, size.height)
    center = [round((left + right) / 2 * across), round((top + bottom) / 2 * down)]
    if len(sides) == 2:
        return [*center, round((right - left) * across), round((bottom - top) * down)]
    return [*center, *sides]


def _put(block: bytearray, inner: ifd.Directory, tag: Tag, values: Sequence[int]) -> None:
    entry = inner.entries[tag]
    most = _MOST.get(entry.kind)
    if most and len(values) == entry.count:
        fitting = [min(max(value, 0), most) for value in values]
        _write(block, inner, entry, ifd.integers(inner.order, entry.kind, *fitting).data)


def _swap(block: bytearray, inner: ifd.Directory, tags: tuple[Tag, Tag]) -> None:
    one, two = (inner.entries.get(tag) for tag in tags)
    if one and two and len(one.data) == len(two.data) and one.kind == two.kind:
        _write(block, inner, one, two.data)
        _write(block, inner, two, one.data)


def _multiply(block: bytearray, inner: ifd.Directory, tag: Tag, factor: Fraction) -> None:
    entry = inner.entries.get(tag)
    if entry is None or entry.kind != ifd.RATIONAL or entry.count != 1:
        return
    above, below = struct.unpack(f"{inner.order}2I", entry.data)
    value = Fraction(above, below or 1) * factor
    if below and value < 2**12:
        value = value.limit_denominator(2**20)
    elif below and value < 2**31:
        value = Fraction(round(value))
    else:
        return
    packed = struct.pack(f"{inner.order}2I", value.numerator, value.denominator)
    _write(block, inner, entry, packed)


def _write(block: bytearray, inner: ifd.Directory, entry: ifd.Entry, data: bytes) -> None:
    """Write ``data`` over the values of ``entry``, which have the same length."""
    at = entry.at + 8
    if len(data) > 4:
        (at,) = struct.unpack_from(f"{inner.order}I", block, at)
    block[at : at + len(data)] = data
