"""The boxes around a JPEG XL codestream: found, unpacked and written."""

from collections.abc import Iterator, Mapping

from sr_batch.codec.heif.isobmff import Box, box, boxes
from sr_batch.codec.jxl.header import MOST_BYTES, SIGNATURE
from sr_batch.codec.metadata import unread

_FILE = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
_PICTURE = (b"jxlc", b"jxlp")
_METADATA, _PACKED = (b"Exif", b"xml "), b"brob"
# Besides, an index of frames, the level, and what would make the JPEG again that it was made from.
_KNOWN = (b"JXL ", b"ftyp", *_PICTURE, b"jxll", b"jxli", b"jbrd", b"free", b"skip")
_GAIN_MAP = b"jhgm"
_MOST_METADATA = 1 << 26
_SHORTEST = 128


def start_of_codestream(data: bytes) -> bytes:
    """The codestream, or as much of it as holds its header."""
    if data.startswith(SIGNATURE):
        return data
    found = b""
    for each in boxes(data, 0, len(data)):
        if each.kind in _PICTURE and len(found) < MOST_BYTES:
            start = each.start + (4 if each.kind == b"jxlp" else 0)
            found += data[start : min(start + MOST_BYTES, each.end)]
    return found


def long_enough(data: bytes) -> bytes:
    """``data``, padded to the 128 bytes that OpenImageIO needs to recognise a JPEG XL."""
    if len(data) >= _SHORTEST:
        return data
    file = _FILE + box(b"jxlc", data) if data.startswith(SIGNATURE) else data
    return file + box(b"free", bytes(_SHORTEST))


def read_metadata(data: bytes) -> Mapping[bytes, bytes]:
    """The contents of the first ``Exif`` and the first ``xml `` box, unpacked; empty ones not."""
    found: dict[bytes, bytes] = {}
    for each in _boxes(data):
        kind, start = _kind(data, each)
        if kind in _METADATA and kind not in found:
            content = data[start : each.end]
            found[kind] = _unpacked(content) if each.kind == _PACKED else content
    return {kind: content for kind, content in found.items() if content}


def has_gain_map(data: bytes) -> bool:
    """Whether the file has an HDR gain map."""
    return any(_kind(data, each)[0] == _GAIN_MAP for each in _boxes(data))


def unread_names(data: bytes, metadata: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """Names of the boxes that are not read; ``metadata`` is what `read_metadata` returned."""
    return unread.named(_unread(data, metadata))


def _unread(data: bytes, metadata: Mapping[bytes, bytes]) -> Iterator[str]:
    seen = set[bytes]()
    for each in _boxes(data):
        kind, start = _kind(data, each)
        if kind == b"jumb":
            yield unread.of_jumbf("box", data[start : each.end])
        elif kind in _METADATA and start < each.end:
            if kind in seen or kind not in metadata:
                yield unread.labelled("damaged or further box", kind)
            seen.add(kind)
        elif kind not in (*_KNOWN, *_METADATA, _GAIN_MAP):
            yield unread.labelled("box", kind)


def _boxes(data: bytes) -> Iterator[Box]:
    """The boxes of a file; none of a bare codestream."""
    return iter(()) if data.startswith(SIGNATURE) else boxes(data, 0, len(data))


def _kind(data: bytes, each: Box) -> tuple[bytes, int]:
    """Kind of a box that may be packed, and where its content starts."""
    if each.kind != _PACKED:
        return each.kind, each.start
    return data[each.start : each.start + 4], each.start + 4


def with_metadata(data: bytes, exif: bytes | None, xmp: bytes | None) -> bytes:
    """A file, or a bare codestream, with EXIF and XMP boxes in front of its picture."""
    # The first four bytes of an Exif box are the offset of its TIFF header.
    added = (box(b"Exif", bytes(4) + exif) if exif else b"") + (box(b"xml ", xmp) if xmp else b"")
    if not added:
        return data
    if data.startswith(SIGNATURE):
        return _FILE + added + box(b"jxlc", data)
    start = next(each.start for each in boxes(data, 0, len(data)) if each.kind in _PICTURE) - 8
    return data[:start] + added + data[start:]


def _unpacked(packed: bytes) -> bytes:
    """Empty if it is damaged, or too large for metadata."""
    import brotli

    unpacker, plain = brotli.Decompressor(), b""
    try:
        plain = unpacker.process(packed, output_buffer_limit=_MOST_METADATA)
    except brotli.error:
        return b""
    return plain if unpacker.is_finished() else b""
