"""Camera raws are refused by their own marks: their first directory may be a mere thumbnail."""

import struct

import numpy as np
import pytest

from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.errors import UnsupportedImage
from tests.codec.pictures import noise, read, tiff_file

PIXELS = noise(9, 9, 3)


def with_inner(order: str, tag: int, value: int) -> bytes:
    """A TIFF of a thumbnail whose directory points to another one with this tag."""
    data = tiff_file(PIXELS, order, tags={Tag.SUB_DIRECTORIES: [0]})
    inner = ifd.write_tree({tag: ifd.integers(order, ifd.LONG, value)}, order, len(data))
    directory = ifd.read_directory(data, ifd.read_header(data)[1], order)
    entry = directory.entries[330]
    return (
        data[: entry.at + 8] + struct.pack(f"{order}I", len(data)) + data[entry.at + 12 :] + inner
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("tag", "value"),
    [(262, 32803), (262, 34892), (259, 32767), (259, 34713), (259, 65535), (50706, 1)],
)
def test_a_raw_behind_a_thumbnail_is_refused(order: str, tag: int, value: int) -> None:
    with pytest.raises(UnsupportedImage, match="a camera raw"):
        read(with_inner(order, tag, value))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_smaller_copy_below_the_directory_is_no_raw(order: str) -> None:
    assert np.array_equal(read(with_inner(order, 259, 7)).color, PIXELS)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_raw_of_leaf_is_refused(order: str) -> None:
    with pytest.raises(UnsupportedImage, match="a camera raw"):
        read(tiff_file(PIXELS, order, tags={Tag.LEAF: 1}))


@pytest.mark.parametrize("mark", [b"II*\0\x10\0\0\0IIIITwaR", b"MM\0*\0\0\0\x10MMMMRawT"])
def test_a_raw_of_phase_one_is_refused(mark: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="a camera raw"):
        read(mark + bytes(99))


def test_a_directory_that_points_to_itself_ends() -> None:
    data = tiff_file(PIXELS, tags={Tag.SUB_DIRECTORIES: [0]})
    offset = ifd.read_header(data)[1]
    entry = ifd.read_directory(data, offset, "<").entries[330]
    looped = data[: entry.at + 8] + struct.pack("<I", offset) + data[entry.at + 12 :]
    assert np.array_equal(read(looped).color, PIXELS)


def test_a_picture_whose_pixels_look_like_a_mark_is_read() -> None:
    pixels = np.full((9, 9, 3), ord("I"), np.uint8)
    assert np.array_equal(read(tiff_file(pixels)).color, pixels)
