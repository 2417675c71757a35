import io
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL.TiffImagePlugin import TiffImageFile

from sr_batch import codec
from sr_batch.codec.metadata import exif, photoshop
from sr_batch.codec.tiff import encode as tiff_encode
from sr_batch.core.image import Image, Metadata
from tests.codec.pictures import (
    GPS,
    IPTC_RECORD,
    PLENTY,
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
    xmp_packet,
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


def test_exif_survives_a_tiff_unchanged() -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    once = read(codec.encode_image(image, "tif", 95))
    twice = read(codec.encode_image(once, "tif", 95))
    assert once.metadata == twice.metadata


def test_drops_the_pixel_layout_of_the_source() -> None:
    source = saved(Pillow.fromarray(noise(9, 8, 3)), "TIFF", compression="tiff_lzw", dpi=(72, 72))
    opened = open_pillow(codec.encode_image(read(source), "tif", 95))
    assert opened.info["compression"] == "tiff_adobe_deflate"
    assert np.array_equal(np.asarray(opened), noise(9, 8, 3))


def pages() -> list[Image]:
    """Of every size, depth, colour and kind of metadata."""
    first = Metadata(icc=srgb_profile(), exif=camera_exif(1), xmp=xmp_packet(), dpi=(300.0, 300.0))
    return [
        Image(noise(13, 17, 3), None, first),
        Image(noise(700, 501, 1, depth=16), None, Metadata(dpi=(72.0, 72.0))),
        Image(noise(5, 6, 3, depth=16), noise(5, 6, depth=16), Metadata(exif=camera_exif(1))),
        Image(noise(8, 9, 1), noise(8, 9), Metadata(photoshop=photoshop.of_iptc(IPTC_RECORD))),
    ]


def tiff_of_pages(big: bool) -> bytes:
    return tiff_encode.encode(iter(pages()), classic_bytes=0 if big else 2**32 - 1)


@pytest.mark.parametrize("big", [False, True])
def test_tifffile_reads_all_pages(big: bool) -> None:
    with tifffile.TiffFile(io.BytesIO(tiff_of_pages(big))) as file:
        assert file.is_bigtiff == big
        assert len(file.pages) == 4
        for number, (page, image) in enumerate(zip(file.pages, pages(), strict=True)):
            assert isinstance(page, tifffile.TiffPage)
            assert np.array_equal(page.asarray(), merged(image).squeeze())
            assert page.tags["PageNumber"].value == (number, 4)
            assert page.tags["NewSubfileType"].value == 2
            assert page.iccprofile == image.metadata.icc
        first = file.pages.first
        assert first.resolution == (300.0, 300.0)
        assert first.tags["ExifTag"].value["FocalLength"] == 50
        assert first.tags["XMP"].value == xmp_packet()


@pytest.mark.parametrize("big", [False, True])
def test_pillow_reads_all_pages(big: bool) -> None:
    opened = Pillow.open(io.BytesIO(tiff_of_pages(big)))
    assert isinstance(opened, TiffImageFile)
    assert opened.n_frames == 4
    modes = ["RGB", "I;16", "RGBA", "LA"]
    for number, image in enumerate(pages()):
        opened.seek(number)
        assert (opened.mode, opened.size) == (
            modes[number],
            (image.size.width, image.size.height),
        )
        if image.levels == 255 or image.is_gray:
            assert np.array_equal(np.asarray(opened), merged(image).squeeze())
        assert opened.tag_v2.get(34675) == image.metadata.icc
        assert dict(opened.getexif().get_ifd(34853)) == (GPS if image.metadata.exif else {})


@pytest.mark.parametrize("big", [False, True])
def test_pages_survive_a_round_trip(big: bool) -> None:
    again = list(codec.read_pages(tiff_of_pages(big), "a.tif", PLENTY))
    for back, image in zip(again, pages(), strict=True):
        assert np.array_equal(merged(back), merged(image))
        assert back.color.dtype == image.color.dtype
        assert (back.metadata.icc, back.metadata.dpi) == (image.metadata.icc, image.metadata.dpi)
        assert back.metadata.photoshop == image.metadata.photoshop
        assert exif.tree(back.metadata.exif)[1].keys() == exif.tree(image.metadata.exif)[1].keys()


def test_a_single_page_has_no_number() -> None:
    with tifffile.TiffFile(io.BytesIO(codec.encode_image(pages()[0], "tif", 95))) as file:
        assert "PageNumber" not in file.pages.first.tags


def test_metadata_of_a_page_takes_the_byte_order_of_the_file() -> None:
    images = [Image(noise(5, 6, 3), None, Metadata(exif=camera_exif(1, order))) for order in "><"]
    opened = Pillow.open(io.BytesIO(codec.encode_pages(images, "tif", 95)))
    found = []
    for number in range(2):
        opened.seek(number)
        block = opened.getexif()
        found.append((block[271], block.get_ifd(34853), dict(block.get_ifd(34665))))
    assert found[0] == found[1]
    assert found[0][1] == GPS


def test_pages_are_requested_one_by_one() -> None:
    alive: list[weakref.ref[Image]] = []

    def made() -> Iterator[Image]:
        for page in range(4):
            assert sum(kept() is not None for kept in alive) <= 1
            image = Image(noise(20, 30 + page, 3))
            alive.append(weakref.ref(image))
            yield image
            del image

    data = codec.encode_pages(made(), "tif", 95)
    assert len(codec.read_header(data, "a.tif", PLENTY).sizes) == 4


def test_the_true_length_decides() -> None:
    image = picture(3, False, 16)
    length = len(tiff_encode.encode((image,)))
    assert tiff_encode.encode((image,), classic_bytes=length + 999)[2] == 42
    assert tiff_encode.encode((image,), classic_bytes=length - 1)[2] == 43


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.booleans())
def test_reads_back_a_big_tiff(height: int, width: int, channels: int, alpha: bool) -> None:
    image = picture(channels, alpha, 16, height, width)
    back = read(tiff_encode.encode((image,), classic_bytes=0))
    assert np.array_equal(merged(back), merged(image))
