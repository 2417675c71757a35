import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.codec.metadata import xmp
from sr_batch.core.geometry import Size
from tests.codec.pictures import xmp_packet


@pytest.mark.parametrize("as_elements", [False, True])
def test_turning_sets_the_orientation_and_drops_thumbnails(as_elements: bool) -> None:
    before = xmp_packet(6, as_elements=as_elements)
    after = xmp.upright(before, 6)
    expected = re.sub(rb"(?s)\s*<xmp:Thumbnails>.*</xmp:Thumbnails>", b"", before)
    assert after == re.sub(rb'(tiff:Orientation(=")?>?)6', rb"\g<1>1", expected)
    assert after.count(b"Thumbnails") == 0


def test_an_upright_packet_is_not_touched() -> None:
    packet = xmp_packet(1)
    assert xmp.upright(packet, 1) is packet


@pytest.mark.parametrize("as_elements", [False, True])
def test_sets_the_dimensions_it_has(as_elements: bool) -> None:
    after = xmp.with_size(xmp_packet(1, as_elements=as_elements), Size(340, 260))
    assert len(re.findall(rb'tiff:ImageWidth(="|>)340', after)) == 1
    assert len(re.findall(rb'tiff:ImageLength(="|>)260', after)) == 1
    assert len(re.findall(rb'exif:PixelXDimension(="|>)340', after)) == 1
    assert len(re.findall(rb'exif:PixelYDimension(="|>)260', after)) == 1
    assert b"A cat" in after
    bare = b"<x:xmpmeta/>"
    assert xmp.with_size(bare, Size(1, 2)) == bare


@pytest.mark.parametrize("as_elements", [False, True])
def test_removes_the_location_alone(as_elements: bool) -> None:
    before = xmp_packet(1, as_elements=as_elements)
    after = xmp.without_gps(before)
    assert b"37,45" in before
    assert b"37,45" not in after
    assert b"gps" not in after.lower()
    for kept in (b"A cat", b"tiff:ImageWidth", b"Paris", b"</rdf:RDF>"):
        assert kept in after


@given(st.binary(max_size=200), st.integers(1, 8))
def test_survives_any_bytes(packet: bytes, turn: int) -> None:
    xmp.upright(packet, turn)
    xmp.with_size(packet, Size(3, 4))
    xmp.without_gps(packet)
