import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec import exif, ifd
from sr_batch.codec.tags import Tag
from sr_batch.errors import UnreadableImage, UnsupportedImage
from sr_batch.geometry import Size
from tests.codec.pictures import (
    GPS,
    PLENTY,
    camera_exif,
    noise,
    read,
    saved,
    srgb_profile,
    tiff_file,
)


def header(data: bytes) -> codec.Header:
    return codec.read_header(data, "a.tif", PLENTY)


@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_metadata(order: str) -> None:
    block = Pillow.Exif()
    block.endian = order
    block.load(camera_exif(1))
    data = saved(
        Pillow.fromarray(noise(8, 9, 3)),
        "TIFF",
        exif=block,
        icc_profile=srgb_profile(),
        dpi=(300, 150),
    )
    metadata = read(data).metadata
    assert metadata.icc == srgb_profile()
    assert metadata.dpi == (300.0, 150.0)
    found = Pillow.Exif()
    assert metadata.exif is not None
    found.load(metadata.exif)
    assert (found[271], found[274]) == ("Maker", 1)
    assert found.get_ifd(34853) == GPS
    assert found.get_ifd(34665)[37386] == 50


def test_an_exif_block_has_no_word_of_how_pixels_lie() -> None:
    data = saved(Pillow.fromarray(noise(8, 9, 3)), "TIFF", description="a lawn", dpi=(72, 72))
    _, tree = exif.tree(read(data).metadata.exif)
    assert sorted(tree) == [270]


def test_a_file_without_words_has_no_exif() -> None:
    assert read(tiff_file(noise(3, 4, 3))).metadata.exif is None


def test_reads_big_tiff() -> None:
    data = saved(Pillow.fromarray(noise(8, 9, 3)), "TIFF", big_tiff=True)
    assert data[2] == 43
    assert np.array_equal(read(data).color, noise(8, 9, 3))


def test_an_offset_that_no_file_has_is_an_error() -> None:
    data = bytearray(saved(Pillow.fromarray(noise(8, 9, 3)), "TIFF", big_tiff=True))
    order, at, big = ifd.read_header(bytes(data))
    entry = ifd.read_directory(bytes(data), at, order, big).entries[Tag.STRIP_OFFSETS]
    struct.pack_into("<HHQQ", data, entry.at, Tag.STRIP_OFFSETS, 16, 1, 2**40)
    with pytest.raises(UnreadableImage, match=r"damaged tif \(tag 273 is 109"):
        codec.read_image(bytes(data), "a.tif", PLENTY)


def test_a_missing_palette_is_an_error() -> None:
    data = tiff_file(noise(3, 4, 1), tags={Tag.PHOTOMETRIC: 3})
    with pytest.raises(UnreadableImage, match=r"^a\.tif: truncated or damaged tif$"):
        codec.read_image(data, "a.tif", PLENTY)


def test_refuses_pages() -> None:
    pages = [Pillow.fromarray(noise(4, width, 3)) for width in (5, 6, 7)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(UnsupportedImage, match=r"^a\.tif: a TIFF of 3 pages; split it"):
        header(data)


def test_a_smaller_copy_is_no_page() -> None:
    out = io.BytesIO()
    first, second = Pillow.fromarray(noise(8, 9, 3)), Pillow.fromarray(noise(4, 5, 3))
    second.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(out, "TIFF", save_all=True, append_images=[second])
    assert np.array_equal(read(out.getvalue()).color, noise(8, 9, 3))


def test_a_chain_that_bites_its_tail_ends() -> None:
    data = bytearray(tiff_file(noise(3, 4, 3)))
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    data[start + 2 + 12 * count : start + 6 + 12 * count] = data[4:8]
    assert np.array_equal(read(bytes(data)).color, noise(3, 4, 3))


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({Tag.PHOTOMETRIC: 5, Tag.SAMPLES: 4, Tag.BITS: [8] * 4}, "CMYK"),
        ({Tag.PHOTOMETRIC: 8}, "CIELAB"),
        ({Tag.PHOTOMETRIC: 32803}, "camera's raw"),
        ({Tag.PHOTOMETRIC: 4}, "transparency mask"),
        ({Tag.PHOTOMETRIC: 77}, "photometric 77"),
        ({Tag.SAMPLE_FORMAT: 3}, "floating-point or signed"),
        ({Tag.SAMPLE_FORMAT: 2}, "floating-point or signed"),
        ({Tag.BITS: [12] * 3}, "12 bits per sample"),
        ({Tag.BITS: [5, 6, 5]}, "5 bits per sample"),
        ({Tag.BITS: [16] * 3, Tag.COMPRESSION: 7}, "compression 7"),
        ({Tag.SAMPLES: 2, Tag.BITS: [8] * 2}, "2 samples per pixel"),
        ({Tag.SAMPLES: 9, Tag.BITS: [8] * 9}, "9 samples per pixel"),
        ({Tag.SUBFILE: 1}, "a camera raw or only a preview"),
        ({Tag.DNG: [1, 4, 0, 0]}, "a camera raw or only a preview"),
    ],
)
def test_refuses_in_words(tags: dict[Tag, int | list[int]], words: str) -> None:
    with pytest.raises(UnsupportedImage, match=words) as caught:
        header(tiff_file(noise(3, 4, 3), tags=tags))
    assert str(caught.value).startswith("a.tif: a ")


def test_refuses_float_samples_of_pillow() -> None:
    with pytest.raises(UnsupportedImage, match="floating-point"):
        header(saved(Pillow.fromarray(np.zeros((4, 5), np.float32)), "TIFF"))


@pytest.mark.parametrize("kept", [6, 9, 200])
def test_a_truncated_picture_is_an_error(kept: int) -> None:
    with pytest.raises(UnreadableImage, match="truncated or damaged tif"):
        codec.read_image(tiff_file(noise(30, 30, 3))[:kept], "a.tif", PLENTY)


def test_a_wrong_orientation_is_none() -> None:
    assert header(tiff_file(noise(3, 4, 3), tags={Tag.ORIENTATION: 99})).size == Size(4, 3)
