import io
import struct
from typing import Any, Literal

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata import exif, ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.codec.tiff import encode as tiff_encode
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata
from tests.codec.pictures import (
    GPS,
    PLENTY,
    camera_exif,
    merged,
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


def test_an_exif_block_has_no_tags_of_the_pixel_layout() -> None:
    data = saved(Pillow.fromarray(noise(8, 9, 3)), "TIFF", description="a lawn", dpi=(72, 72))
    _, tree = exif.tree(read(data).metadata.exif)
    assert sorted(tree) == [270]


def test_a_file_without_metadata_has_no_exif() -> None:
    assert read(tiff_file(noise(3, 4, 3))).metadata.exif is None


def test_reads_big_tiff() -> None:
    data = saved(Pillow.fromarray(noise(8, 9, 3)), "TIFF", big_tiff=True)
    assert data[2] == 43
    assert np.array_equal(read(data).color, noise(8, 9, 3))


def test_an_impossible_offset_is_an_error() -> None:
    data = bytearray(saved(Pillow.fromarray(noise(8, 9, 3)), "TIFF", big_tiff=True))
    order, at, big = ifd.read_header(bytes(data))
    entry = ifd.read_directory(bytes(data), at, order, big).entries[Tag.STRIP_OFFSETS]
    struct.pack_into("<HHQQ", data, entry.at, Tag.STRIP_OFFSETS, 16, 1, 2**40)
    with pytest.raises(UnreadableImage, match=r"damaged tif \("):
        codec.read_image(bytes(data), "a.tif", PLENTY)


def test_a_missing_palette_is_an_error() -> None:
    data = tiff_file(noise(3, 4, 1), tags={Tag.PHOTOMETRIC: 3})
    with pytest.raises(UnreadableImage, match="its palette is too short"):
        codec.read_image(data, "a.tif", PLENTY)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_page_is_a_picture(order: Literal["<", ">"], big: bool) -> None:
    pictures = [noise(8, 9, 3), noise(5, 7, 3, depth=16), noise(4, 20), noise(6, 6, 4)]
    kinds: list[dict[str, Any]] = [
        {"photometric": "rgb", "resolution": (300, 300), "resolutionunit": 2},
        {"photometric": "rgb", "compression": "zlib", "iccprofile": srgb_profile()},
        {"photometric": "minisblack", "extratags": [(274, 3, 1, 6, True)], "software": "here"},
        {"photometric": "rgb", "extrasamples": ["unassalpha"], "description": "the last"},
    ]
    out = io.BytesIO()
    with tifffile.TiffWriter(out, byteorder=order, bigtiff=big) as file:
        for pixels, kind in zip(pictures, kinds, strict=True):
            file.write(pixels, metadata=None, **kind)
    data = out.getvalue()
    sizes = (Size(9, 8), Size(7, 5), Size(4, 20), Size(6, 6))
    assert header(data).sizes == sizes
    pages = list(codec.read_pages(data, "a.tif", PLENTY))
    assert tuple(page.size for page in pages) == sizes
    assert np.array_equal(np.rot90(pages[2].color[..., 0]), pictures[2])
    for page, pixels in zip(pages, pictures, strict=True):
        assert page.size.width == 4 or np.array_equal(merged(page), pixels)
    assert [page.metadata.dpi for page in pages] == [(300, 300), None, None, None]
    assert [page.metadata.icc for page in pages] == [None, srgb_profile(), None, None]
    trees = [exif.tree(page.metadata.exif)[1] for page in pages]
    assert [270 in tree for tree in trees] == [False, False, False, True]


def test_a_page_is_decoded_on_request() -> None:
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as file:
        for _ in range(2):
            file.write(noise(30, 40, 3), photometric="rgb", compression="zlib", metadata=None)
    data = bytearray(out.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        start = opened.pages[1].dataoffsets[0]
    data[start : start + 9] = bytes(9)
    pages = codec.read_pages(bytes(data), "a.tif", PLENTY)
    assert np.array_equal(next(pages).color, noise(30, 40, 3))
    with pytest.raises(UnreadableImage, match=r"^a\.tif: truncated or damaged tif"):
        next(pages)


def test_names_the_page_that_is_not_read() -> None:
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as file:
        file.write(noise(3, 4, 3), photometric="rgb", metadata=None)
        file.write(noise(3, 4, 3), photometric=10, metadata=None)
    with pytest.raises(UnsupportedImage, match=r"^a\.tif: page 2 of 2: a TIFF in a fax's ITULAB"):
        header(out.getvalue())


def test_no_page_is_lost_in_silence() -> None:
    pages = [Pillow.fromarray(noise(4, width, 3)) for width in (5, 6, 7)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    order, offset, _ = ifd.read_header(data)
    last = ifd.read_directory(data, ifd.read_directory(data, offset, order).next, order).next
    with pytest.raises(UnreadableImage, match=r"^a\.tif: truncated .* \(directory 3 is missing\)"):
        header(data[: last + 5])


def test_overlapping_directories_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them has 65535 entries; together they would take hours."""
    monkeypatch.setattr("sr_batch.codec.tiff.decode._SHARED_BYTES", 1 << 24)
    data = bytearray(1 << 20)
    struct.pack_into("<2sHI", data, 0, b"II", 42, 8)
    for place in range(8, 60000, 2):
        data[place : place + 2] = b"\xff\xff"
    for place in range(8, 50000, 4):
        struct.pack_into("<I", data, place + 2 + 12 * 65535, place + 4)
    with pytest.raises(UnreadableImage, match="its directories overlap"):
        header(bytes(data))


@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_the_metadata_of_a_big_tiff(order: str) -> None:
    image = Image(noise(13, 17, 3), None, Metadata(exif=camera_exif(1, order), dpi=(300.0, 150.0)))
    data = tiff_encode.encode((image,), classic_bytes=0)
    assert data[2 if order == "<" else 3] == 43
    metadata = read(data).metadata
    assert metadata.dpi == (300.0, 150.0)
    found = Pillow.Exif()
    assert metadata.exif is not None
    found.load(metadata.exif)
    assert (found[271], found.get_ifd(34853)) == ("Maker", GPS)
    assert found.get_ifd(34665)[37386] == 50


def test_a_smaller_copy_is_not_a_page() -> None:
    out = io.BytesIO()
    first, second = Pillow.fromarray(noise(8, 9, 3)), Pillow.fromarray(noise(4, 5, 3))
    second.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(out, "TIFF", save_all=True, append_images=[second])
    assert np.array_equal(read(out.getvalue()).color, noise(8, 9, 3))


def test_a_chain_that_loops_ends() -> None:
    data = bytearray(tiff_file(noise(3, 4, 3)))
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    data[start + 2 + 12 * count : start + 6 + 12 * count] = data[4:8]
    assert np.array_equal(read(bytes(data)).color, noise(3, 4, 3))


@pytest.mark.parametrize("tags", [{Tag.SUBFILE: 1}, {Tag.OLD_SUBFILE: 2}, {Tag.DNG: [1, 4, 0, 0]}])
def test_refuses_a_preview_in_place_of_a_picture(tags: dict[Tag, int | list[int]]) -> None:
    with pytest.raises(UnsupportedImage, match=r"^a\.tif: a camera raw or only a preview"):
        header(tiff_file(noise(3, 4, 3), tags=tags))


@pytest.mark.parametrize("kept", [6, 9, 200])
def test_a_truncated_picture_is_an_error(kept: int) -> None:
    with pytest.raises(UnreadableImage, match="truncated or damaged tif"):
        codec.read_image(tiff_file(noise(30, 30, 3))[:kept], "a.tif", PLENTY)


def test_a_wrong_orientation_is_ignored() -> None:
    assert header(tiff_file(noise(3, 4, 3), tags={Tag.ORIENTATION: 99})).size == Size(4, 3)
