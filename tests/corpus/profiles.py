"""ICC profiles made here: of gray, of a gamut wider than sRGB's, and of inks."""

import struct
from collections.abc import Mapping

from tests.codec.pictures import srgb_profile

_WHITE = struct.pack(">3i", 63190, 65536, 54061)  # D50 in 16.16
_TEXT = b"text" + bytes(4) + b"none\0\0\0\0"
_NAME = b"desc" + bytes(4) + struct.pack(">I", 5) + b"made\0" + bytes(79)


def gray_profile() -> bytes:
    """Gray of gamma 2.2: a curve of one value, in 8.8."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 563) + bytes(2)
    return _profile(b"mntrGRAYXYZ ", {b"kTRC": curve})


def wide_profile() -> bytes:
    """The primaries of Display P3, by their columns, with sRGB's curve."""
    columns = {
        b"rXYZ": (33759, 15808, -69),
        b"gXYZ": (19137, 45361, 2753),
        b"bXYZ": (10294, 4367, 51377),
    }
    tags = {name: b"XYZ " + bytes(4) + struct.pack(">3i", *xyz) for name, xyz in columns.items()}
    curve = _tag_of(srgb_profile(), b"rTRC")
    return _profile(b"mntrRGB XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def ink_profile() -> bytes:
    """Gray inks: each takes its share of lightness away, black all of it. A LUT of 2 points a side.

    ICC.1:2004, 10.8 (lut8Type).
    """
    corners = bytearray()
    for number in range(16):
        c, m, y, k = (number >> bit & 1 for bit in (3, 2, 1, 0))
        lightness = (1 - k) * (1 - 0.5 * c - 0.25 * m - 0.25 * y)
        corners += bytes((round(lightness * 255), 128, 128))
    identity = struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    line = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + line * 4 + corners + line * 3
    return _profile(b"prtrCMYKLab ", {b"A2B0": table})


def _profile(kind: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """A profile of version 2.1; ``kind`` is its class, its colours and those it connects to."""
    tags = {**tags, b"desc": _NAME, b"cprt": _TEXT, b"wtpt": b"XYZ " + bytes(4) + _WHITE}
    at, index, body = 132 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        index += tag + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    struct.pack_into(">I", head, 0, at + len(body))
    head[8:12], head[12:24], head[36:40] = b"\x02\x10\0\0", kind, b"acsp"
    head[68:80] = _WHITE
    return bytes(head) + struct.pack(">I", len(tags)) + index + body


def _tag_of(profile: bytes, name: bytes) -> bytes:
    at = profile.index(name, 128)
    start, length = struct.unpack_from(">II", profile, at + 4)
    return profile[start : start + length]
