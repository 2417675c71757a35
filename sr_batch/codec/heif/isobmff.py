"""ISO base media files: the boxes of AVIF and HEIC, and the tables of a file's items.

Every number is checked against the file and counts are capped, so that no file takes more than
milliseconds. Damage raises ``ValueError`` or ``struct.error``.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MOST_BOXES = 10_000
_MOST_NUMBERS = 100_000


@dataclass(frozen=True)
class Box:
    """One box: its kind, and the offsets of its content and of what follows it."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Item:
    """An item: its type, its MIME type if it has one, and the offset of its type."""

    type: bytes
    mime: bytes
    at: int


@dataclass(frozen=True)
class Reference:
    """A reference of one item to others."""

    kind: bytes
    origin: int
    targets: tuple[int, ...]


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes between ``start`` and ``end``, up to the first truncated one."""
    at = start
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        content = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        elif size == 0:
            size = end - at
        if at + size < content or at + size > end:
            return
        yield Box(kind, content, at + size)
        at += size


def first(among: Iterable[Box], kind: bytes) -> Box | None:
    """The first box of ``kind``."""
    return next((box for box in among if box.kind == kind), None)


def box(kind: bytes, content: bytes) -> bytes:
    """A box of ``kind``, written."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


class Items:
    """The tables of a file's items: types, properties and references.

    Attributes:
        primary: Number of the item that is the picture.
        by_number: All items.
        references: Between them.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        meta = first(boxes(data, 0, len(data)), b"meta")
        if meta is None:
            raise ValueError("no meta box")
        self._parts = {each.kind: each for each in boxes(data, meta.start + 4, meta.end)}
        numbers = _Numbers(data, self._part(b"pitm"))
        self.primary = numbers.take(2 if numbers.version()[0] == 0 else 4)
        self.by_number = dict(self._read_items())
        self.references = tuple(self._read_references())
        self._properties = self._read_properties()

    def properties(self, number: int) -> Iterator[tuple[bytes, bytes]]:
        """Kind and content of an item's properties, in the order in which they apply."""
        for each in self._properties.get(number, ()):
            yield each.kind, self._data[each.start : each.end]

    def targets(self, kind: bytes, origin: int) -> tuple[int, ...]:
        """The items that ``origin`` refers to by a reference of this ``kind``."""
        found = (ref.targets for ref in self.references if (ref.kind, ref.origin) == (kind, origin))
        return next(found, ())

    def content(self, wanted: int) -> bytes | None:
        """The bytes of an item; None if some are missing."""
        numbers = _Numbers(self._data, self._part(b"iloc"))
        version, _ = numbers.version()
        widths = numbers.take(2)
        offset, length, base, index = (widths >> shift & 15 for shift in (12, 8, 4, 0))
        for _ in range(numbers.take(2 if version < 2 else 4)):
            number = numbers.take(2 if version < 2 else 4)
            method = numbers.take(2) & 15 if version else 0
            numbers.take(2)
            start = numbers.take(base)
            pieces = []
            for _ in range(numbers.take(2)):
                numbers.take(index if version else 0)
                pieces.append((start + numbers.take(offset), numbers.take(length)))
            if number == wanted:
                return self._joined(pieces, method)
        return None

    def _joined(self, pieces: list[tuple[int, int]], method: int) -> bytes | None:
        if method == 1:
            inner = self._part(b"idat")
            pieces = [(inner.start + start, length) for start, length in pieces]
        inside = all(start + length <= len(self._data) for start, length in pieces)
        whole = sum(length for _, length in pieces)
        if method > 1 or not inside or whole > len(self._data):
            return None
        return b"".join(self._data[start : start + length] for start, length in pieces)

    def _part(self, kind: bytes) -> Box:
        if kind not in self._parts:
            raise ValueError(f"no {kind.decode()} box")
        return self._parts[kind]

    def _read_items(self) -> Iterator[tuple[int, Item]]:
        part = self._part(b"iinf")
        numbers = _Numbers(self._data, part)
        numbers.take(2 if numbers.version()[0] == 0 else 4)
        for entry in boxes(self._data, numbers.at, part.end):
            fields = _Numbers(self._data, entry)
            version, _ = fields.version()
            number = fields.take(2 if version < 3 else 4)
            fields.take(2)
            kind = fields.take(4).to_bytes(4, "big")
            names = self._data[fields.at : entry.end].split(b"\0", 2)
            yield number, Item(kind, names[1] if len(names) > 1 else b"", fields.at - 4)

    def _read_properties(self) -> dict[int, tuple[Box, ...]]:
        part = self._part(b"iprp")
        inside = tuple(boxes(self._data, part.start, part.end))
        container = first(inside, b"ipco")
        known = tuple(boxes(self._data, container.start, container.end)) if container else ()
        found: dict[int, tuple[Box, ...]] = {}
        for table in (each for each in inside if each.kind == b"ipma"):
            numbers = _Numbers(self._data, table)
            version, flags = numbers.version()
            width, mask = (2, 0x7FFF) if flags & 1 else (1, 0x7F)
            for _ in range(numbers.take(4)):
                item = numbers.take(2 if version < 1 else 4)
                places = [numbers.take(width) & mask for _ in range(numbers.take(1))]
                found[item] = tuple(known[place - 1] for place in places if 0 < place <= len(known))
        return found

    def _read_references(self) -> Iterator[Reference]:
        part = self._parts.get(b"iref")
        if part is None:
            return
        version, _ = _Numbers(self._data, part).version()
        width = 2 if version == 0 else 4
        for entry in boxes(self._data, part.start + 4, part.end):
            numbers = _Numbers(self._data, entry)
            origin = numbers.take(width)
            targets = tuple(numbers.take(width) for _ in range(numbers.take(2)))
            yield Reference(entry.kind, origin, targets)


class _Numbers:
    """Reads unsigned big-endian integers from a box, one after the other."""

    def __init__(self, data: bytes, box: Box) -> None:
        self._data, self.at, self._end = data, box.start, box.end
        self._left = _MOST_NUMBERS

    def take(self, size: int) -> int:
        self._left -= 1
        if self.at + size > self._end or self._left < 0:
            raise ValueError("a box is too short, or its count too large to be true")
        self.at += size
        return int.from_bytes(self._data[self.at - size : self.at], "big")

    def version(self) -> tuple[int, int]:
        """Version and flags, with which many boxes begin."""
        return self.take(1), self.take(3)


def frames(data: bytes) -> int:
    """How many samples the first track of the file has; 0 without a track."""
    place: Box | None = Box(b"", 0, len(data))
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"):
        place = first(boxes(data, place.start, place.end), kind) if place else None
    if place is None or place.end - place.start < 12:
        return 0
    return int.from_bytes(data[place.start + 8 : place.start + 12], "big")
