"""BMP: read by Pillow, written here in the plain form that every program opens."""

import struct
from io import BytesIO

import numpy as np

from sr_batch.codec.backends import pillow
from sr_batch.codec.container import Container
from sr_batch.codec.strips import strips
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata, Pixels

# Pillow's mode -> mode to decode to, channels, alpha.
_MODES = {
    "1": ("L", 1, False),
    "L": ("L", 1, False),
    "P": ("RGB", 3, False),
    "RGB": ("RGB", 3, False),
    "RGBA": ("RGBA", 3, True),
}
_UNSUPPORTED = "Unsupported BMP"  # Pillow's words about a valid file that it cannot read
_METRES_PER_INCH = 0.0254
_HEADER_AT, _VERSION_5 = 14, 124
_SPACE_AT, _PROFILE_AT, _EMBEDDED = _HEADER_AT + 56, _HEADER_AT + 112, b"DEBM"
_BITFIELDS = 3
_PIXELS_AT = 10
_PIXEL_KIND_AT = 28
_BITS = (0, 1, 2, 4, 8, 16, 24, 32, 64)
_COMPRESSIONS = (*range(7), 11, 12, 13)
_HEADERS = 2048  # the longest with a palette is 1162
# A run of one pixel takes two bytes, a literal one up to four; a row also has an end marker.
_MOST_PER_PIXEL, _MOST_PER_ROW = 4, 4
_STRIP_BYTES = 1 << 20


def open_file(data: bytes) -> Container:
    """Read the structure of a BMP.

    Pillow reads the header, which has many versions, and no metadata that Pillow could change.
    """
    try:
        picture = pillow.open_picture("bmp", data)
    except UnreadableImage as error:
        reason = str(error.__cause__)
        if reason.startswith(_UNSUPPORTED) and _is_known(data):
            what = reason.removeprefix(_UNSUPPORTED).strip()
            raise UnsupportedImage(f"a BMP of an unusual {what}; save it as PNG first") from error
        raise
    if picture.mode not in _MODES:
        raise UnsupportedImage(f"a BMP of mode {picture.mode}; save it as PNG first")
    mode, channels, alpha = _MODES[picture.mode]
    dpi = picture.info.get("dpi", (0, 0))
    return Container(
        format="bmp",
        stored=Size(*picture.size),
        channels=channels,
        alpha=alpha,
        depth=8,
        orientation=1,
        metadata=Metadata(icc=_profile(data), dpi=dpi if min(dpi) > 0 else None),
        blocks=lambda: pillow.decode("bmp", data[: _most_bytes(data, picture.size)], mode),
    )


def _profile(data: bytes) -> bytes | None:
    """The profile that version 5 can embed."""
    if len(data) < _HEADER_AT + _VERSION_5 or data[_HEADER_AT] != _VERSION_5:
        return None
    start, length = struct.unpack_from("<II", data, _PROFILE_AT)
    profile = data[_HEADER_AT + start : _HEADER_AT + start + length]
    embedded = data[_SPACE_AT : _SPACE_AT + 4] == _EMBEDDED and len(profile) == length
    return profile or None if embedded else None


def _is_known(data: bytes) -> bool:
    """Whether the kinds of pixels and of compression exist, in a header of 40 bytes or more."""
    if len(data) < _PIXEL_KIND_AT + 6 or int.from_bytes(data[14:18], "little") < 40:
        return False
    bits, compression = struct.unpack_from("<HI", data, _PIXEL_KIND_AT)
    return bits in _BITS and compression in _COMPRESSIONS


def _most_bytes(data: bytes, size: tuple[int, int]) -> int:
    """The most bytes that pixels can take. Pillow is slow on empty runs: the rest is cut off."""
    (start,) = struct.unpack_from("<I", data, _PIXELS_AT)
    width, height = size
    return max(int(start), _HEADERS) + _MOST_PER_PIXEL * (width + _MOST_PER_ROW) * height


def encode(image: Image) -> bytes:
    """8 bit gray, 24 bit, or 32 bit with alpha (a version 4 header); rows from the bottom up."""
    samples = 4 if image.alpha is not None else image.color.shape[2]
    stride = -(-image.size.width * samples // 4) * 4
    out = BytesIO()
    out.write(_header(image, samples, stride * image.size.height))
    flipped = Image(image.color[::-1], None if image.alpha is None else image.alpha[::-1])
    for strip in strips(flipped, max(1, _STRIP_BYTES // stride), alpha=True, depth=8):
        rows = np.zeros((len(strip), stride), np.uint8)
        rows[:, : image.size.width * samples] = _bgr(strip, samples).reshape(len(strip), -1)
        out.write(rows.data)
    return out.getvalue()


def _bgr(strip: Pixels, samples: int) -> Pixels:
    """Gray unchanged, or blue, green, red and then alpha."""
    if samples == 1:
        return strip
    order = {2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[strip.shape[2]]
    return strip[..., order]


def _header(image: Image, samples: int, pixel_bytes: int) -> bytes:
    palette = b"".join(bytes((v, v, v, 0)) for v in range(256)) if samples == 1 else b""
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) if samples == 4 else b""
    # Behind the masks: colour space sRGB, no end points, no gamma.
    extra = masks + b"BGRs" + bytes(48) if masks else b""
    start = 14 + 40 + len(extra) + len(palette)
    dpi = image.metadata.dpi or (0, 0)
    x, y = (min(round(side / _METRES_PER_INCH), 2**31 - 1) for side in dpi)
    size = image.size
    parts = (
        struct.pack("<2sIHHI", b"BM", start + pixel_bytes, 0, 0, start),
        struct.pack("<IiiHH", 40 + len(extra), size.width, size.height, 1, samples * 8),
        struct.pack("<IIiiII", _BITFIELDS if masks else 0, pixel_bytes, x, y, 0, 0),
        extra,
        palette,
    )
    return b"".join(parts)
