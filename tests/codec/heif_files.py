"""AVIF and HEIC files put together box by box, around pictures that real encoders made."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from sr_batch.codec.heif.isobmff import Items, box

Property = tuple[bytes, bytes]
PRIMARY = 1
ESSENTIAL = (b"irot", b"imir", b"clap", b"av1C", b"hvcC")


@dataclass(frozen=True)
class Part:
    """An item of a file to be made.

    Attributes:
        type: Of the item.
        content: Its bytes.
        properties: Kinds and contents.
        references: Kind and targets; items are numbered from 1.
        mime: Of an item of type ``mime``.
    """

    type: bytes
    content: bytes
    properties: tuple[Property, ...] = ()
    references: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    mime: bytes = b""


def full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + content)


def heif_file(brand: bytes, parts: Sequence[Part], *, primary: int = PRIMARY) -> bytes:
    """A file of ``parts``; the primary item is the first, if not said otherwise."""
    head = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    short = _meta(parts, primary, 0)
    return head + _meta(parts, primary, len(head) + len(short) + 8) + box(b"mdat", _joined(parts))


def coded(file: bytes) -> Part:
    """The primary item of a ``file`` by a real encoder, with its properties."""
    items = Items(file)
    item = items.by_number[items.primary]
    return Part(
        item.type, items.content(items.primary) or b"", tuple(items.properties(items.primary))
    )


def ispe(width: int, height: int) -> Property:
    return b"ispe", struct.pack(">III", 0, width, height)


def nclx(primaries: int, transfer: int) -> Property:
    return b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, 6, 0x80)


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def _joined(parts: Sequence[Part]) -> bytes:
    return b"".join(part.content for part in parts)


def _meta(parts: Sequence[Part], primary: int, content_at: int) -> bytes:
    known = list(dict.fromkeys(prop for part in parts for prop in part.properties))
    entries = b"".join(_entry(number, part) for number, part in enumerate(parts, 1))
    places, tied, references, at = b"", b"", b"", content_at
    for number, part in enumerate(parts, 1):
        places += struct.pack(">HHHII", number, 0, 1, at, len(part.content))
        at += len(part.content)
        indices = bytes(
            known.index(prop) + 1 + (0x80 if prop[0] in ESSENTIAL else 0)
            for prop in part.properties
        )
        tied += struct.pack(">HB", number, len(indices)) + indices
        for kind, targets in part.references:
            references += box(
                kind, struct.pack(f">HH{len(targets)}H", number, len(targets), *targets)
            )
    count = struct.pack(">H", len(parts))
    container = box(b"ipco", b"".join(box(kind, content) for kind, content in known))
    return full(
        b"meta",
        full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full(b"pitm", struct.pack(">H", primary))
        + full(b"iloc", b"\x44\x00" + count + places)
        + full(b"iinf", count + entries)
        + full(b"iref", references)
        + box(b"iprp", container + full(b"ipma", struct.pack(">I", len(parts)) + tied)),
    )


def _entry(number: int, part: Part) -> bytes:
    names = b"\0" + (part.mime + b"\0" if part.mime else b"")
    return full(b"infe", struct.pack(">HH4s", number, 0, part.type) + names, version=2)
