"""EXIF blocks, patched in place: every byte that need not change stays.

A library that rebuilds a block loses its thumbnail and breaks the offsets inside maker notes.
"""

import struct

from sr_batch.codec.metadata import exif_pixels, ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.geometry import Size

_INTEROPERABILITY_INDEX, _ADOBE_INDEX, _ADOBE_SPACE = 1, b"R03", 2


def bare(block: bytes) -> bytes:
    """``block`` without the prefix, so that it starts with its TIFF header."""
    return block.removeprefix(b"Exif\0\0")


def has_header(block: bytes) -> bool:
    """Whether the block starts with a TIFF header; the rest is not checked."""
    return block[:4] in (b"II*\0", b"MM\0*")


def orientation(block: bytes | None) -> int:
    """The orientation of the stored pixels, 1 to 8; 1 if it is missing or invalid."""
    value = _directory(block).number(Tag.ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def is_adobe_rgb(block: bytes | None) -> bool:
    """Whether the block says that colours are Adobe RGB, as cameras say it."""
    order, entries = tree(block)
    inner = entries.get(Tag.EXIF, {})
    if isinstance(inner, ifd.Entry):
        return False
    space = inner.get(Tag.COLOR_SPACE)
    directory = ifd.Directory(order, {1: space} if isinstance(space, ifd.Entry) else {})
    further = inner.get(Tag.INTEROPERABILITY, {})
    index = None if isinstance(further, ifd.Entry) else further.get(_INTEROPERABILITY_INDEX)
    if isinstance(index, ifd.Entry) and index.data.startswith(_ADOBE_INDEX):
        return True
    return directory.number(1, 1) == _ADOBE_SPACE


def dpi(block: bytes | None) -> tuple[float, float] | None:
    """Dots per inch; None if the block has none."""
    return _directory(block).dpi()


def upright(block: bytes | None) -> bytes | None:
    """The block of the turned picture.

    Orientation is 1, places of the subject are turned, and the unturned thumbnail is removed.
    """
    if block is None or orientation(block) == 1:
        return block
    directory = _directory(block)
    patched = bytearray(block)
    exif_pixels.turn(patched, _inner(block, directory), orientation(block))
    _put(patched, directory.order, directory.entries[Tag.ORIENTATION], 1)
    # The next directory holds the thumbnail; its bytes stay, but no offset points to them.
    struct.pack_into(f"{directory.order}I", patched, directory.next_at, 0)
    return bytes(patched)


def with_size(block: bytes | None, size: Size) -> bytes | None:
    """The block of a picture of ``size``: dimensions and what counts pixels, where it has them."""
    if block is None:
        return None
    directory = _directory(block)
    inner = _inner(block, directory)
    patched = bytearray(block)
    exif_pixels.scale(patched, inner, size)
    for entries, width, height in (
        (directory.entries, Tag.WIDTH, Tag.HEIGHT),
        (inner.entries, Tag.PIXEL_WIDTH, Tag.PIXEL_HEIGHT),
    ):
        for tag, value in ((width, size.width), (height, size.height)):
            if tag in entries and entries[tag].count == 1:
                _put(patched, directory.order, entries[tag], value)
    return bytes(patched)


def without_gps(block: bytes | None) -> bytes | None:
    """The block without its GPS directory, whose bytes become zeros."""
    directory = _directory(block)
    if block is None or Tag.GPS not in directory.entries:
        return block
    patched = bytearray(block)
    inner = _read(block, directory.number(Tag.GPS, len(block)), directory.order)
    for entry in inner.entries.values():
        if len(entry.data) > 4:
            (at,) = struct.unpack_from(f"{directory.order}I", block, entry.at + 8)
            patched[at : at + len(entry.data)] = bytes(len(entry.data))
        patched[entry.at : entry.at + 12] = bytes(12)
    _remove(patched, directory, directory.entries[Tag.GPS])
    return bytes(patched)


def tree(block: bytes | None) -> tuple[str, dict[int, "ifd.Entry | ifd.Tree"]]:
    """Byte order and all entries; no entries if there is no block or it is invalid."""
    directory = _directory(block)
    return directory.order, ifd.read_tree(block or b"", directory)


def _directory(block: bytes | None) -> ifd.Directory:
    """The first directory; an empty one if there is no block or it is invalid."""
    try:
        order, offset, big = ifd.read_header(block or b"")
    except (struct.error, ValueError):
        return ifd.Directory("<")
    return ifd.Directory(order) if big else _read(block or b"", offset, order)


def _read(block: bytes, offset: int, order: str) -> ifd.Directory:
    try:
        return ifd.read_directory(block, offset, order)
    except struct.error:
        return ifd.Directory(order)


def _inner(block: bytes, directory: ifd.Directory) -> ifd.Directory:
    """The EXIF directory."""
    return _read(block, directory.number(Tag.EXIF, len(block)), directory.order)


def _put(block: bytearray, order: str, entry: ifd.Entry, value: int) -> None:
    """Write one unsigned value into the entry, as SHORT if it fits, else LONG."""
    kind = ifd.SHORT if value < 2**16 else ifd.LONG
    struct.pack_into(f"{order}HI", block, entry.at + 2, kind, 1)
    data = ifd.integers(order, kind, value).data
    block[entry.at + 8 : entry.at + 12] = data.ljust(4, b"\0")


def _remove(block: bytearray, directory: ifd.Directory, entry: ifd.Entry) -> None:
    """Remove ``entry`` from the first directory: move up what follows, the next offset included."""
    order, offset, _ = ifd.read_header(bytes(block[:8]))
    (count,) = struct.unpack_from(f"{order}H", block, offset)
    end = directory.next_at + 4
    block[entry.at : end] = block[entry.at + 12 : end] + bytes(12)
    struct.pack_into(f"{order}H", block, offset, count - 1)
