"""XMP packets, patched in place: size, orientation, regions and the parts of the file are updated.

A packet is XML in UTF-8 in which a property is an attribute or an element. Only values that are
wrong for the enlarged, upright picture are changed; the packet is not parsed and rebuilt.
"""

import re
from itertools import islice

from sr_batch.codec.metadata import xmp_regions
from sr_batch.core.geometry import Size

_GPS = rb"[\w-]+:[Gg][Pp][Ss]\w*"
_LOCATIONS = (
    re.compile(rb"\s" + _GPS + rb"\s*=\s*(\"[^\"]*\"|'[^']*')"),
    re.compile(rb"(?<!\s)\s*<(" + _GPS + rb")(\s[^>]*)?(/>|>.*?</\1\s*>)", re.DOTALL),
)
_MOST_ELEMENTS = 200  # more are an attack
# Names by namespace: motion photos, the list of a file's parts, gain maps.
_OF_OTHER_PARTS = {
    b"http://ns.google.com/photos/1.0/camera/": rb"(?:Motion|MicroVideo)\w*",
    b"http://ns.google.com/photos/1.0/container/": rb"Directory",
    b"http://ns.adobe.com/hdr-gain-map/1.0/": rb"\w+",
    b"http://ns.apple.com/HDRGainMap/1.0/": rb"\w+",
}
_THUMBNAILS = re.compile(rb"(?<!\s)\s*<(x[am]p:Thumbnails)\b[^>]*>.*?</\1\s*>", re.DOTALL)


def upright(packet: bytes, orientation: int) -> bytes:
    """The packet of the turned picture alone.

    Orientation is 1, regions and crops are turned, and unturned thumbnails are removed, as is what
    is said of a video, a gain map and other parts of the file.
    """
    packet = _alone(packet)
    if orientation == 1:
        return packet
    packet = _THUMBNAILS.sub(b"", _set(packet, b"tiff:Orientation", 1))
    return xmp_regions.turned(packet, orientation)


def with_size(packet: bytes, size: Size) -> bytes:
    """The packet of a picture of ``size``: dimensions are updated where it has them."""
    for name in (b"tiff:ImageWidth", b"exif:PixelXDimension"):
        packet = _set(packet, name, size.width)
    for name in (b"tiff:ImageLength", b"exif:PixelYDimension"):
        packet = _set(packet, name, size.height)
    return xmp_regions.with_size(packet, size)


def without_gps(packet: bytes) -> bytes:
    """The packet without the properties that say where the picture was taken."""
    for pattern in _LOCATIONS:
        packet = pattern.sub(b"", packet)
    return packet


def without_extension(packet: bytes) -> bytes:
    """The packet without the property that says that its rest is elsewhere in the JPEG."""
    name = rb"xmpNote:HasExtendedXMP"
    packet = re.sub(rb"\s" + name + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", b"", packet)
    return _without_elements(packet, name)


def _alone(packet: bytes) -> bytes:
    """The packet without the properties that describe other parts of the file."""
    for space, names in _OF_OTHER_PARTS.items():
        spaces = re.findall(rb"xmlns:([\w-]+)\s*=\s*[\"']" + re.escape(space) + rb"[\"']", packet)
        for prefix in sorted(set(spaces)):
            name = re.escape(prefix) + b":" + names
            packet = re.sub(rb"\s" + name + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", b"", packet)
            packet = _without_elements(packet, name)
    return packet


def _without_elements(packet: bytes, name: bytes) -> bytes:
    """The packet without the elements of this ``name``, a pattern."""
    parts, at = list[bytes](), 0
    opening = re.compile(rb"<(" + name + rb")(?:\s[^<>]*?)?(/?)>")
    for found in islice(opening.finditer(packet), _MOST_ELEMENTS):
        closing = rb"" if found[2] else rb"</" + re.escape(found[1]) + rb"\s*>"
        end = re.compile(closing).search(packet, found.end())
        if end and found.start() >= at:
            parts.append(packet[at : found.start()].rstrip())
            at = end.end()
    return b"".join((*parts, packet[at:])) if parts else packet


def _set(packet: bytes, name: bytes, value: int) -> bytes:
    as_attribute = rb"(\b" + name + rb"\s*=\s*[\"'])[^\"'<]*"
    as_element = rb"(<" + name + rb"\s*>)[^<]*"
    for pattern in (as_attribute, as_element):
        packet = re.sub(pattern, rb"\g<1>%d" % value, packet)
    return packet
