from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec import cmyk
from sr_batch.geometry import Size
from tests.codec.pictures import (
    PLENTY,
    camera_exif,
    noise,
    read,
    saved,
    smooth,
    srgb_profile,
)
from tests.corpus.profiles import ink_profile


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
