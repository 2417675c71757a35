import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec import profile
from sr_batch.image import Image, Metadata
from tests.codec.pictures import noise, open_pillow, read, saved, srgb_profile
from tests.corpus.profiles import ink_profile

GRAYS = ["jpg", "png", "tif"]
COLORS = ["jpg", "png", "tif", "webp"]


def wide_profile() -> bytes:
    """A wider red than that of sRGB, and what is too long for one piece of a JPEG."""
    wide = bytearray(srgb_profile())
    (count,) = struct.unpack_from(">I", wide, 128)
    for at in range(132, 132 + 12 * count, 12):
        if wide[at : at + 4] == b"rXYZ":
            (start,) = struct.unpack_from(">I", wide, at + 4)
            struct.pack_into(">3i", wide, start + 8, 33753, 15809, -69)
    wide += noise(70_000).tobytes()
    struct.pack_into(">I", wide, 0, len(wide))
    return bytes(wide)


def gray_profile() -> bytes:
    """A gamma of 2.2 (ICC.1:2004, 8.4)."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 563) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"none\0\0\0\0"
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"gray\0" + bytes(79)
    index, body = b"", b""
    for tag, data in {b"desc": name, b"cprt": text, b"wtpt": white, b"kTRC": curve}.items():
        index += tag + struct.pack(">II", 132 + 48 + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(128)
    struct.pack_into(">I", head, 0, 132 + len(index + body))
    head[8:12], head[12:24], head[36:40] = b"\x02\x10\0\0", b"mntrGRAYXYZ ", b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + struct.pack(">I", 4) + index + body


def colored(icc: bytes | None, channels: int = 3) -> Image:
    return Image(noise(9, 14, channels), None, Metadata(icc=icc))


@pytest.mark.parametrize("kind", COLORS)
def test_a_wide_gamut_survives_bit_for_bit(kind: str) -> None:
    data = codec.encode_image(colored(wide_profile()), kind, 95)
    assert open_pillow(data).info["icc_profile"] == wide_profile()
    again = codec.encode_image(read(data), kind, 95)
    assert read(again).metadata.icc == wide_profile()
    assert codec.losses(read(data), kind) == ()


@pytest.mark.parametrize("kind", GRAYS)
def test_gray_keeps_its_profile_bit_for_bit(kind: str) -> None:
    source = saved(
        Pillow.fromarray(noise(9, 14)),
        {"jpg": "JPEG", "png": "PNG", "tif": "TIFF"}[kind],
        icc_profile=gray_profile(),
    )
    image = read(source)
    assert image.is_gray
    assert image.metadata.icc == gray_profile()
    data = codec.encode_image(image, kind, 95)
    opened = open_pillow(data)
    assert (opened.mode, opened.info["icc_profile"]) == ("L", gray_profile())
    assert codec.losses(image, kind) == ()


def test_gray_with_alpha_keeps_its_profile() -> None:
    image = replace(colored(gray_profile(), 1), alpha=noise(9, 14))
    for kind in ("png", "tif"):
        assert read(codec.encode_image(image, kind, 95)).metadata.icc == gray_profile()
    assert codec.losses(image, "webp") == ("ICC profile left out",)


@pytest.mark.parametrize("kind", COLORS)
@pytest.mark.parametrize("icc", [gray_profile(), ink_profile(), b"no profile"])
def test_a_profile_of_other_pixels_is_left_out_and_said(icc: bytes, kind: str) -> None:
    image = colored(icc)
    assert codec.losses(image, kind) == ("ICC profile left out",)
    data = codec.encode_image(image, kind, 95)
    assert open_pillow(data).info.get("icc_profile") is None
    if kind in ("png", "tif"):
        assert np.array_equal(read(data).color, image.color)


@pytest.mark.parametrize("kind", COLORS)
def test_gray_with_a_profile_of_colours(kind: str) -> None:
    """Readers take its gray for red, green and blue of one value; PNG has no such thing."""
    image = colored(srgb_profile(), 1)
    kept = read(codec.encode_image(image, kind, 95)).metadata.icc
    assert kept == (None if kind == "png" else srgb_profile())
    assert codec.losses(image, kind) == (("ICC profile left out",) if kind == "png" else ())


def test_no_profile_suits_everything() -> None:
    assert profile.suits(None, True, "png")
