"""CIELAB, with Little CMS (through Pillow) as the judge."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image as Pillow
from PIL import ImageCms

from sr_batch import codec
from sr_batch.codec.color import lab
from tests.codec.pictures import by_tifffile, noise, read, saved, srgb_profile

EXACT = ImageCms.Flags.NOOPTIMIZE


def turned(image: Pillow.Image, to: str) -> Pillow.Image:
    """By Little CMS between sRGB and CIELAB."""
    spaces = {"RGB": ImageCms.createProfile("sRGB"), "LAB": ImageCms.createProfile("LAB")}
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(
        spaces[image.mode], spaces[to], image.mode, to, intent, EXACT
    )
    return transform.apply(image)


def lab_tiff() -> tuple[bytes, Pillow.Image]:
    picture = turned(Pillow.fromarray(noise(40, 50, 3)), "LAB")
    return saved(picture, "TIFF"), picture


def test_reads_what_little_cms_reads() -> None:
    data, picture = lab_tiff()
    image = read(data)
    expected = np.asarray(turned(picture, "RGB"))
    difference = np.abs(image.color.astype(int) - expected)
    assert difference.max() <= 1
    assert difference.mean() < 0.02
    assert image.metadata.note == lab.NOTE
    assert codec.losses(image, "jpg") == (lab.NOTE,)


def test_the_profiles_own_encoding_is_the_same_picture() -> None:
    data, _ = lab_tiff()
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        samples = file.asarray()
    samples[..., 1:] ^= 128
    again = by_tifffile(samples, photometric="icclab")
    assert np.array_equal(read(again).color, read(data).color)


def encoded(rgb: npt.NDArray[np.float64], photometric: str) -> npt.NDArray[np.uint16]:
    """CIELAB of sRGB, 0..1, in 16 bit, by the formulas the other way round."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    cube = linear @ lab._SRGB_TO_XYZ.T / (0.9642, 1, 0.8249)
    root = np.where(cube > (6 / 29) ** 3, np.cbrt(cube), cube * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    whole = 65535 if photometric == "cielab" else 65280
    middle = 0 if photometric == "cielab" else 32768
    values = np.stack((lightness / 100 * whole, a * 256 + middle, b * 256 + middle), axis=-1)
    whole_numbers: npt.NDArray[np.uint16] = np.rint(values).astype(np.int32).astype(np.uint16)
    return whole_numbers


@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
def test_keeps_16_bit(photometric: str) -> None:
    rgb = np.random.default_rng(0).uniform(0.2, 1, (30, 40, 3))
    rgb[0] = np.linspace(0, 1, 40)[:, None]  # grays
    image = read(by_tifffile(encoded(rgb, photometric), photometric=photometric))
    assert image.color.dtype == np.uint16
    difference = np.abs(image.color - rgb * 65535)
    assert difference[0].max() < 8
    assert difference.max() < 65535 / 255 / 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_neutral_stays_neutral(dtype: Any) -> None:
    gray = np.stack((np.linspace(0, 100, 999), *np.zeros((2, 999))), axis=-1)[None]
    srgb = lab.to_srgb(gray, dtype)
    assert (srgb == srgb[..., :1]).all()
    assert (srgb[0, 0, 0], srgb[0, -1, 0]) == (0, np.iinfo(dtype).max)


def test_colours_outside_srgb_are_clipped() -> None:
    values = np.array([[[50, 120, -120], [100, 127, 127], [0, -128, 127]]], np.float64)
    assert lab.to_srgb(values, np.uint8).tolist()[0][0][1] == 0


def test_alpha_stays_and_a_profile_is_used_up() -> None:
    samples = noise(10, 12, 4)
    data = by_tifffile(
        samples, photometric="cielab", extrasamples=["unassalpha"], iccprofile=srgb_profile()
    )
    image = read(data)
    assert image.alpha is not None
    assert np.array_equal(image.alpha, samples[..., 3])
    assert image.metadata.icc is None
