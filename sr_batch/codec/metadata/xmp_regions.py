"""XMP properties that speak of pixels: regions of faces, crops, and the sizes of panoramas.

Regions and crops are fractions of the stored picture, so they turn with it. Panoramas have sizes
in pixels.
"""

import re
from collections.abc import Sequence

from sr_batch.codec.metadata.boxes import turned as turned_box
from sr_batch.core.geometry import Size

# Prefixes of the areas of the Metadata Working Group and of ACDSee: centre, width and height.
_AREAS = (b"stArea:", b"acdsee-sa:")
_AREA_NAMES = (b"x", b"y", b"w", b"h")
_RECTANGLE = re.compile(
    rb"(MPReg:Rectangle\s*(?:=\s*[\"']|>))([^\"'<]*)"  # of Microsoft: left, top, width, height
)
_CROP = tuple(b"crs:Crop" + side for side in (b"Left", b"Top", b"Right", b"Bottom"))
_DIMENSIONS = re.compile(
    rb"<([\w-]+:AppliedToDimensions)\b[^<>]*?(?:/>|>.{0,999}?</\1\s*>)", re.DOTALL
)
_PANORAMA = {
    b"CroppedAreaImageWidthPixels": (b"Width", b"Left"),
    b"CroppedAreaImageHeightPixels": (b"Height", b"Top"),
}
_PANORAMA_SIZES = (
    b"GPano:FullPano%sPixels",
    b"GPano:CroppedArea%sPixels",
    b"GPano:LargestValidInteriorRect%s",
)
_NUMBER = rb"[ \t\n\r]*-?[0-9]+(?:\.[0-9]*)?(?:[eE]-?[0-9]+)?[ \t\n\r]*"


def turned(packet: bytes, orientation: int) -> bytes:
    """The packet of the picture that was stored with this EXIF ``orientation``, now upright."""
    for prefix in _AREAS:
        packet = _areas(packet, prefix, orientation)
    packet = _RECTANGLE.sub(lambda found: _rectangle(found, orientation), packet)
    packet = _DIMENSIONS.sub(lambda found: _swapped(found[0], orientation), packet)
    return _crop(packet, orientation)


def with_size(packet: bytes, size: Size) -> bytes:
    """The packet of a picture of ``size``."""
    packet = _DIMENSIONS.sub(lambda found: _sized(found[0], size), packet)
    for (name, names), side in zip(_PANORAMA.items(), (size.width, size.height), strict=True):
        packet = _panorama(packet, b"GPano:" + name, names, side)
    return packet


def _areas(packet: bytes, prefix: bytes, orientation: int) -> bytes:
    """All areas turned: attributes of one tag, or elements inside one."""
    names = [prefix + name for name in _AREA_NAMES]
    if names[0] not in packet:
        return packet

    def patched(found: re.Match[bytes]) -> bytes:
        values = _values(found[0], names)
        if values is None:
            return found[0]
        x, y, width, height = values
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        left, top, right, bottom = turned_box(box, orientation)
        center = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        return _put(found[0], names, center)

    elements = rb"(?:<" + prefix + rb"(\w+)\s*>[^<]*</" + prefix + rb"\w+\s*>\s*)+"
    return re.sub(elements, patched, re.sub(rb"<[^<>]*>", patched, packet))


def _rectangle(found: re.Match[bytes], orientation: int) -> bytes:
    parts = found[2].split(b",")
    if len(parts) != 4 or not all(re.fullmatch(_NUMBER, part) for part in parts):
        return found[0]
    left, top, width, height = map(float, parts)
    box = turned_box((left, top, left + width, top + height), orientation)
    sides = (box[0], box[1], box[2] - box[0], box[3] - box[1])
    return found[1] + b", ".join(map(_text, sides))


def _crop(packet: bytes, orientation: int) -> bytes:
    """The crop that a raw converter still has to apply; a slanted one is left as it is."""
    values, angle = _values(packet, _CROP), _values(packet, [b"crs:CropAngle"])
    if values is None or (angle and angle[0]) or b'crs:AlreadyApplied="True"' in packet:
        return packet
    left, top, right, bottom = values
    return _put(packet, _CROP, turned_box((left, top, right, bottom), orientation))


def _swapped(group: bytes, orientation: int) -> bytes:
    """Width and height, swapped by a quarter turn."""
    names = _dimension_names(group)
    values = _values(group, names) if orientation > 4 else None
    return _put(group, names, values[::-1]) if values else group


def _sized(group: bytes, size: Size) -> bytes:
    names = _dimension_names(group)
    pixels = _values(group, names) and b"pixel" in group
    return _put(group, names, (size.width, size.height)) if pixels else group


def _dimension_names(group: bytes) -> list[bytes]:
    prefix = b"acdsee-stDim:" if b"acdsee-stDim:" in group else b"stDim:"
    return [prefix + b"w", prefix + b"h"]


def _panorama(packet: bytes, known: bytes, names: Sequence[bytes], side: int) -> bytes:
    """Sizes along one side, in proportion to the part that the picture shows."""
    shown = _values(packet, [known])
    if not shown or shown[0] <= 0:
        return packet
    for name in [pattern % each for pattern in _PANORAMA_SIZES for each in names]:
        value = _values(packet, [name])
        if value:
            packet = _put(packet, [name], [round(value[0] * side / shown[0])])
    return _put(packet, [known], [side])


def _values(text: bytes, names: Sequence[bytes]) -> list[float] | None:
    """The numbers of all ``names``; None if one is missing."""
    found = [
        re.search(rb"(?<![\w:-])" + name + rb"\s*(?:=\s*[\"']|>)(" + _NUMBER + rb")[\"'<]", text)
        for name in names
    ]
    return None if None in found else [float(each[1]) for each in found if each]


def _put(text: bytes, names: Sequence[bytes], values: Sequence[float]) -> bytes:
    for name, value in zip(names, values, strict=True):
        pattern = rb"((?<![\w:-])(?<!/)" + name + rb"\s*(?:=\s*[\"']|>))" + _NUMBER
        text = re.sub(pattern, rb"\g<1>" + _text(value), text)
    return text


def _text(value: float) -> bytes:
    return b"%d" % value if value == int(value) else (b"%.6f" % value).rstrip(b"0")
