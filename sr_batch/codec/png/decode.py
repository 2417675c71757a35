"""PNG: header and metadata of a file. `sr_batch.codec.png.pixels` decodes the pixels."""

import struct
import zlib

from sr_batch.codec import animation
from sr_batch.codec.container import Container
from sr_batch.codec.metadata import exif, photoshop, xmp
from sr_batch.codec.png import apng
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
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Metadata

_INCHES_PER_METRE = 1 / 0.0254
_MAX_PROFILE = 1 << 26
XMP_KEYWORD = "XML:com.adobe.xmp"
_BITS: dict[int, tuple[int, ...]] = {
    GRAY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GRAY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
# Known methods of compression, filtering and interlacing, by number.
_WAYS = ((0,), (0,), (0, 1))


def open_file(data: bytes) -> tuple[Container, ...]:
    """Read the structure of a PNG. Truncated pixels are found only when it is decoded."""
    chunks = _chunks(data)
    if len(chunks.get("IHDR", b"")) != 13 or data[12:16] != b"IHDR":
        raise UnreadableImage("truncated or damaged png (no header)")
    width, height, bits, kind, *ways = struct.unpack(">IIBBBBB", chunks["IHDR"])
    if bits not in _BITS.get(kind, ()):
        raise UnreadableImage(f"damaged png (colour type {kind} of {bits} bit)")
    if not all(way in known for way, known in zip(ways, _WAYS, strict=True)):
        raise UnreadableImage(f"damaged png (unknown methods {ways} in its header)")
    if kind == PALETTE and "PLTE" not in chunks:
        raise UnreadableImage("truncated or damaged png (it has no palette)")
    header = PngHeader(Size(width, height), bits, kind, ways[2] > 0, chunks.get("tRNS"))
    block = _exif(chunks)
    turn, packet = exif.orientation(block), _xmp(chunks)
    still = Container(
        format="png",
        stored=header.size,
        channels=1 if kind in (GRAY, GRAY_ALPHA) else 3,
        alpha=header.has_alpha,
        depth=16 if bits == 16 else 8,
        orientation=turn,
        metadata=Metadata(
            icc=_icc(chunks),
            exif=exif.upright(block),
            xmp=packet and xmp.upright(packet, turn),
            photoshop=_resources(chunks),
            dpi=_dpi(chunks),
        ),
        blocks=lambda: blocks(data, header),
    )
    frames, plays = struct.unpack(">II", chunks.get("acTL", b"")[:8].ljust(8, b"\0"))
    if frames < 2:
        return (still,)
    return animation.containers(still, apng.frames(data, header, frames), plays)


def _chunks(data: bytes) -> dict[str, bytes]:
    """The first chunk of every kind but pixel data; packed texts are filed under their keyword."""
    found: dict[str, bytes] = {}
    for name, start, end in walk(data):
        if name in ("zTXt", "iTXt"):
            found.setdefault(data[start:end].partition(b"\0")[0].decode("latin-1"), data[start:end])
        elif name != "IDAT":
            found.setdefault(name, data[start:end])
    return found


def _icc(chunks: dict[str, bytes]) -> bytes | None:
    name, _, packed = chunks.get("iCCP", b"").partition(b"\0")
    return _inflated(packed[1:]) if name else None


def _inflated(packed: bytes) -> bytes | None:
    """None if it is damaged, or too large for a profile."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed, _MAX_PROFILE)
    except zlib.error:
        return None
    return plain if inflater.eof else None


def _exif(chunks: dict[str, bytes]) -> bytes | None:
    """The eXIf chunk, or what ImageMagick wrote before there was one."""
    if "eXIf" in chunks:
        return exif.bare(chunks["eXIf"])
    profile = _raw_profile(chunks, "exif", "APP1")
    return exif.bare(profile) or None if profile else None


def _resources(chunks: dict[str, bytes]) -> bytes | None:
    """Photoshop's resources; some programs store the IPTC record alone."""
    profile = _raw_profile(chunks, "iptc", "8bim") or b""
    if profile.startswith(photoshop.RECORD):
        return photoshop.of_iptc(profile)
    return photoshop.tidied(profile)


def _raw_profile(chunks: dict[str, bytes], *kinds: str) -> bytes | None:
    """The first of these profiles that is stored as a text, as ImageMagick does it."""
    texts = (chunks.get(f"Raw profile type {kind}") for kind in kinds)
    text = next((text for text in texts if text), b"")
    packed = text.partition(b"\0")[2]
    try:
        # An empty line, the kind, the length, then hexadecimal digits.
        lines = (_inflated(packed[1:]) or b"").split(b"\n")[3:]
        return bytes.fromhex(b"".join(lines).decode("ascii")) or None
    except ValueError:
        return None


def _xmp(chunks: dict[str, bytes]) -> bytes | None:
    """The packet in the iTXt chunk: packing flag and method, language, translation, text."""
    text = chunks.get(XMP_KEYWORD, b"").partition(b"\0")[2]
    if len(text) < 4:
        return None
    packet = text[2:].partition(b"\0")[2].partition(b"\0")[2]
    return (_inflated(packet) if text[0] else packet) or None


def _dpi(chunks: dict[str, bytes]) -> tuple[float, float] | None:
    density = chunks.get("pHYs", b"")
    if len(density) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", density)
    return (x / _INCHES_PER_METRE, y / _INCHES_PER_METRE) if unit == 1 and x and y else None
