import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import Tag

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 12: 8}
POINTERS = {Tag.EXIF, Tag.GPS, Tag.INTEROPERABILITY}


@st.composite
def entries(draw: st.DrawFn) -> ifd.Entry:
    kind, count = draw(st.sampled_from(sorted(SIZES))), draw(st.integers(0, 9))
    size = SIZES[kind] * count
    return ifd.Entry(kind, count, draw(st.binary(min_size=size, max_size=size)))


TAGS = st.integers(1, 65535).filter(lambda tag: tag not in POINTERS)
DIRECTORIES = st.dictionaries(TAGS, entries(), max_size=6)
FULL = st.dictionaries(TAGS, entries(), min_size=1, max_size=6)


def bare(tree: ifd.Tree) -> dict[int, object]:
    """The tree without the places it was read from."""
    return {
        tag: (entry.kind, entry.count, entry.data) if isinstance(entry, ifd.Entry) else bare(entry)
        for tag, entry in tree.items()
    }


@given(DIRECTORIES, FULL, FULL, st.sampled_from("<>"), st.integers(0, 9))
def test_reads_back_what_it_wrote(
    root: dict[int, "ifd.Entry | ifd.Tree"],
    inner: dict[int, "ifd.Entry | ifd.Tree"],
    gps: dict[int, "ifd.Entry | ifd.Tree"],
    order: str,
    before: int,
) -> None:
    tree = root | {Tag.EXIF: inner | {Tag.INTEROPERABILITY: gps}, Tag.GPS: gps}
    offset = 8 + 2 * before
    data = ifd.header(order, offset) + bytes(2 * before) + ifd.write_tree(tree, order, offset)
    assert ifd.read_header(data) == (order, offset, False)
    directory = ifd.read_directory(data, offset, order)
    assert directory.next == 0
    assert bare(ifd.read_tree(data, directory)) == bare(tree)


def test_reads_big_tiff() -> None:
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
    entry = struct.pack("<HHQQ", Tag.WIDTH, 16, 1, 123456)
    data = head + struct.pack("<Q", 1) + entry + struct.pack("<Q", 0)
    order, offset, big = ifd.read_header(data)
    assert (order, offset, big) == ("<", 16, True)
    assert ifd.read_directory(data, offset, order, big).number(Tag.WIDTH, 0) == 123456


@pytest.mark.parametrize("data", [b"II*\1\0\0\0\0", b"XX*\0\0\0\0\0", b"\xff\xd8\xff\xe0aaaa"])
def test_refuses_other_files_than_tiff(data: bytes) -> None:
    with pytest.raises(ValueError, match="no TIFF header"):
        ifd.read_header(data)


def test_leaves_out_values_beyond_the_end() -> None:
    tree = {1: ifd.Entry(ifd.UNDEFINED, 100, bytes(100)), 2: ifd.integers("<", ifd.SHORT, 7)}
    data = ifd.header("<", 8) + ifd.write_tree(tree, "<", 8)
    directory = ifd.read_directory(data[:-1], 8, "<")
    assert list(directory.entries) == [2]
    assert directory.number(2, 0) == 7


def test_falls_back_to_the_default_for_a_missing_number() -> None:
    directory = ifd.Directory("<", {1: ifd.Entry(2, 3, b"abc"), 2: ifd.Entry(3, 0, b"")})
    assert [directory.number(tag, 5) for tag in (1, 2, 3)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("unit", "dpi"), [(2, (300.0, 150.0)), (3, (762.0, 381.0)), (1, None), (None, (300.0, 150.0))]
)
def test_understands_units_of_resolution(unit: int | None, dpi: tuple[float, float] | None) -> None:
    x = ifd.Entry(ifd.RATIONAL, 1, struct.pack(">2I", 600, 2))
    y = ifd.Entry(ifd.RATIONAL, 1, struct.pack(">2I", 150, 1))
    entries = {int(Tag.X_RESOLUTION): x, int(Tag.Y_RESOLUTION): y}
    if unit:
        entries[Tag.RESOLUTION_UNIT] = ifd.integers(">", ifd.SHORT, unit)
    assert ifd.Directory(">", entries).dpi() == dpi


def test_does_not_divide_by_zero() -> None:
    zero = ifd.Entry(ifd.RATIONAL, 1, bytes(8))
    assert ifd.Directory("<", {Tag.X_RESOLUTION: zero, Tag.Y_RESOLUTION: zero}).dpi() is None
