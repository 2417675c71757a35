"""JPEG files of every kind: coefficients by Pillow, everything round them put together here."""

import struct
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow

from sr_batch.core.image import Pixels
from tests.codec.pictures import (
    IPTC_RECORD,
    camera_exif,
    saved,
    srgb_profile,
    xmp_packet,
)
from tests.corpus.profiles import gray_profile, ink_profile, wide_profile
from tests.corpus.rows import Array, Read, scene, sized, turned

Segment = tuple[int, bytes]

APP1, APP2, APP13, COMMENT = 0xE1, 0xE2, 0xED, 0xFE
EXIF, ICC, PHOTOSHOP = b"Exif\0\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def jpeg(pixels: Array, **options: Any) -> bytes:
    """What Pillow writes of ``pixels`` (H, W, 1, 3 or 4 for CMYK), with little loss."""
    picture = Pillow.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    if pixels.shape[2] == 4:
        picture = Pillow.fromarray(pixels, "CMYK")
    return saved(picture, "JPEG", **{"quality": 95, "subsampling": 0, **options})


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(data: bytes, *segments: Segment) -> bytes:
    """``data`` with ``segments`` behind its JFIF, or in front of what else there is."""
    at = 20 if data[6:10] == b"JFIF" else 2
    return data[:at] + b"".join(segment(*each) for each in segments) + data[at:]


def _said(*segments: Segment, keeps: str = "") -> Read:
    return Read(lambda: with_segments(jpeg(scene()), *segments), scene(), keeps=keeps)


def _saved(samples: int = 3, bound: float = 30.0, **options: Any) -> Read:
    pixels = scene(samples)
    return Read(lambda: jpeg(pixels, **options), pixels, bound=bound)


def _of_size(width: int, height: int, **options: Any) -> Read:
    return sized(lambda pixels: jpeg(pixels, **options), width, height)


def _turned(orientation: int, order: str) -> Read:
    block = (APP1, EXIF + camera_exif(orientation, order))
    lying = turned(scene(), orientation)
    return Read(lambda: with_segments(jpeg(lying), block), scene(), keeps="exif")


def _phone() -> bytes:
    """Two pictures in one file; the second is a smaller one."""
    out = BytesIO()
    first, second = Pillow.fromarray(scene()), Pillow.fromarray(scene(3, 8, 13, 18))
    first.save(out, "MPO", save_all=True, append_images=[second], quality=95, subsampling=0)
    return out.getvalue()


def _inks() -> Pixels:
    """The scene in cyan, magenta, yellow and a black that is everywhere the same."""
    return np.concatenate((255 - scene(), np.full_like(scene(1), 40)), axis=2)


def _printed() -> Pixels:
    """What those inks show by the plain rule."""
    inks = _inks().astype(float) / 255
    return np.rint((1 - inks[..., :3]) * (1 - inks[..., 3:]) * 255).astype(np.uint8)


def _ycck() -> bytes:
    """As Photoshop writes CMYK: three inks as luma and chroma, the fourth inverted, and said so."""
    inks = _inks()
    lumas = cv2.cvtColor(inks[..., :3], cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    # Pillow inverts all four.
    data = bytearray(jpeg(np.concatenate((255 - lumas, inks[..., 3:]), axis=2)))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def _by_profile() -> Pixels:
    """What the inks show by `ink_profile`: gray of their lightness, which is L* in 16 parts."""
    c, m, y, k = np.moveaxis(_inks().astype(float) / 255, 2, 0)
    lightness = 100 * (1 - k) * (1 - 0.5 * c - 0.25 * m - 0.25 * y)
    linear = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    encoded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    gray = np.rint(np.clip(encoded, 0, 1) * 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def _without_jfif() -> bytes:
    data = jpeg(scene())
    return data[:2] + data[20:]


def _per_centimetre() -> bytes:
    data = bytearray(jpeg(scene(), dpi=(118, 59)))
    data[data.index(b"JFIF") + 7] = 2
    return bytes(data)


def _icc_pieces(profile: bytes, size: int, *, backwards: bool = False) -> list[Segment]:
    pieces = [profile[at : at + size] for at in range(0, len(profile), size)]
    segments = [
        (APP2, ICC + bytes((number, len(pieces))) + piece) for number, piece in enumerate(pieces, 1)
    ]
    return segments[::-1] if backwards else segments


def _long_profile() -> bytes:
    """One of 300 KB: legal, as those of printers are."""
    return wide_profile() + bytes(300_000)


_RESOURCES = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(IPTC_RECORD)) + IPTC_RECORD
_THUMBNAIL = b"8BIM" + struct.pack(">HHI", 0x040C, 0, 28) + bytes(28)
_STUFFING = ((0xE4, bytes(65_533)), (0xEA, b"\xff" * 65_533), (COMMENT, b"\xff\xd8" * 32_000))

READ: dict[str, Read] = {
    "jpeg-gray.jpg": _saved(1),
    "jpeg-rgb.jpg": _saved(),
    "jpeg-chroma-422.jpg": _saved(subsampling=1),
    "jpeg-chroma-420.jpg": _saved(subsampling=2),
    "jpeg-low-quality.jpg": _saved(quality=30, bound=25),
    "jpeg-progressive.jpg": _saved(progressive=True),
    "jpeg-progressive-gray.jpg": _saved(1, progressive=True),
    "jpeg-restart-blocks.jpg": _saved(restart_marker_blocks=2),
    "jpeg-restart-rows.jpg": _saved(restart_marker_rows=1, progressive=True),
    "jpeg-optimized.jpg": _saved(optimize=True),
    "jpeg-stored-as-rgb.jpg": _saved(keep_rgb=True),
    "jpeg-cmyk.jpg": Read(lambda: jpeg(_inks()), _printed()),
    "jpeg-ycck.jpg": Read(_ycck, _printed()),
    "jpeg-cmyk-icc.jpg": Read(
        lambda: jpeg(_inks(), icc_profile=ink_profile()), _by_profile(), bound=28
    ),
    "jpeg-phone.jpg": Read(_phone, scene()),
    **{f"jpeg-orientation-{turn}.jpg": _turned(turn, "<") for turn in range(1, 9)},
    "jpeg-orientation-6-big-endian.jpg": _turned(6, ">"),
    "jpeg-icc-srgb.jpg": _said(*_icc_pieces(srgb_profile(), 60_000), keeps="icc"),
    "jpeg-icc-wide.jpg": _said(*_icc_pieces(wide_profile(), 60_000), keeps="icc"),
    "jpeg-icc-backwards.jpg": _said(*_icc_pieces(wide_profile(), 99, backwards=True), keeps="icc"),
    "jpeg-icc-long.jpg": _said(*_icc_pieces(_long_profile(), 65_000), keeps="icc"),
    "jpeg-icc-gray.jpg": Read(
        lambda: jpeg(scene(1), icc_profile=gray_profile()), scene(1), keeps="icc"
    ),
    "jpeg-icc-unfinished.jpg": _said(*_icc_pieces(srgb_profile(), 100)[:-1]),
    "jpeg-dpi.jpg": Read(lambda: jpeg(scene(), dpi=(300, 150)), scene(), keeps="dpi"),
    "jpeg-dpi-per-centimetre.jpg": Read(_per_centimetre, scene(), keeps="dpi"),
    "jpeg-xmp.jpg": _said((APP1, XMP + xmp_packet()), keeps="xmp"),
    "jpeg-iptc.jpg": _said((APP13, PHOTOSHOP + _THUMBNAIL + _RESOURCES), keeps="iptc"),
    "jpeg-all-words.jpg": _said(
        (APP1, EXIF + camera_exif(1)),
        (APP1, XMP + xmp_packet()),
        *_icc_pieces(wide_profile(), 60_000),
        (APP13, PHOTOSHOP + _RESOURCES),
        (COMMENT, b"A comment"),
        keeps="exif icc iptc xmp",
    ),
    "jpeg-exif-nonsense.jpg": _said((APP1, EXIF + b"II*\0\xff\xff\xff\x7fxx")),
    "jpeg-three-megabytes-of-segments.jpg": _said(*_STUFFING * 16),
    "jpeg-without-jfif.jpg": Read(_without_jfif, scene()),
    "jpeg-junk-between-segments.jpg": Read(
        lambda: jpeg(scene())[:2] + b"\xff\xff\0junk\xff\xd0" + jpeg(scene())[2:], scene()
    ),
    "jpeg-junk-at-the-end.jpg": Read(lambda: jpeg(scene()) + bytes(5000), scene()),
    "jpeg-without-end.jpg": Read(lambda: jpeg(scene())[:-2], scene()),
    "jpeg-progressive-without-end.jpg": Read(
        lambda: jpeg(scene(), progressive=True, restart_marker_blocks=2)[:-2], scene()
    ),
    "jpeg-called.png": _saved(),
    "jpeg-1x1.jpg": _of_size(1, 1),
    "jpeg-1x33.jpg": _of_size(1, 33, subsampling=2),
    "jpeg-33x1.jpg": _of_size(33, 1, subsampling=2),
    "jpeg-16x16.jpg": _of_size(16, 16),
    "jpeg-17x17.jpg": _of_size(17, 17, subsampling=2),
    "jpeg-900x2.jpg": _of_size(900, 2),
}
