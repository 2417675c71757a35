import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from sr_batch import codec
from sr_batch.core.geometry import Size
from tests.codec.pictures import PLENTY, camera_exif, merged, noise, read, saved

LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"lossless": True},
}


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", LOSSLESS)
def test_turns_pixels_as_exif_says(kind: str, channels: int, turn: int) -> None:
    block = Pillow.Exif()
    block[274] = turn
    pixels = noise(7, 5, channels)
    pixels[..., 3:] |= 1  # WebP forgets colour that is not seen
    data = saved(Pillow.fromarray(pixels), kind, exif=block, **LOSSLESS[kind])
    expected = ImageOps.exif_transpose(Pillow.fromarray(pixels) if turn == 1 else _tagged(data))
    image = read(data)
    assert np.array_equal(merged(image), np.asarray(expected))
    assert codec.read_header(data, "a", PLENTY).size == Size(*expected.size)


def _tagged(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data))


@pytest.mark.parametrize("turn", range(1, 9))
def test_turns_jpegs_to_the_pixel(turn: int) -> None:
    data = saved(Pillow.fromarray(noise(24, 40, 3)), "JPEG", exif=b"Exif\0\0" + camera_exif(turn))
    expected = ImageOps.exif_transpose(_tagged(data))
    assert np.array_equal(read(data).color, np.asarray(expected))


@pytest.mark.parametrize("turn", [1, 6])
def test_joins_bands_of_tall_pictures(turn: int) -> None:
    # More rows than one band holds.
    pixels = noise(1500, 1100, 3)
    data = saved(Pillow.fromarray(pixels), "BMP" if turn == 1 else "PNG", exif=_exif(turn))
    expected = pixels if turn == 1 else np.rot90(pixels, -1)
    assert np.array_equal(read(data).color, expected)


def _exif(turn: int) -> Pillow.Exif:
    block = Pillow.Exif()
    block[274] = turn
    return block
