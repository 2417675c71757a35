from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import _imaging

from sr_batch import codec
from sr_batch.codec.color import cmyk, lab
from sr_batch.core.geometry import Size
from tests.codec.pictures import (
    PLENTY,
    by_tifffile,
    camera_exif,
    merged,
    noise,
    open_pillow,
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
def test_a_file_without_a_profile_uses_the_plain_rule(
    ink: tuple[int, int, int, int], rgb: tuple[int, int, int]
) -> None:
    image = read(inks(*ink))
    assert np.abs(image.color.astype(int) - rgb).max() <= 3
    assert image.metadata.icc is None
    assert codec.losses(image, "png") == (cmyk.BY_RULE,)


def test_a_profile_defines_the_inks() -> None:
    image = read(inks(255, 0, 0, 0, icc_profile=ink_profile()))
    # Half the lightness is L* 50, which in sRGB is 119.
    assert np.abs(image.color.astype(int) - 119).max() <= 3
    assert codec.losses(image, "jpg") == (cmyk.BY_PROFILE,)
    assert image.metadata.icc is None


@pytest.mark.parametrize("profile", [b"x" * 200, srgb_profile(), ink_profile()[:300]])
def test_an_unusable_profile_is_ignored(profile: bytes) -> None:
    image = read(inks(255, 0, 0, 0, icc_profile=profile))
    assert image.metadata.note == cmyk.BY_RULE


def test_a_cmyk_picture_keeps_orientation_and_metadata() -> None:
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
    monkeypatch.setattr("sr_batch.codec.backends.pillow._BAND_PIXELS", 90)
    assert np.array_equal(read(data).color, whole)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("layout", ["rows", "planes", "tiles"])
def test_reads_tiff_without_a_profile_in_its_own_depth(layout: str, depth: int) -> None:
    inks = noise(20, 30, 5, depth=depth)
    data = by_tifffile(
        np.moveaxis(inks, 2, 0) if layout == "planes" else inks,
        photometric="separated",
        planarconfig="separate" if layout == "planes" else "contig",
        tile=(16, 16) if layout == "tiles" else None,
        extrasamples=["unassalpha"],
        compression="zlib",
        predictor=2,
    )
    image = read(data)
    levels = 2**depth - 1
    left = 1 - inks / levels
    assert np.array_equal(image.color, np.rint(left[..., :3] * left[..., 3:4] * levels))
    assert np.array_equal(merged(image)[..., 3], inks[..., 4])
    assert image.metadata.note == cmyk.BY_RULE


@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw"])
def test_reads_tiff_as_pillow_does(compression: str) -> None:
    data = saved(Pillow.fromarray(smooth(16, 24, 4), "CMYK"), "TIFF", compression=compression)
    assert np.array_equal(read(data).color, np.asarray(open_pillow(data).convert("RGB")))


def test_a_profile_gives_16_bit_where_the_inks_have_it() -> None:
    # Ever less lightness, by black alone, in steps of which 8 bit would see every 64th.
    inks = np.zeros((50, 100, 4), np.uint16)
    inks[..., 3] = np.arange(5000).reshape(50, 100) * 4
    data = by_tifffile(inks, photometric="separated", iccprofile=ink_profile())
    image = read(data)
    assert image.metadata.note == cmyk.BY_PROFILE
    assert image.metadata.icc is None
    lightness = np.stack((100 - inks[..., 3] / 655.35, *np.zeros((2, 50, 100))), axis=-1)
    expected = lab.to_srgb(lightness, np.uint16).astype(int)
    assert np.abs(image.color.astype(int) - expected).max() < 65535 / 255 / 8
    assert len(np.unique(image.color)) > 2500


def test_8_and_16_bit_agree() -> None:
    inks = smooth(30, 40, 4)
    options: Any = {"photometric": "separated", "iccprofile": ink_profile()}
    narrow = read(by_tifffile(inks, **options))
    wide = read(by_tifffile(inks.astype(np.uint16) * 257, **options))
    assert np.abs(wide.color / 257 - narrow.color).max() < 1.5


def test_notes_when_16_bit_is_not_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Pillow is linked statically."""
    monkeypatch.setattr("sr_batch.codec.color.lcms._imagingcms", _imaging)
    profile = ink_profile() + bytes(1)
    made = cmyk.conversion(profile, 16)
    assert (made.depth, made.note) == (8, f"{cmyk.BY_PROFILE}, {cmyk.ROUNDED}")
    inks = noise(4, 5, 4)
    expected = cmyk.conversion(profile, 8).convert(inks)
    assert np.array_equal(made.convert(inks.astype(np.uint16) * 257), expected)


def test_an_unusable_profile_keeps_the_announced_depth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sr_batch.codec.color.lcms._imagingcms", _imaging)
    profile = ink_profile()[:300]
    made = cmyk.conversion(profile, 16)
    assert made.depth == cmyk.depth_of(profile, 16) == 8
    inks = noise(4, 5, 4)
    expected = cmyk.conversion(None, 8).convert(inks)
    assert np.array_equal(made.convert(inks.astype(np.uint16) * 257), expected)


@pytest.mark.parametrize("depth", [0, 8, 16])
def test_a_header_is_read_without_opening_the_profile(
    depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Little CMS belongs to decoding, which may be done in a process of its own."""
    if depth:
        pixels = noise(20, 30, 4, depth=depth)
        data = by_tifffile(pixels, photometric="separated", iccprofile=ink_profile())
    else:
        data = inks(1, 2, 3, 4, icc_profile=ink_profile())
    monkeypatch.setattr(cmyk, "conversion", lambda *_: pytest.fail("opened"))
    assert codec.read_header(data, "a", PLENTY).decoded_bytes
    with pytest.raises(pytest.fail.Exception):
        read(data)


@pytest.mark.parametrize("depth", [8, 16])
def test_alpha_keeps_the_depth_of_the_colours(depth: int) -> None:
    inks = noise(20, 30, 5, depth=depth)
    data = by_tifffile(
        inks, photometric="separated", extrasamples=["unassalpha"], iccprofile=ink_profile()
    )
    image = read(data)
    assert image.alpha is not None
    assert np.array_equal(image.alpha, inks[..., 4])


def test_one_line_refuses_a_broken_profile_in_no_depth() -> None:
    for depth in (8, 16):
        made = cmyk.conversion(ink_profile()[:300], depth)
        assert (made.note, made.depth) == (cmyk.BY_RULE, depth)
