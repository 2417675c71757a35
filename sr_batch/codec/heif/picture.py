"""The primary picture of an AVIF or a HEIC, as the boxes describe it. Nothing is decoded here.

A file may also hold tiles, thumbnails, depth maps, metadata and other pictures of a burst. The
picture is the primary item. A property that a grid of tiles lacks is taken from its first tile.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sr_batch.codec.heif import unread_parts
from sr_batch.codec.heif.isobmff import Items
from sr_batch.core.geometry import Size

_ALPHA = {b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"}
_DEPTH = {b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", b"urn:mpeg:hevc:2015:auxid:2"}
_METADATA = (b"Exif", b"mime")
_UNSPECIFIED = 2
# EXIF's orientation after a quarter turn to the left, and after a mirror that swaps top and bottom.
_TURNED_LEFT = {1: 8, 2: 5, 3: 6, 4: 7, 5: 4, 6: 1, 7: 2, 8: 3}
_UPSIDE_DOWN = {1: 4, 2: 3, 3: 2, 4: 1, 5: 8, 6: 7, 7: 6, 8: 5}


@dataclass(frozen=True)
class Crop:
    """The part of the coded picture that is shown."""

    left: int
    top: int
    size: Size


@dataclass(frozen=True)
class Picture:
    """The primary picture of a file.

    Attributes:
        coded: Size of the coded picture.
        crop: The part that is shown; None if all of it is.
        channels: 1 (gray) or 3.
        depth: Bits per sample.
        alpha: Whether it has an alpha picture.
        orientation: How to turn it after cropping, as an EXIF orientation.
        icc: ICC profile.
        primaries: Colour primaries, a number of ITU-T H.273; 2 is "unspecified".
        transfer: Transfer characteristics, a number of ITU-T H.273; 2 is "unspecified".
        exif: Starts with the TIFF header. Its orientation does not count.
        xmp: XMP packet.
        left_out: Other parts of the picture that are not read, as texts for a note.
        unread: Names of metadata that is not read.
        metadata_at: Offsets of the types of the items that hold EXIF and XMP.
    """

    coded: Size
    crop: Crop | None
    channels: int
    depth: int
    alpha: bool
    orientation: int
    icc: bytes | None
    primaries: int
    transfer: int
    exif: bytes | None
    xmp: bytes | None
    left_out: tuple[str, ...]
    unread: tuple[str, ...]
    metadata_at: tuple[int, ...]

    @property
    def stored(self) -> Size:
        """Size of the part that is shown, before it is turned."""
        return self.crop.size if self.crop else self.coded


def read_picture(data: bytes) -> Picture:
    """Find the primary picture of a file.

    Raises:
        ValueError, LookupError, struct.error: the boxes are damaged.
    """
    items = Items(data)
    own = (items.primary,)
    chain = own + items.targets(b"dimg", items.primary)[:1]
    _, width, height = struct.unpack_from(">III", next(_properties(items, b"ispe", own), b""))
    channels, depth = _samples(items, chain)
    profile, primaries, transfer = _colors(items, chain)
    auxiliary = {kind for number in chain for kind in _auxiliaries(items, number)}
    block = _metadata_item(items, b"Exif", b"")
    return Picture(
        coded=Size(width, height),
        crop=_crop(items, Size(width, height)),
        channels=channels,
        depth=depth,
        alpha=not auxiliary.isdisjoint(_ALPHA),
        orientation=_orientation(items),
        icc=profile,
        primaries=primaries,
        transfer=transfer,
        # The first four bytes are the offset of the TIFF header behind them.
        exif=block and (block[4 + int.from_bytes(block[:4], "big") :] or None),
        xmp=_metadata_item(items, b"mime", unread_parts.XMP),
        left_out=_left_out(data, items, auxiliary),
        unread=unread_parts.names(data, items, filter(_is_unknown, auxiliary)),
        metadata_at=tuple(i.at for i in items.by_number.values() if i.type in _METADATA),
    )


def _properties(items: Items, kind: bytes, numbers: Iterable[int]) -> Iterator[bytes]:
    """The contents of all properties of ``kind`` that the items with these ``numbers`` have."""
    for number in numbers:
        yield from (content for name, content in items.properties(number) if name == kind)


def _samples(items: Items, numbers: tuple[int, ...]) -> tuple[int, int]:
    """Channels and bits per sample. hvcC comes last: libheif writes wrong numbers into it."""
    for pixi in _properties(items, b"pixi", numbers):
        return (1 if pixi[4] == 1 else 3), max(pixi[5 : 5 + pixi[4]])
    for av1 in _properties(items, b"av1C", numbers):
        return (1 if av1[2] & 0x10 else 3), (8, 8, 10, 12)[av1[2] >> 5 & 3]
    for hevc in _properties(items, b"hvcC", numbers):
        return (3 if hevc[16] & 3 else 1), 8 + (hevc[17] & 7)
    return 3, 8


def _colors(items: Items, numbers: tuple[int, ...]) -> tuple[bytes | None, int, int]:
    profile, primaries, transfer = None, _UNSPECIFIED, _UNSPECIFIED
    for content in _properties(items, b"colr", numbers):
        if content[:4] in (b"prof", b"rICC"):
            profile = profile or content[4:]
        elif content[:4] == b"nclx" and (primaries, transfer) == (_UNSPECIFIED, _UNSPECIFIED):
            primaries, transfer = struct.unpack_from(">HH", content, 4)
    return profile, primaries, transfer


def _orientation(items: Items) -> int:
    """EXIF orientation that the rotations and mirrors of the primary item make together."""
    turn = 1
    for kind, content in items.properties(items.primary):
        if kind == b"irot":
            for _ in range(content[0] & 3):
                turn = _TURNED_LEFT[turn]
        elif kind == b"imir":
            turn = _UPSIDE_DOWN[turn]
            if content[0] & 1:  # left to right is upside down plus two quarter turns
                turn = _TURNED_LEFT[_TURNED_LEFT[turn]]
    return turn


def _crop(items: Items, coded: Size) -> Crop | None:
    """The clean aperture: its size and the offset of its centre, all as fractions."""
    for clap in _properties(items, b"clap", (items.primary,)):
        above = struct.unpack_from(">IxxxxIxxxxixxxxi", clap)
        below = struct.unpack_from(">xxxxIxxxxIxxxxIxxxxI", clap)
        width, height, right, down = (a / b for a, b in zip(above, below, strict=True))
        size = Size(round(width), round(height))
        left, top = (coded.width - width) / 2 + right, (coded.height - height) / 2 + down
        if min(left, top) < 0 or left + width > coded.width or top + height > coded.height:
            raise ValueError("the crop is larger than the picture")
        return None if size == coded else Crop(round(left), round(top), size)
    return None


def _auxiliaries(items: Items, number: int) -> Iterator[bytes]:
    """Kinds of the auxiliary pictures of an item."""
    for reference in items.references:
        if reference.kind == b"auxl" and number in reference.targets:
            for content in _properties(items, b"auxC", (reference.origin,)):
                yield content[4:].partition(b"\0")[0]


def _left_out(data: bytes, items: Items, auxiliary: set[bytes]) -> tuple[str, ...]:
    tone_mapped = any(item.type == b"tmap" for item in items.by_number.values())
    lost = {
        "HDR gain map left out": tone_mapped or any(map(_is_gain_map, auxiliary)),
        "depth map left out": not auxiliary.isdisjoint(_DEPTH),
        "video of a motion photo left out": unread_parts.has_video(data),
        "other pictures of the file left out": unread_parts.has_more_pictures(items),
    }
    return tuple(what for what, happens in lost.items() if happens)


def _is_gain_map(auxiliary: bytes) -> bool:
    return b"gainmap" in auxiliary


def _is_unknown(auxiliary: bytes) -> bool:
    return auxiliary not in _ALPHA | _DEPTH and not _is_gain_map(auxiliary)


def _metadata_item(items: Items, kind: bytes, mime: bytes) -> bytes | None:
    """The first item of this type that describes the primary item, or names no item."""
    for number, item in items.by_number.items():
        described = items.targets(b"cdsc", number) or (items.primary,)
        if item.type == kind and mime in (b"", item.mime) and items.primary in described:
            return items.content(number)
    return None
