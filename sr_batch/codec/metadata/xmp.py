"""XMP packets, patched in place: size and orientation are updated.

A packet is XML in UTF-8 in which a property is an attribute or an element. Only values that are
wrong for the enlarged, upright picture are changed; the packet is not parsed and rebuilt.
"""

import re

from sr_batch.core.geometry import Size

_GPS = rb"[\w-]+:[Gg][Pp][Ss]\w*"
_LOCATIONS = (
    re.compile(rb"\s" + _GPS + rb"\s*=\s*(\"[^\"]*\"|'[^']*')"),
    re.compile(rb"\s*<(" + _GPS + rb")(\s[^>]*)?(/>|>.*?</\1\s*>)", re.DOTALL),
)
_THUMBNAILS = re.compile(rb"\s*<(x[am]p:Thumbnails)\b[^>]*>.*?</\1\s*>", re.DOTALL)


def upright(packet: bytes, orientation: int) -> bytes:
    """The packet of the turned picture: orientation 1, and without the unturned thumbnails."""
    if orientation == 1:
        return packet
    return _THUMBNAILS.sub(b"", _set(packet, b"tiff:Orientation", 1))


def with_size(packet: bytes, size: Size) -> bytes:
    """The packet of a picture of ``size``: dimensions are updated where it has them."""
    for name in (b"tiff:ImageWidth", b"exif:PixelXDimension"):
        packet = _set(packet, name, size.width)
    for name in (b"tiff:ImageLength", b"exif:PixelYDimension"):
        packet = _set(packet, name, size.height)
    return packet


def without_gps(packet: bytes) -> bytes:
    """The packet without the properties that say where the picture was taken."""
    for pattern in _LOCATIONS:
        packet = pattern.sub(b"", packet)
    return packet


def _set(packet: bytes, name: bytes, value: int) -> bytes:
    as_attribute = rb"(\b" + name + rb"\s*=\s*[\"'])[^\"'<]*"
    as_element = rb"(<" + name + rb"\s*>)[^<]*"
    for pattern in (as_attribute, as_element):
        packet = re.sub(pattern, rb"\g<1>%d" % value, packet)
    return packet
