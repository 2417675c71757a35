import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.errors import UnreadableImage
from tests.codec.pictures import PLENTY, noise, read, saved, tiff_file


def entry_of(data: bytes, tag: int) -> ifd.Entry:
    order, offset, _ = ifd.read_header(data)
    return ifd.read_directory(data, offset, order).entries[tag]


def renamed(data: bytes, tag: int) -> bytes:
    """The file with the entry of ``tag`` under an unknown number."""
    patched = bytearray(data)
    struct.pack_into("<H", patched, entry_of(data, tag).at, 65000)
    return bytes(patched)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "group4"])
def test_bits_may_be_filled_from_the_lowest(compression: str) -> None:
    pixels = Pillow.fromarray(noise(20, 32, 3)).convert("1" if compression == "group4" else "RGB")
    data = saved(pixels, "TIFF", compression=compression, tiffinfo={266: 2})
    assert entry_of(data, Tag.FILL_ORDER).data[:2] == b"\2\0"
    expected = pixels.convert("L") if compression == "group4" else pixels
    assert np.array_equal(read(data).color.squeeze(), np.asarray(expected))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_reads_strips_without_lengths(compression: str | None) -> None:
    pixels = noise(20, 30, 3)
    data = saved(Pillow.fromarray(pixels), "TIFF", compression=compression)
    assert np.array_equal(read(renamed(data, Tag.STRIP_COUNTS)).color, pixels)


def test_strips_may_be_stored_in_any_order() -> None:
    pixels = noise(20, 30, 3)
    data = bytearray(tiff_file(pixels))
    first = entry_of(bytes(data), Tag.STRIP_OFFSETS)
    (at,) = struct.unpack_from("<I", data, first.at + 8)
    strips = struct.unpack_from("<4I", data, at)
    swapped = data[:]
    struct.pack_into("<4I", swapped, at, strips[3], *strips[1:3], strips[0])
    expected = np.concatenate((pixels[15:], pixels[5:15], pixels[:5]))
    assert np.array_equal(read(bytes(swapped)).color, expected)


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("tag", [Tag.STRIP_OFFSETS, Tag.ROWS_PER_STRIP])
def test_missing_rows_are_an_error(tag: Tag, deflate: bool) -> None:
    data = tiff_file(noise(20, 30, 3), deflate=deflate, tags={tag: 1})
    with pytest.raises(UnreadableImage, match="rows are missing"):
        codec.read_image(data, "a.tif", PLENTY)


def test_unpacks_no_more_than_the_rows() -> None:
    """A strip of 30 MB that claims 5 rows: they are taken, the rest is left packed."""
    data = bytearray(tiff_file(np.zeros((5, 30, 3), np.uint8), deflate=True))
    bomb = zlib.compress(bytes(30 << 20), 1)
    at = len(data)
    for tag, value in ((Tag.STRIP_OFFSETS, at), (Tag.STRIP_COUNTS, len(bomb))):
        struct.pack_into("<I", data, entry_of(bytes(data), tag).at + 8, value)
    assert not read(bytes(data + bomb)).color.any()


@pytest.mark.parametrize("photometric", [2, 6])
@pytest.mark.parametrize("place", ["start", "middle", "checksum"])
def test_damaged_deflate_is_an_error(place: str, photometric: int) -> None:
    tags: dict[Tag, int | list[int]] = {
        Tag.PHOTOMETRIC: photometric,
        Tag.YCBCR_SUBSAMPLING: [1, 1],
    }
    data = bytearray(tiff_file(noise(5, 30, 3), deflate=True, tags=tags))
    start = entry_of(bytes(data), Tag.STRIP_OFFSETS)
    count = entry_of(bytes(data), Tag.STRIP_COUNTS)
    first, length = (int.from_bytes(entry.data, "little") for entry in (start, count))
    data[first + {"start": 0, "middle": length // 2, "checksum": length - 1}[place]] ^= 0x55
    with pytest.raises(UnreadableImage, match="truncated or damaged tif"):
        codec.read_image(bytes(data), "a.tif", PLENTY)


@pytest.mark.parametrize("compression", [5, 7, 8])
def test_overlapping_strips_are_an_error(compression: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laid out one after the other they would take as much memory as their sum."""
    monkeypatch.setattr("sr_batch.codec.tiff.segments._SHARED_BYTES", 1 << 10)
    tags: dict[Tag, int | list[int]] = {
        **{Tag.STRIP_OFFSETS: [8] * 4, Tag.STRIP_COUNTS: [900] * 4},
        Tag.COMPRESSION: compression,
    }
    with pytest.raises(UnreadableImage, match="its strips overlap"):
        codec.read_image(tiff_file(noise(20, 30, 3), tags=tags), "a.tif", PLENTY)
