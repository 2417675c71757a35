"""PNG: header and metadata of a file. `sr_batch.codec.png.pixels` decodes the pixels."""

import struct
from dataclasses import dataclass, field

from sr_batch.codec import animation
from sr_batch.codec.container import Container
from sr_batch.codec.metadata import exif, photoshop, unread, xmp
from sr_batch.codec.png import apng, colors, texts
from sr_batch.codec.png.pixels import (
    GRAY,
    GRAY_ALPHA,
    PALETTE,
    RGB,
    RGB_ALPHA,
    PngHeader,
    blocks,
    walk,
)
from sr_batch.codec.png.texts import RawText
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Metadata

_INCHES_PER_METRE = 1 / 0.0254
_BITS: dict[int, tuple[int, ...]] = {
    GRAY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GRAY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
# Known methods of compression, filtering and interlacing, by number.
_WAYS = ((0,), (0,), (0, 1))
# Besides the texts. Those in the last line only help to store and to show these very pixels.
_KNOWN = frozenset(
    (
        *("IHDR", "PLTE", "tRNS", "IEND", "acTL", "fcTL", "fdAT", "eXIf", "pHYs"),
        *("iCCP", "cICP", "sRGB", "gAMA", "cHRM"),
        *("sBIT", "bKGD", "hIST", "sPLT", "tIME", "iDOT"),
    )
)
_CREDENTIALS = "caBX"


@dataclass(frozen=True)
class _Chunks:
    """The chunks of a file besides its pixels: the first of every kind, and all texts."""

    first: dict[str, bytes] = field(default_factory=dict)
    texts: list[RawText] = field(default_factory=list)


def open_file(data: bytes) -> tuple[Container, ...]:
    """Read the structure of a PNG. Truncated pixels are found only when it is decoded."""
    found = _chunks(data)
    header = _header(data, found.first)
    block = _exif(found)
    turn, packet = exif.orientation(block), texts.xmp(found.texts)
    gray = header.kind in (GRAY, GRAY_ALPHA)
    stored = texts.raw_profile(found.texts, "icc", "icm")
    icc, note = colors.profile(found.first, stored, gray=gray)
    kept, lost = texts.kept(found.texts)
    still = Container(
        format="png",
        stored=header.size,
        channels=1 if gray else 3,
        alpha=header.has_alpha,
        depth=16 if header.bits == 16 else 8,
        orientation=turn,
        metadata=Metadata(
            icc=icc,
            exif=exif.upright(block),
            xmp=packet and xmp.upright(packet, turn),
            photoshop=_resources(found.texts),
            dpi=_dpi(found.first),
            texts=kept,
            unread=_unread(data, found),
            raw_profiles=texts.raw_kinds(found.texts),
            note="; ".join(filter(None, (note, lost))) or None,
        ),
        blocks=lambda: blocks(data, header),
    )
    control = found.first.get("acTL", b"")
    frames, plays = struct.unpack(">II", control[:8].ljust(8, b"\0"))
    if frames < 2:
        return (still,)
    return animation.containers(still, apng.frames(data, header, frames), plays)


def _header(data: bytes, chunks: dict[str, bytes]) -> PngHeader:
    if len(chunks.get("IHDR", b"")) != 13 or data[12:16] != b"IHDR":
        raise UnreadableImage("truncated or damaged png (no header)")
    width, height, bits, kind, *ways = struct.unpack(">IIBBBBB", chunks["IHDR"])
    if bits not in _BITS.get(kind, ()):
        raise UnreadableImage(f"damaged png (color type {kind} of {bits} bit)")
    if not all(way in known for way, known in zip(ways, _WAYS, strict=True)):
        raise UnreadableImage(f"damaged png (unknown methods {ways} in its header)")
    if kind == PALETTE and "PLTE" not in chunks:
        raise UnreadableImage("truncated or damaged png (it has no palette)")
    return PngHeader(Size(width, height), bits, kind, ways[2] > 0, chunks.get("tRNS"))


def _chunks(data: bytes) -> _Chunks:
    found = _Chunks()
    for name, start, end in walk(data):
        if name in texts.TEXTS:
            if text := texts.parse(name, data[start:end]):
                found.texts.append(text)
        elif name != "IDAT":
            found.first.setdefault(name, data[start:end])
    return found


def _unread(data: bytes, chunks: _Chunks) -> tuple[str, ...]:
    """Names of the chunks that are not read, and of what follows the last one."""
    end = max((last for _, _, last in walk(data)), default=len(data)) + 4
    names = (
        unread.of_jumbf(name, content) if name == _CREDENTIALS else name
        for name, content in chunks.first.items()
        if name not in _KNOWN
    )
    damaged = photoshop.unread(texts.raw_profile(chunks.texts, "8bim"))
    return unread.named((*names, *damaged, *unread.behind(data, end)))


def _exif(chunks: _Chunks) -> bytes | None:
    """The eXIf chunk, or what ImageMagick wrote before there was one."""
    if "eXIf" in chunks.first:
        return exif.bare(chunks.first["eXIf"])
    profile = texts.raw_profile(chunks.texts, "exif", "APP1")
    block = exif.bare(profile) if profile else b""
    return block if exif.has_header(block) else None


def _resources(found: list[RawText]) -> bytes | None:
    """Photoshop's resources; some programs store the IPTC record alone, or beside them."""
    profile = texts.raw_profile(found, "iptc") or b""
    resources = texts.raw_profile(found, "8bim") or b""
    if not profile.startswith(photoshop.RECORD):
        return photoshop.tidied(profile or resources)
    if photoshop.iptc(resources) is None:
        resources = photoshop.of_iptc(profile) + resources
    return photoshop.tidied(resources)


def _dpi(chunks: dict[str, bytes]) -> tuple[float, float] | None:
    density = chunks.get("pHYs", b"")
    if len(density) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", density)
    return (x / _INCHES_PER_METRE, y / _INCHES_PER_METRE) if unit == 1 and x and y else None
