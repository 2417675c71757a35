import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec import cmyk
from sr_batch.geometry import Size
from tests.codec.pictures import PLENTY, camera_exif, noise, read, saved, smooth, srgb_profile


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
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"none\0\0\0\0"
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"inks\0" + bytes(79)
    tags = {b"A2B0": table, b"desc": name, b"cprt": text, b"wtpt": white}
    at, index, body = 132 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        index += tag + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    struct.pack_into(">I", head, 0, at + len(body))
    head[8:12], head[12:24], head[36:40] = b"\x02\x10\0\0", b"prtrCMYKLab ", b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + struct.pack(">I", len(tags)) + index + body


def inks(c: int, m: int, y: int, k: int, **options: Any) -> bytes:
    return saved(Pillow.new("CMYK", (24, 16), (c, m, y, k)), "JPEG", quality=100, **options)


@pytest.mark.parametrize(
    ("ink", "rgb"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((255, 0, 0, 0), (0, 255, 255)),
        ((0, 128, 0, 128), (127, 64, 127)),
    ],
)
def test_a_file_without_a_profile_goes_by_the_plain_rule(
    ink: tuple[int, int, int, int], rgb: tuple[int, int, int]
) -> None:
    image = read(inks(*ink))
    assert np.abs(image.color.astype(int) - rgb).max() <= 3
    assert image.metadata.icc is None
    assert codec.losses(image, "png") == (cmyk.BY_RULE,)


def test_a_profile_says_what_the_inks_are() -> None:
    image = read(inks(255, 0, 0, 0, icc_profile=ink_profile()))
    # Half the lightness is L* 50, which in sRGB is 119.
    assert np.abs(image.color.astype(int) - 119).max() <= 3
    assert codec.losses(image, "jpg") == (cmyk.BY_PROFILE,)
    assert image.metadata.icc is None


@pytest.mark.parametrize("profile", [b"x" * 200, srgb_profile(), ink_profile()[:300]])
def test_a_profile_that_is_of_no_use_is_done_without(profile: bytes) -> None:
    image = read(inks(255, 0, 0, 0, icc_profile=profile))
    assert image.metadata.note == cmyk.BY_RULE


def test_a_cmyk_picture_keeps_turn_and_words() -> None:
    pixels = Pillow.fromarray(smooth(16, 24, 4), "CMYK")
    data = saved(pixels, "JPEG", exif=b"Exif\0\0" + camera_exif(6), dpi=(300, 300))
    image = read(data)
    assert image.size == Size(16, 24)
    assert image.metadata.dpi == (300.0, 300.0)
    assert image.metadata.exif is not None
    again = read(codec.encode_image(image, "jpg", 95))
    assert again.metadata.note is None
    assert codec.read_header(data, "a", PLENTY).decoded_bytes == 24 * 16 * 3


def test_every_band_is_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Pillow.fromarray(noise(40, 30, 4), "CMYK"), "JPEG")
    whole = read(data).color
    monkeypatch.setattr("sr_batch.codec.pillow._BAND_PIXELS", 90)
    assert np.array_equal(read(data).color, whole)
