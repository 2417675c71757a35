"""TIFF directories, the structure of TIFF files and of EXIF blocks, read and written as raw bytes.

Values keep the bytes and the byte order of the file, so nothing is lost or changed. Pillow would
parse them into numbers, drop what it cannot parse, and print warnings.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sr_batch.codec.metadata.tags import Tag

BYTE, SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 1, 3, 4, 5, 7, 16

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_RATIONALS = (5, 10)
_OF_BIG_TIFF = {16: 8, 17: 8, 18: 8}
_SIZES |= _OF_BIG_TIFF
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# How the number of entries, an entry and an offset are packed: in classic TIFF, in BigTIFF.
_FORMS = {False: ("H", "HHI", "I"), True: ("Q", "HHQ", "Q")}
_MOST_NUMBERS = 1 << 16
_NESTED = (Tag.EXIF, Tag.GPS, Tag.INTEROPERABILITY)


@dataclass(frozen=True)
class Entry:
    """One tag's value.

    Attributes:
        kind: TIFF type, 1 to 18.
        count: Number of values.
        data: The values as stored in the file.
        at: Offset of the 12-byte entry (20 in BigTIFF) in the file it was read from.
    """

    kind: int
    count: int
    data: bytes
    at: int = -1


Tree = Mapping[int, "Entry | Tree"]
"""Entries by tag; EXIF, GPS and INTEROPERABILITY hold a directory in place of its offset."""


@dataclass(frozen=True)
class Directory:
    """One directory of a file.

    Attributes:
        order: Byte order, ``<`` or ``>``.
        entries: By tag.
        next: Offset of the next directory, 0 if there is none.
        next_at: Offset of ``next`` itself.
        big: Whether it belongs to a BigTIFF.
    """

    order: str
    entries: dict[int, Entry] = field(default_factory=dict)
    next: int = 0
    next_at: int = 0
    big: bool = False

    def numbers(
        self, tag: int, default: tuple[int, ...] = (), most: int = _MOST_NUMBERS
    ) -> tuple[int, ...]:
        """The unsigned integers of ``tag``, the first ``most`` of them.

        ``default`` if they are missing or have another type.
        """
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _INTEGERS or entry.count == 0:
            return default
        count = min(entry.count, most)
        return struct.unpack_from(f"{self.order}{count}{_INTEGERS[entry.kind]}", entry.data)

    def number(self, tag: int, default: int) -> int:
        """The first of :meth:`numbers`."""
        return self.numbers(tag, (default,), 1)[0]

    def raw(self, tag: int) -> bytes | None:
        """The bytes of ``tag``; None if it is missing or empty."""
        entry = self.entries.get(tag)
        return entry.data or None if entry else None

    def dpi(self) -> tuple[float, float] | None:
        """The resolution in dots per inch; None without a unit of length."""
        x, y = self._ratio(Tag.X_RESOLUTION), self._ratio(Tag.Y_RESOLUTION)
        factor = {2: 1.0, 3: 2.54}.get(self.number(Tag.RESOLUTION_UNIT, 2))
        return (x * factor, y * factor) if x and y and factor else None

    def ratios(self, tag: int, count: int) -> tuple[float, ...]:
        """The first ``count`` fractions of ``tag``; none if some are missing or invalid."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind != RATIONAL or entry.count < count:
            return ()
        parts = struct.unpack_from(f"{self.order}{2 * count}I", entry.data)
        pairs = tuple(zip(parts[::2], parts[1::2], strict=True))
        return tuple(above / below for above, below in pairs) if all(parts[1::2]) else ()

    def _ratio(self, tag: int) -> float | None:
        return next(iter(self.ratios(tag, 1)), None)


def read_header(data: bytes) -> tuple[str, int, bool]:
    """Byte order (``<`` or ``>``), offset of the first directory, and whether it is BigTIFF.

    Raises:
        struct.error: ``data`` is too short.
        ValueError: it is not a TIFF.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no TIFF header")
    magic, offset = struct.unpack_from(f"{order}HI", data, 2)
    if magic not in (42, 43):
        raise ValueError("no TIFF header")
    if magic == 43:
        (offset,) = struct.unpack_from(f"{order}Q", data, 8)
    return order, offset, magic == 43


def header(order: str, offset: int, big: bool = False) -> bytes:
    """The first 8 bytes of a TIFF, 16 of a BigTIFF, whose first directory is at ``offset``."""
    form, values = ("HHHQ", (43, 8, 0, offset)) if big else ("HI", (42, offset))
    return (b"II" if order == "<" else b"MM") + struct.pack(order + form, *values)


def read_directory(data: bytes, offset: int, order: str, big: bool = False) -> Directory:
    """The directory at ``offset``.

    Entries of unknown type or beyond the end are left out, and entries that make all values larger
    than the file.

    Raises:
        struct.error: the directory itself lies beyond the end.
    """
    head, slot, pointer = _FORMS[big]
    (count,) = struct.unpack_from(order + head, data, offset)
    at = offset + struct.calcsize(order + head)
    width = struct.calcsize(order + pointer)
    stride = struct.calcsize(order + slot) + width
    next_at = at + count * stride
    (following,) = struct.unpack_from(order + pointer, data, next_at)
    entries, room = {}, len(data)
    for place in range(at, next_at, stride):
        tag, kind, length = struct.unpack_from(order + slot, data, place)
        size = _SIZES.get(kind, 0) * length
        value_at = place + stride - width
        if size > width:
            (value_at,) = struct.unpack_from(order + pointer, data, value_at)
        if kind in _SIZES and value_at + size <= len(data) and size <= room:
            entries[tag] = Entry(kind, length, data[value_at : value_at + size], place)
            room -= size
    return Directory(order, entries, following, next_at, big)


def read_tree(data: bytes, directory: Directory, depth: int = 2) -> dict[int, "Entry | Tree"]:
    """``directory`` and the directories it points to, with the entries of classic TIFF.

    A directory that cannot be read is left out, and so are entries that only BigTIFF has.
    """
    tree: dict[int, Entry | Tree] = {
        tag: entry
        for tag, entry in directory.entries.items()
        if entry.kind not in _OF_BIG_TIFF or tag in _NESTED
    }
    for tag in _NESTED:
        if tag not in tree:
            continue
        place = directory.number(tag, len(data))
        try:
            inner = read_directory(data, place, directory.order, directory.big)
        except (struct.error, OverflowError):
            inner = Directory(directory.order)
        if inner.entries and depth:
            tree[tag] = read_tree(data, inner, depth - 1)
        else:
            del tree[tag]
    return tree


def write_tree(
    tree: Tree, order: str, offset: int, big: bool = False, followed: bool = False
) -> bytes:
    """The bytes of ``tree``, to be placed at ``offset`` (even) of a file.

    Args:
        tree: With values in that byte order.
        order: Byte order.
        offset: Of the bytes in the file.
        big: Whether the file is a BigTIFF.
        followed: Whether the next directory follows them.
    """
    head, slot, pointer = _FORMS[big]
    width = struct.calcsize(order + pointer)
    stride = struct.calcsize(order + slot) + width
    pool_at = offset + struct.calcsize(order + head) + stride * len(tree) + width
    table, pool = bytearray(struct.pack(order + head, len(tree))), bytearray()
    for tag in sorted(tree):
        entry = tree[tag]
        if not isinstance(entry, Entry):
            inner_at = pool_at + len(pool)
            pool += write_tree(entry, order, inner_at, big)
            entry = integers(order, LONG8 if big else LONG, inner_at)
        table += struct.pack(order + slot, tag, entry.kind, entry.count)
        if len(entry.data) <= width:
            table += entry.data.ljust(width, b"\0")
        else:
            table += struct.pack(order + pointer, pool_at + len(pool))
            pool += entry.data + bytes(len(entry.data) % 2)
    following = pool_at + len(pool) if followed else 0
    return bytes(table + struct.pack(order + pointer, following) + pool)


def reordered(tree: Tree, old: str, new: str) -> Tree:
    """``tree`` with its values in another byte order; values of undefined type stay."""
    if old == new:
        return tree
    return {
        tag: replace(entry, data=_swapped(entry))
        if isinstance(entry, Entry)
        else reordered(entry, old, new)
        for tag, entry in tree.items()
    }


def _swapped(entry: Entry) -> bytes:
    unit = 4 if entry.kind in _RATIONALS else _SIZES[entry.kind]
    every = range(0, len(entry.data), unit)
    return b"".join(entry.data[at : at + unit][::-1] for at in every)


def integers(order: str, kind: int, *values: int) -> Entry:
    """An entry of ``values``; ``kind`` is BYTE, SHORT, LONG or LONG8."""
    return Entry(kind, len(values), struct.pack(f"{order}{len(values)}{_INTEGERS[kind]}", *values))
