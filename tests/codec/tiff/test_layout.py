from typing import Any

import numpy as np
import pytest

from sr_batch import codec
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.errors import ImageError, UnreadableImage, UnsupportedImage
from tests.codec.pictures import PLENTY, noise, tiff_file

FOUR = {Tag.SAMPLES: 4, Tag.BITS: [8] * 4}
HUGE = {Tag.WIDTH: 9999, Tag.HEIGHT: 9999, Tag.BITS: 64, Tag.SAMPLE_FORMAT: 3}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({Tag.PHOTOMETRIC: 32803}, "a camera raw"),
        ({Tag.PHOTOMETRIC: 4}, "transparency mask"),
        ({Tag.PHOTOMETRIC: 10}, "fax's ITULAB"),
        ({Tag.PHOTOMETRIC: 77}, "photometric 77"),
        ({Tag.PHOTOMETRIC: 5, **FOUR, Tag.INK_SET: 2}, "other inks than CMYK"),
        ({Tag.PHOTOMETRIC: 5}, "3 samples per pixel"),
        ({Tag.PHOTOMETRIC: 8, Tag.BITS: [12] * 3}, "12-bit samples"),
        ({Tag.PHOTOMETRIC: 9, Tag.SAMPLE_FORMAT: [2] * 3}, "8-bit signed samples"),
        ({Tag.PHOTOMETRIC: 8, Tag.COMPRESSION: 7}, "8-bit samples of compression 7"),
        ({Tag.SAMPLE_FORMAT: 5}, "complex or mixed numbers"),
        ({Tag.SAMPLE_FORMAT: [1, 1, 3]}, "complex or mixed numbers"),
        ({Tag.SAMPLE_FORMAT: 3}, "8-bit floating-point samples"),
        ({Tag.BITS: [64] * 3}, "64-bit samples"),
        ({Tag.BITS: [5, 6, 5]}, "5, 6, 5 bits per sample"),
        ({Tag.BITS: [16] * 3, Tag.COMPRESSION: 7}, "16-bit samples of compression 7"),
        ({Tag.COMPRESSION: 34712}, r"compression 34712 \(JPEG 2000\); use deflate or LZW"),
        ({Tag.COMPRESSION: 7, Tag.SAMPLES: 5, Tag.BITS: [8] * 5}, "5 samples per pixel"),
        ({Tag.SAMPLES: 2, Tag.BITS: [8] * 2}, "2 samples per pixel"),
        ({Tag.SAMPLES: 9, Tag.BITS: [8] * 9}, "9 samples per pixel"),
        ({Tag.PHOTOMETRIC: 5, Tag.COMPRESSION: 7, Tag.SAMPLES: 5, Tag.BITS: 8}, "5 samples per"),
        ({Tag.COMPRESSION: 5, Tag.PREDICTOR: 3}, "predictor 3 on 8-bit samples"),
        ({Tag.COMPRESSION: 5, Tag.PREDICTOR: 2, Tag.BITS: [12] * 3}, "predictor 2 on 12-bit"),
        ({Tag.COMPRESSION: 5, Tag.PREDICTOR: 34892}, "predictor 34892"),
    ],
)
def test_refuses_with_a_reason(tags: dict[Tag, Any], reason: str) -> None:
    with pytest.raises(UnsupportedImage, match=reason) as caught:
        codec.read_header(tiff_file(noise(3, 4, 3), tags=tags), "a.tif", PLENTY)
    assert str(caught.value).startswith("a.tif: a ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ({Tag.TILE_WIDTH: 1 << 20, Tag.TILE_HEIGHT: 1 << 20}, UnsupportedImage),
        ({Tag.TILE_WIDTH: 2**32 - 1, Tag.TILE_HEIGHT: 1}, UnsupportedImage),
        ({**HUGE, Tag.TILE_WIDTH: 1, Tag.TILE_HEIGHT: 1}, UnsupportedImage),
        ({Tag.TILE_WIDTH: 0, Tag.TILE_HEIGHT: 16}, UnreadableImage),
        ({Tag.TILE_WIDTH: 16}, UnreadableImage),
        ({**HUGE, Tag.ROWS_PER_STRIP: 9999, Tag.COMPRESSION: 5}, UnsupportedImage),
    ],
)
def test_refuses_segments_that_would_take_all_memory(
    tags: dict[Tag, Any], fault: type[ImageError]
) -> None:
    tags = {Tag.BITS: 8, **tags}
    with pytest.raises(fault, match=r"^a\.tif: .*(in segments of|its tiles are)"):
        codec.read_header(tiff_file(noise(3, 4, 3), tags=tags), "a.tif", PLENTY)


def test_a_large_tile_of_a_small_picture_is_read() -> None:
    pixels = noise(3, 4, 3)
    data = tiff_file(pixels, tile=512, deflate=True)
    assert np.array_equal(codec.read_image(data, "a.tif", PLENTY).color, pixels)
