import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata import icc as profile
from sr_batch.core.image import Image, Metadata
from tests.codec.pictures import noise, open_pillow, read, saved, srgb_profile
from tests.corpus.profiles import gray_profile, ink_profile, wide_profile

GRAYS = ["jpg", "png", "tif", "avif", "heic"]
COLORS = ["jpg", "png", "tif", "webp", "avif", "heic"]


def long_profile() -> bytes:
    """More than one piece of a JPEG holds: bytes behind a profile's tags are ignored."""
    profile = wide_profile() + noise(70_000).tobytes()
    return struct.pack(">I", len(profile)) + profile[4:]


def colored(icc: bytes | None, channels: int = 3) -> Image:
    return Image(noise(9, 14, channels), None, Metadata(icc=icc))


@pytest.mark.parametrize("kind", COLORS)
def test_a_wide_gamut_survives_bit_for_bit(kind: str) -> None:
    data = codec.encode_image(colored(long_profile()), kind, 95)
    assert open_pillow(data).info["icc_profile"] == long_profile()
    again = codec.encode_image(read(data), kind, 95)
    assert read(again).metadata.icc == long_profile()
    assert codec.losses(read(data), kind) == ()


@pytest.mark.parametrize("kind", GRAYS)
def test_gray_keeps_its_profile_bit_for_bit(kind: str) -> None:
    source = saved(
        Pillow.fromarray(noise(9, 14)),
        {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "avif": "AVIF", "heic": "HEIF"}[kind],
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
    for kind in ("webp", "avif", "heic", "jxl"):
        assert codec.losses(image, kind) == ("ICC profile left out",)


@pytest.mark.parametrize("kind", COLORS)
@pytest.mark.parametrize("icc", [gray_profile(), ink_profile(), b"no profile"])
def test_a_profile_of_another_colour_space_is_left_out_with_a_note(icc: bytes, kind: str) -> None:
    image = colored(icc)
    assert codec.losses(image, kind) == ("ICC profile left out",)
    data = codec.encode_image(image, kind, 95)
    assert open_pillow(data).info.get("icc_profile") is None
    if kind in ("png", "tif"):
        assert np.array_equal(read(data).color, image.color)


@pytest.mark.parametrize("kind", COLORS)
def test_gray_with_an_rgb_profile(kind: str) -> None:
    """Readers take its gray for red, green and blue of one value; PNG has no such thing."""
    image = colored(srgb_profile(), 1)
    kept = read(codec.encode_image(image, kind, 95)).metadata.icc
    assert kept == (None if kind == "png" else srgb_profile())
    assert codec.losses(image, kind) == (("ICC profile left out",) if kind == "png" else ())


def test_no_profile_suits_everything() -> None:
    assert profile.suits(None, True, "png")
