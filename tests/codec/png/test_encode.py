import zlib
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch import codec
from sr_batch.core.image import Image
from sr_batch.core.options import Effort
from tests.codec.pictures import (
    GPS,
    full_metadata,
    merged,
    noise,
    open_opencv,
    open_pillow,
    picture,
    read,
    smooth,
)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1, 3]),
    st.booleans(),
    st.sampled_from([8, 16]),
)
def test_reads_back_what_it_wrote(
    height: int, width: int, channels: int, alpha: bool, depth: int
) -> None:
    image = picture(channels, alpha, depth, height, width)
    back = read(codec.encode_image(image, "png", 95))
    assert back.color.dtype == image.color.dtype
    assert back.color.shape == image.color.shape
    assert np.array_equal(merged(back), merged(image))


@given(st.binary(min_size=27, max_size=27))
def test_other_decoders_undo_the_filter(values: bytes) -> None:
    # Three rows of three pixels: every arrangement of left, up and corner.
    pixels = np.frombuffer(values, np.uint8).reshape(3, 3, 3)
    data = codec.encode_image(Image(pixels), "png", 95)
    assert np.array_equal(np.asarray(open_pillow(data)), pixels)


@pytest.mark.parametrize("depth", [8, 16])
def test_opencv_reads_joined_strips(depth: int) -> None:
    # Several strips: the first row of each is predicted from the last of the one before.
    pixels = noise(500, 301, 3, depth=depth)
    data = codec.encode_image(Image(pixels), "png", 95)
    assert np.array_equal(open_opencv(data), pixels)


@pytest.mark.parametrize("depth", [8, 16])
def test_keeps_metadata(depth: int) -> None:
    image = Image(noise(13, 17, 3, depth=depth), None, full_metadata())
    data = codec.encode_image(image, "png", 95)
    opened = open_pillow(data)
    assert opened.info["icc_profile"] == image.metadata.icc
    assert opened.info["dpi"] == pytest.approx((300, 150), abs=0.02)
    assert opened.getexif().get_ifd(34853) == GPS
    back = read(data).metadata
    assert (back.icc, back.exif) == (image.metadata.icc, image.metadata.exif)
    assert codec.losses(image, "png") == ()


def test_writes_the_same_bytes_every_time() -> None:
    image = picture(3, True, 16)
    assert codec.encode_image(image, "png", 95) == codec.encode_image(image, "png", 95)


def test_prediction_makes_files_smaller() -> None:
    pixels = smooth(200, 300, 3)
    assert len(codec.encode_image(Image(pixels), "png", 95)) < len(zlib.compress(pixels.tobytes()))


@pytest.mark.parametrize("depth", [8, 16])
def test_more_effort_never_makes_a_file_larger(depth: int) -> None:
    flat = np.kron(noise(9, 11, 3, depth=depth), np.ones((20, 20, 1), f"uint{depth}"))
    for pixels in (noise(90, 110, 3, depth=depth), smooth(90, 110, 3), flat):
        fast, small = (
            codec.encode_pages([Image(pixels)], "png", 95, effort) for effort in get_args(Effort)
        )
        assert len(small) <= len(fast)
        assert np.array_equal(read(small).color, pixels)
    assert len(small) < 0.95 * len(fast)
