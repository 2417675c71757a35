import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.codec.metadata import photoshop
from tests.codec.pictures import IPTC_RECORD


def block(number: int, data: bytes, name: bytes = b"") -> bytes:
    text = bytes([len(name)]) + name
    head = b"8BIM" + struct.pack(">H", number) + text + bytes(len(text) % 2)
    return head + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)


@pytest.mark.parametrize("record", [b"", b"odd", IPTC_RECORD])
def test_finds_the_iptc_it_wrote(record: bytes) -> None:
    resources = photoshop.of_iptc(record)
    assert photoshop.iptc(resources) == record
    assert resources == block(photoshop.IPTC, record)


def test_keeps_all_resources_but_stale_ones() -> None:
    path, thumbnail = block(2000, b"path data", b"Path 1"), block(0x040C, b"jpeg")
    exif, note = block(0x0422, b"II*\0"), block(photoshop.IPTC, IPTC_RECORD)
    assert photoshop.tidied(path + thumbnail + note + exif) == path + note
    assert photoshop.iptc(path + thumbnail + note) == IPTC_RECORD
    assert photoshop.tidied(thumbnail) is None
    assert photoshop.iptc(None) is None


def test_stops_at_a_truncated_resource() -> None:
    whole = block(2000, b"path data", b"Path 1")
    assert photoshop.tidied(whole + block(photoshop.IPTC, IPTC_RECORD)[:-3]) == whole


@given(st.binary(max_size=60))
def test_survives_any_bytes(tail: bytes) -> None:
    photoshop.tidied(b"8BIM" + tail)
    photoshop.iptc(b"8BIM" + tail)
