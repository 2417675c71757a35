import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch.codec.metadata import exif, ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.geometry import Size
from tests.codec.pictures import GPS, camera_exif


def parsed(block: bytes) -> Pillow.Exif:
    result = Pillow.Exif()
    result.load(block)
    return result


def leads_to_a_thumbnail(block: bytes) -> bool:
    order, offset, _ = ifd.read_header(block)
    following = ifd.read_directory(block, offset, order).next
    return bool(following) and 513 in ifd.read_directory(block, following, order).entries


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_finds_the_orientation(turn: int, order: str) -> None:
    assert exif.orientation(camera_exif(turn, order)) == turn


@pytest.mark.parametrize("block", [None, b"", b"II", b"II*\0\xff\xff\xff\xff", b"nonsense" * 9])
def test_an_invalid_block_counts_as_upright(block: bytes | None) -> None:
    assert exif.orientation(block) == 1
    assert exif.dpi(block) is None
    assert exif.upright(block) == block
    assert exif.with_size(block, Size(1, 1)) == block
    assert exif.tree(block)[1] == {}


@pytest.mark.parametrize("turn", [None, 0, 9])
def test_a_missing_or_wrong_orientation_counts_as_upright(turn: int | None) -> None:
    assert exif.orientation(camera_exif(turn)) == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_turning_changes_orientation_and_thumbnail_alone(order: str) -> None:
    before = camera_exif(6, order)
    after = exif.upright(before)
    assert after is not None
    assert len(after) == len(before)
    # Two bytes at most of the orientation, four of the pointer to the thumbnail.
    assert sum(a != b for a, b in zip(before, after, strict=True)) <= 6
    assert exif.orientation(after) == 1
    assert leads_to_a_thumbnail(before)
    assert not leads_to_a_thumbnail(after)
    assert parsed(after).get_ifd(Tag.GPS) == GPS
    assert dict(parsed(after)) == dict(parsed(before)) | {274: 1}


@pytest.mark.parametrize("order", ["<", ">"])
def test_removes_every_byte_of_the_location(order: str) -> None:
    before = camera_exif(6, order)
    after = exif.without_gps(before)
    assert after is not None
    assert len(after) == len(before)
    assert parsed(after).get_ifd(Tag.GPS) == {}
    left = dict(parsed(before))
    del left[Tag.GPS]
    assert dict(parsed(after)) == left
    assert dict(parsed(after).get_ifd(Tag.EXIF)) == dict(parsed(before).get_ifd(Tag.EXIF))
    assert leads_to_a_thumbnail(after)
    latitude = struct.pack(f"{order}6I", 37, 1, 45, 1, 3, 2)
    assert latitude in before
    assert latitude not in after
    assert exif.without_gps(after) == after
    assert exif.without_gps(None) is None


def test_an_upright_block_is_not_touched() -> None:
    block = camera_exif(1)
    assert exif.upright(block) is block


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from("<>"))
def test_sets_the_pixel_dimensions(width: int, height: int, order: str) -> None:
    before = camera_exif(1, order)
    after = exif.with_size(before, Size(width, height))
    assert after is not None
    inner = parsed(after).get_ifd(Tag.EXIF)
    assert (inner[Tag.PIXEL_WIDTH], inner[Tag.PIXEL_HEIGHT]) == (width, height)
    known = dict(parsed(before).get_ifd(Tag.EXIF))
    assert dict(inner) == known | {Tag.PIXEL_WIDTH: width, Tag.PIXEL_HEIGHT: height}


def test_adds_no_dimensions_to_a_block_without() -> None:
    block = ifd.header("<", 8) + ifd.write_tree({271: ifd.Entry(2, 2, b"M\0")}, "<", 8)
    assert exif.with_size(block, Size(5, 6)) == block


@given(st.binary(max_size=60))
def test_survives_any_bytes(tail: bytes) -> None:
    block = b"II*\0\x08\0\0\0" + tail
    exif.upright(block)
    exif.with_size(block, Size(3, 4))
    exif.without_gps(block)
    exif.tree(block)
