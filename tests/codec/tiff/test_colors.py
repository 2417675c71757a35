import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata.tags import Tag
from sr_batch.codec.tiff import colors as tiff_colors
from tests.codec.pictures import (
    by_tifffile,
    merged,
    noise,
    open_pillow,
    read,
    saved,
    srgb_profile,
    tiff_file,
)


def floats(*values: float, dtype: str = "f4") -> bytes:
    return by_tifffile(np.array([values], dtype), photometric="minisblack")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floats_go_from_0_to_1(dtype: str) -> None:
    image = read(floats(0, 0.25, 0.5, 1, dtype=dtype))
    assert image.color.ravel().tolist() == [0, 16384, 32768, 65535]
    assert codec.losses(image, "tif") == (tiff_colors.FLOATING,)


def test_notes_clipped_values() -> None:
    image = read(floats(-0.5, 0, 1, 1.001, np.inf, -np.inf, np.nan))
    assert image.color.ravel().tolist() == [0, 0, 65535, 65535, 65535, 0, 0]
    assert image.metadata.note == f"{tiff_colors.FLOATING}; {tiff_colors.CLIPPED}"


def test_floats_keep_their_profile() -> None:
    values = np.random.default_rng(0).random((9, 8, 3)).astype("f4")
    image = read(by_tifffile(values, photometric="rgb", iccprofile=srgb_profile()))
    assert image.metadata.icc == srgb_profile()


def test_float_alpha_divides_before_anything_is_rounded() -> None:
    values = np.array([[[0.001, 0.002, 0.0005, 0.002], [0, 0, 0, 0]]], "f4")
    data = by_tifffile(values, photometric="rgb", extrasamples=["assocalpha"])
    image = read(data)
    assert merged(image)[0].tolist() == [[32768, 65535, 16384, 131], [0, 0, 0, 0]]
    assert image.metadata.note == tiff_colors.FLOATING


def test_white_may_be_zero_in_floats() -> None:
    data = by_tifffile(np.array([[0, 0.25, 1]], "f4"), photometric="miniswhite")
    assert read(data).color.ravel().tolist() == [65535, 49151, 0]


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("u4", [0, 1 << 31, 2**32 - 1, 65537, 98306], [0, 32768, 65535, 1, 2]),
        ("i1", [-128, 0, 127], [0, 128, 255]),
        ("i2", [-32768, 0, 32767], [0, 32768, 65535]),
        ("i4", [-(2**31), 0, 2**31 - 1], [0, 32768, 65535]),
    ],
)
def test_integers_take_their_whole_range(
    dtype: str, values: list[int], expected: list[int]
) -> None:
    image = read(by_tifffile(np.array([values], dtype), photometric="minisblack"))
    assert image.color.ravel().tolist() == expected
    said = {
        "u4": tiff_colors.ROUNDED,
        "i4": f"{tiff_colors.SHIFTED}; {tiff_colors.ROUNDED}",
    }
    assert image.metadata.note == said.get(dtype, tiff_colors.SHIFTED)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_palettes_are_looked_up(compression: str | None, bits: int) -> None:
    picture = Pillow.fromarray(noise(20, 30, 3)).quantize(2**bits)
    data = saved(picture, "TIFF", compression=compression, bits=bits)
    assert np.array_equal(read(data).color, np.asarray(open_pillow(data).convert("RGB")))


def test_a_palette_may_have_16_bits_and_alpha_behind_it() -> None:
    numbers, table = noise(9, 8, 2, depth=16), noise(3, 65536, depth=16)
    data = by_tifffile(
        numbers[..., 0], photometric="palette", colormap=table, compression="zlib", tile=(16, 16)
    )
    assert np.array_equal(read(data).color, np.moveaxis(table[:, numbers[..., 0]] >> 8, 0, -1))
    tags: dict[Tag, Any] = {
        Tag.PHOTOMETRIC: 3,
        Tag.PALETTE: table.ravel().tolist(),
        Tag.EXTRA_SAMPLES: 2,
    }
    image = read(tiff_file(numbers, tags=tags))
    assert np.array_equal(image.color, np.moveaxis(table[:, numbers[..., 0]] >> 8, 0, -1))
    assert image.alpha is not None
    assert np.array_equal(image.alpha, np.rint(numbers[..., 1] / 257))


def test_a_palette_may_be_written_in_8_bit() -> None:
    table = noise(3, 256)
    tags: dict[Tag, Any] = {Tag.PHOTOMETRIC: 3, Tag.PALETTE: table.ravel().tolist()}
    numbers = noise(9, 8, 1)
    assert np.array_equal(
        read(tiff_file(numbers, tags=tags)).color, np.moveaxis(table[:, numbers[..., 0]], 0, -1)
    )


def bilevel() -> npt.NDArray[np.bool_]:
    return noise(21, 35) > 127


@pytest.mark.parametrize("compression", [None, "packbits", "tiff_lzw", "group3", "group4"])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_one_bit_has_two_polarities(white_is_zero: bool, compression: str | None) -> None:
    photometric = {262: 0 if white_is_zero else 1}
    picture = Pillow.fromarray(bilevel())
    data = saved(picture, "TIFF", compression=compression, tiffinfo=photometric)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages.first.photometric == photometric[262]
    image = read(data)
    assert image.is_gray
    assert np.array_equal(image.color[..., 0], np.asarray(open_pillow(data).convert("L")))
    assert np.array_equal(image.color[..., 0], bilevel() * 255)


def test_notes_samples_left_out() -> None:
    image = read(tiff_file(noise(6, 7, 5), tags={Tag.EXTRA_SAMPLES: [0, 0]}))
    assert image.metadata.note == tiff_colors.LEFT_OUT


def test_every_band_is_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = by_tifffile(noise(40, 30, 3, depth=16), photometric="cielab", tile=(32, 16))
    whole = read(data).color
    monkeypatch.setattr(tiff_colors, "_BAND_PIXELS", 90)
    assert np.array_equal(read(data).color, whole)
