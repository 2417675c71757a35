import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.image import Image, Metadata
from tests.codec.pictures import (
    GPS,
    camera_exif,
    full_metadata,
    merged,
    noise,
    open_opencv,
    open_pillow,
    picture,
    read,
    saved,
    srgb_profile,
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
    back = read(codec.encode_image(image, "tif", 95))
    assert back.color.dtype == image.color.dtype
    assert back.color.shape == image.color.shape
    assert np.array_equal(merged(back), merged(image))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("depth", [8, 16])
def test_opencv_reads_many_strips_in_either_byte_order(depth: int, order: str) -> None:
    pixels = noise(400, 501, 3, depth=depth)
    metadata = Metadata(exif=camera_exif(order=order))
    data = codec.encode_image(Image(pixels, None, metadata), "tif", 95)
    assert data[:2] == (b"II" if order == "<" else b"MM")
    assert np.array_equal(open_opencv(data), pixels)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_pillow_reads_what_is_written(mode: str) -> None:
    pixels = noise(30, 40, len(mode) if mode != "L" else 1)
    alpha = pixels[..., -1] if "A" in mode else None
    image = Image(pixels[..., : 3 if "RGB" in mode else 1], alpha)
    opened = open_pillow(codec.encode_image(image, "tif", 95))
    assert opened.mode == mode
    assert np.array_equal(np.asarray(opened), pixels.squeeze())


@pytest.mark.parametrize("order", ["<", ">"])
def test_keeps_metadata(order: str) -> None:
    metadata = Metadata(icc=srgb_profile(), exif=camera_exif(1, order), dpi=(300.0, 150.5))
    image = Image(noise(13, 17, 3), None, metadata)
    data = codec.encode_image(image, "tif", 95)
    opened = open_pillow(data)
    assert opened.info["icc_profile"] == metadata.icc
    assert opened.info["dpi"] == (300, 150.5)
    block = opened.getexif()
    assert (block[271], block[306]) == ("Maker", "2024:05:06 07:08:09")
    assert block.get_ifd(34853) == GPS
    assert block.get_ifd(34665)[37386] == 50
    back = read(data).metadata
    assert (back.icc, back.dpi) == (metadata.icc, metadata.dpi)
    assert codec.losses(image, "tif") == ()


def test_exif_goes_round_through_a_tiff_unchanged() -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    once = read(codec.encode_image(image, "tif", 95))
    twice = read(codec.encode_image(once, "tif", 95))
    assert once.metadata == twice.metadata


def test_carries_nothing_of_how_the_source_lay() -> None:
    source = saved(Pillow.fromarray(noise(9, 8, 3)), "TIFF", compression="tiff_lzw", dpi=(72, 72))
    opened = open_pillow(codec.encode_image(read(source), "tif", 95))
    assert opened.info["compression"] == "tiff_adobe_deflate"
    assert np.array_equal(np.asarray(opened), noise(9, 8, 3))
