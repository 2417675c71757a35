"""Photoshop's image resources, which hold the IPTC of JPEG and TIFF.

A block is ``8BIM``, a number, a Pascal string, a length and data, both padded to even lengths.
"""

import struct
from collections.abc import Iterator

_SIGNATURES = (b"8BIM", b"8B64", b"PHUT", b"AgHg", b"DCSR", b"MeSa")
IPTC = 0x0404
RECORD = b"\x1c"  # the first byte of an IPTC record
# Thumbnails, and copies of metadata that is stored elsewhere: EXIF and XMP.
_STALE = {0x0409, 0x040C, 0x0422, 0x0423, 0x0424}


def tidied(resources: bytes) -> bytes | None:
    """``resources`` without those that are wrong for an enlarged picture; None if none is left."""
    return (
        b"".join(block for number, block, _ in _blocks(resources) if number not in _STALE) or None
    )


def unread(resources: bytes | None) -> tuple[str, ...]:
    """The name of what follows a truncated or invalid resource, for a note."""
    length = sum(len(block) for _, block, _ in _blocks(resources or b""))
    return ("damaged resources of Photoshop",) if (resources or b"")[length:].strip(b"\0") else ()


def iptc(resources: bytes | None) -> bytes | None:
    """The IPTC record among ``resources``."""
    return next((data for number, _, data in _blocks(resources or b"") if number == IPTC), None)


def of_iptc(record: bytes) -> bytes:
    """Resources with the IPTC ``record`` alone."""
    return b"8BIM" + struct.pack(">HHI", IPTC, 0, len(record)) + record + bytes(len(record) % 2)


def _blocks(resources: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, whole block and data of each, up to the first that is truncated or invalid."""
    at = 0
    while resources[at : at + 4] in _SIGNATURES and at + 7 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, at + 4)
        data_at = at + 6 + (resources[at + 6] + 2) // 2 * 2 + 4
        if data_at > len(resources):
            return
        (length,) = struct.unpack_from(">I", resources, data_at - 4)
        data = resources[data_at : data_at + length]
        if len(data) < length:
            return
        end = data_at + length
        block = resources[at:end] + bytes(length % 2)
        yield number, block, data
        at = end + length % 2
