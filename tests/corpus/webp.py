"""WebP files of every kind, by Pillow, and one put together from its chunks."""

import struct
from typing import Any

from PIL import Image as Pillow

from tests.codec.pictures import camera_exif, saved, xmp_packet
from tests.corpus.profiles import wide_profile
from tests.corpus.rows import Array, Read, scene, sized, turned

Chunk = tuple[bytes, bytes]


def webp(pixels: Array, **options: Any) -> bytes:
    """What Pillow writes of ``pixels`` (H, W, 3 or 4), without loss unless told otherwise."""
    options = {"lossless": True, "exact": True, **options}
    return saved(Pillow.fromarray(pixels), "WEBP", **options)


def riff(*chunks: Chunk) -> bytes:
    """A file of ``chunks``, each padded to an even length."""
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _saved(samples: int = 3, keeps: str = "", **options: Any) -> Read:
    pixels = scene(samples)
    return Read(lambda: webp(pixels, **options), pixels, keeps=keeps)


def _lossy(samples: int = 3) -> Read:
    return _saved(samples, lossless=False, quality=95)


def _turned(orientation: int) -> Read:
    lying = turned(scene(), orientation)
    block = b"Exif\0\0" + camera_exif(orientation)
    return Read(lambda: webp(lying, exif=block), scene(), keeps="exif")


def _of_size(width: int, height: int, **options: Any) -> Read:
    return sized(lambda pixels: webp(pixels, **options), width, height)


READ: dict[str, Read] = {
    "webp-rgb.webp": _lossy(),
    "webp-rgba.webp": _lossy(4),
    "webp-lossless-rgb.webp": _saved(),
    "webp-lossless-rgba.webp": _saved(4),
    **{f"webp-orientation-{turn}.webp": _turned(turn) for turn in range(1, 9)},
    "webp-icc-wide.webp": _saved(icc_profile=wide_profile(), keeps="icc"),
    "webp-xmp.webp": _saved(xmp=xmp_packet(), keeps="xmp"),
    "webp-all-words.webp": _saved(
        icc_profile=wide_profile(),
        xmp=xmp_packet(),
        exif=b"Exif\0\0" + camera_exif(1),
        lossless=False,
        quality=95,
        keeps="exif icc xmp",
    ),
    "webp-unknown-chunk.webp": Read(
        lambda: riff(*_chunks(webp(scene())), (b"WHAT", bytes(99))), scene()
    ),
    "webp-1x1.webp": _of_size(1, 1),
    "webp-1x33.webp": _of_size(1, 33, lossless=False, quality=95),
    "webp-33x1.webp": _of_size(33, 1),
}


def _chunks(data: bytes) -> list[Chunk]:
    chunks, at = [], 12
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks
