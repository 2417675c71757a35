import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.codec.heif.isobmff import Box, Items, box, boxes, first, frames
from tests.codec.heif_files import Part, full, heif_file, ispe

FAULTS = (ValueError, struct.error, LookupError)


def kinds(data: bytes) -> list[bytes]:
    return [each.kind for each in boxes(data, 0, len(data))]


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=20))))
def test_boxes_survive_a_round_trip(parts: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(box(kind, content) for kind, content in parts)
    assert [(each.kind, data[each.start : each.end]) for each in boxes(data, 0, len(data))] == parts


def test_reads_long_boxes_and_those_to_the_end() -> None:
    long = struct.pack(">I4sQ", 1, b"long", 16 + 3) + b"abc"
    rest = struct.pack(">I4s", 0, b"rest") + b"defg"
    assert list(boxes(long + rest, 0, 31)) == [Box(b"long", 16, 19), Box(b"rest", 27, 31)]


@pytest.mark.parametrize("size", [2, 7, 1000, 2**32 - 1])
def test_stops_at_a_box_of_an_impossible_size(size: int) -> None:
    assert kinds(box(b"good", b"") + struct.pack(">I4s", size, b"evil") + bytes(20)) == [b"good"]


def test_reads_no_more_boxes_than_a_file_may_have() -> None:
    assert len(kinds(box(b"free", b"") * 20_000)) == 10_000


def test_finds_type_and_content_of_an_item() -> None:
    parts = [
        Part(b"av01", b"pixels", (ispe(3, 4), (b"irot", b"\1")), ((b"cdsc", (2, 3)),)),
        Part(b"mime", b"words", mime=b"text/plain"),
        Part(b"Exif", b"block"),
    ]
    data = heif_file(b"avif", parts, primary=1)
    items = Items(data)
    assert items.primary == 1
    assert [items.content(number) for number in (1, 2, 3, 4)] == [
        b"pixels",
        b"words",
        b"block",
        None,
    ]
    assert items.by_number[2].mime == b"text/plain"
    assert data[items.by_number[3].at :][:4] == b"Exif"
    assert list(items.properties(1)) == [ispe(3, 4), (b"irot", b"\1")]
    assert items.targets(b"cdsc", 1) == (2, 3)
    assert items.targets(b"cdsc", 2) == ()


def meta(iloc: bytes, *, version: int, tail: bytes = b"") -> bytes:
    """A file with this table of places, and one item, 7."""
    return full(
        b"meta",
        full(b"pitm", struct.pack(">I", 7), version=1)
        + full(b"iinf", struct.pack(">I", 0), version=1)
        + box(b"iprp", b"")
        + full(b"iloc", iloc, version=version)
        + tail,
    )


def test_joins_pieces_and_reads_them_inside_the_table() -> None:
    # Version 1: 4-byte offsets and lengths, a base of 4 bytes, the idat box, two extents.
    where = b"\x44\x40" + struct.pack(">HHHHIHIIII", 1, 7, 1, 0, 1, 2, 3, 2, 0, 3)
    data = meta(where, version=1, tail=box(b"idat", b"abcdefgh"))
    assert Items(data).content(7) == b"efbcd"


def test_gives_nothing_where_an_item_lies_outside_the_file() -> None:
    for offset, length in ((0, 10**6), (10**6, 1), (2**32 - 1, 2**32 - 1)):
        where = b"\x44\x00" + struct.pack(">HHHHII", 1, 7, 0, 1, offset, length)
        assert Items(meta(where, version=0)).content(7) is None


def test_refuses_endless_counts() -> None:
    """Extents that take no bytes, 65535 in each of many items."""
    where = b"\x00\x00" + struct.pack(">H", 5000) + struct.pack(">HHH", 1, 0, 65535) * 5000
    with pytest.raises(ValueError, match="too large to be true"):
        Items(meta(where, version=0)).content(7)


def test_counts_the_frames_of_a_film() -> None:
    film = full(b"stsz", struct.pack(">II", 0, 24))
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        film = box(kind, film)
    assert frames(box(b"ftyp", b"avis") + film) == 24
    assert frames(box(b"ftyp", b"avis") + film.replace(b"stsz", b"stzz")) == 0
    assert frames(b"") == 0


def test_names_the_missing_box() -> None:
    with pytest.raises(ValueError, match="no meta box"):
        Items(box(b"ftyp", b"avif"))
    with pytest.raises(ValueError, match="no pitm box"):
        Items(full(b"meta", b""))


@given(st.data())
def test_damage_ends_in_an_error_or_in_tables(data: st.DataObject) -> None:
    parts = [Part(b"av01", b"x", (ispe(3, 4),)), Part(b"Exif", b"block", (), ((b"cdsc", (1,)),))]
    file = bytearray(heif_file(b"avif", parts))
    for _ in range(data.draw(st.integers(0, 5))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        items = Items(bytes(file))
        for number in (items.primary, *items.by_number):
            list(items.properties(number))
            items.content(number)
    except FAULTS:
        pass


def test_first_is_the_first() -> None:
    data = box(b"aaaa", b"1") + box(b"bbbb", b"2") + box(b"bbbb", b"3")
    assert first(boxes(data, 0, len(data)), b"bbbb") == Box(b"bbbb", 17, 18)
    assert first((), b"bbbb") is None
