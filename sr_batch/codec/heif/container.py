"""The picture of an AVIF or a HEIC, as the boxes describe it; decoders are others' business.

A file may hold tiles, thumbnails, depth maps, words, other pictures of a burst. The picture is the
primary item; what is not said of a grid of tiles may be said of the first of them.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from sr_batch.codec.color import h273
from sr_batch.codec.container import Block, Container
from sr_batch.codec.heif.isobmff import Items
from sr_batch.codec.metadata import exif, xmp
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Metadata, Pixels

_ALPHA = {b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"}
_DEPTH = {b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", b"urn:mpeg:hevc:2015:auxid:2"}
_UNSAID = 2
# EXIF's orientation after a quarter turn to the left, and after a mirror that swaps top and bottom.
_TURNED_LEFT = {1: 8, 2: 5, 3: 6, 4: 7, 5: 4, 6: 1, 7: 2, 8: 3}
_UPSIDE_DOWN = {1: 4, 2: 3, 3: 2, 4: 1, 5: 8, 6: 7, 7: 6, 8: 5}


@dataclass(frozen=True)
class Crop:
    """The part of the coded picture that is to be shown."""

    left: int
    top: int
    size: Size


@dataclass(frozen=True)
class Picture:
    """The primary picture of a file.

    Attributes:
        coded: Its size as it is coded.
        crop: What is shown of that, if not all.
        channels: 1 (gray) or 3.
        depth: Bits per sample.
        alpha: Whether an alpha picture belongs to it.
        orientation: How it is to be turned after that, in EXIF's numbers.
        icc: Its profile.
        primaries: Number in ITU-T H.273 of its colours; 2 is "not said".
        transfer: Number in ITU-T H.273 of its curve; 2 is "not said".
        exif: Starting with the TIFF header. What it says of orientation is not to be followed.
        xmp: The packet.
        left_out: What else belongs to it, in words for a note.
        words_at: Where the types of the items stand that are words.
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
    words_at: tuple[int, ...]

    @property
    def stored(self) -> Size:
        """What is shown, before it is turned."""
        return self.crop.size if self.crop else self.coded


def read(data: bytes) -> Picture:
    """Find the primary picture. Raises ``ValueError`` and its like where the boxes are damaged."""
    items = Items(data)
    own = (items.primary,)
    chain = own + items.targets(b"dimg", items.primary)[:1]
    _, width, height = struct.unpack_from(">III", next(_said(items, b"ispe", own), b""))
    channels, depth = _samples(items, chain)
    profile, primaries, transfer = _colors(items, chain)
    beside = {kind for number in chain for kind in _auxiliaries(items, number)}
    block = _words(items, b"Exif", b"")
    return Picture(
        coded=Size(width, height),
        crop=_crop(items, Size(width, height)),
        channels=channels,
        depth=depth,
        alpha=not beside.isdisjoint(_ALPHA),
        orientation=_orientation(items),
        icc=profile,
        primaries=primaries,
        transfer=transfer,
        # In front of the TIFF header stands how far away it is.
        exif=block and (block[4 + int.from_bytes(block[:4], "big") :] or None),
        xmp=_words(items, b"mime", b"application/rdf+xml"),
        left_out=_left_out(items, beside),
        words_at=tuple(i.at for i in items.by_number.values() if i.type in (b"Exif", b"mime")),
    )


def container(
    kind: str,
    picture: Picture,
    depth: int,
    notes: Iterable[str],
    blocks: Callable[[], Iterable[Block]],
) -> Container:
    """What is told of a ``picture`` that ``blocks`` decodes at ``depth``, cropped, not turned.

    Raises:
        UnsupportedImage: it is an HDR picture.
    """
    profile, note = _profile(picture)
    # EXIF and XMP describe the turned picture, or are wrong: nobody follows them.
    turn = picture.orientation if picture.orientation > 1 else exif.orientation(picture.exif)
    said = [note, *picture.left_out, *notes]
    return Container(
        format=kind,
        stored=picture.stored,
        channels=picture.channels,
        alpha=picture.alpha,
        depth=depth,
        orientation=picture.orientation,
        metadata=Metadata(
            icc=profile,
            exif=exif.upright(picture.exif),
            xmp=picture.xmp and xmp.upright(picture.xmp, turn),
            dpi=exif.dpi(picture.exif),
            note="; ".join(text for text in said if text) or None,
        ),
        blocks=blocks,
    )


def without_words(data: bytes, picture: Picture) -> bytes:
    """The file for a decoder: nothing to parse in it but the picture."""
    bare = bytearray(data)
    for at in picture.words_at:
        bare[at : at + 4] = b"free"
    return bytes(bare)


def fitted(block: Pixels, picture: Picture, bits: int, depth: int) -> Pixels:
    """What a decoder gave of ``picture``, as its container tells it.

    Args:
        block: Rows (h, W, C); of a gray picture these may be RGB.
        picture: What they are of.
        bits: Of a sample in ``block``.
        depth: What they are to have; rounded to nearest.

    Raises:
        UnreadableImage: channels are missing.
    """
    samples = picture.channels + picture.alpha
    if picture.channels == 1 and block.shape[2] > 2:
        block = block[..., :: 3 if picture.alpha else block.shape[2]]
    if block.shape[2] < samples:
        raise UnreadableImage(f"damaged file (it has {block.shape[2]} channels, not {samples})")
    if bits == depth:
        return block
    last, wanted = 2**bits - 1, 2**depth - 1
    known = np.minimum(block, last).astype(np.uint32)
    rounded: Pixels = (known * wanted + last // 2) // last
    return rounded.astype(np.uint16 if depth > 8 else np.uint8)


def _profile(picture: Picture) -> tuple[bytes | None, str]:
    """A profile for colours that are told by numbers alone, and a note where there is none."""
    if picture.icc:
        return picture.icc, ""
    h273.require_sdr(picture.transfer)
    if picture.channels == 1:
        return None, ""
    return h273.of_numbers(picture.primaries, picture.transfer)


def _said(items: Items, kind: bytes, numbers: Iterable[int]) -> Iterator[bytes]:
    """The contents of all properties of ``kind`` that these items have."""
    for number in numbers:
        yield from (content for name, content in items.properties(number) if name == kind)


def _samples(items: Items, numbers: tuple[int, ...]) -> tuple[int, int]:
    """Channels and bits per sample; libheif is known to write wrong ones into hvcC."""
    for pixi in _said(items, b"pixi", numbers):
        return (1 if pixi[4] == 1 else 3), max(pixi[5 : 5 + pixi[4]])
    for av1 in _said(items, b"av1C", numbers):
        return (1 if av1[2] & 0x10 else 3), (8, 8, 10, 12)[av1[2] >> 5 & 3]
    for hevc in _said(items, b"hvcC", numbers):
        return (3 if hevc[16] & 3 else 1), 8 + (hevc[17] & 7)
    return 3, 8


def _colors(items: Items, numbers: tuple[int, ...]) -> tuple[bytes | None, int, int]:
    profile, primaries, transfer = None, _UNSAID, _UNSAID
    for said in _said(items, b"colr", numbers):
        if said[:4] in (b"prof", b"rICC"):
            profile = profile or said[4:]
        elif said[:4] == b"nclx" and (primaries, transfer) == (_UNSAID, _UNSAID):
            primaries, transfer = struct.unpack_from(">HH", said, 4)
    return profile, primaries, transfer


def _orientation(items: Items) -> int:
    turn = 1
    for kind, content in items.properties(items.primary):
        if kind == b"irot":
            for _ in range(content[0] & 3):
                turn = _TURNED_LEFT[turn]
        elif kind == b"imir":
            turn = _UPSIDE_DOWN[turn]
            if content[0] & 1:  # left for right is upside down and round by two quarters
                turn = _TURNED_LEFT[_TURNED_LEFT[turn]]
    return turn


def _crop(items: Items, coded: Size) -> Crop | None:
    """A clean aperture: width and height, and how far its centre is off, all as fractions."""
    for clap in _said(items, b"clap", (items.primary,)):
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
    """Of which kinds the pictures are that belong to an item."""
    for reference in items.references:
        if reference.kind == b"auxl" and number in reference.targets:
            for said in _said(items, b"auxC", (reference.origin,)):
                yield said[4:].partition(b"\0")[0]


def _left_out(items: Items, beside: set[bytes]) -> tuple[str, ...]:
    tone_mapped = any(item.type == b"tmap" for item in items.by_number.values())
    lost = {
        "HDR gain map left out": tone_mapped or any(b"gainmap" in kind for kind in beside),
        "depth map left out": not beside.isdisjoint(_DEPTH),
    }
    return tuple(what for what, happens in lost.items() if happens)


def _words(items: Items, kind: bytes, mime: bytes) -> bytes | None:
    """The first item of this type that describes the primary one, or does not say which."""
    for number, item in items.by_number.items():
        described = items.targets(b"cdsc", number) or (items.primary,)
        if item.type == kind and mime in (b"", item.mime) and items.primary in described:
            return items.content(number)
    return None
