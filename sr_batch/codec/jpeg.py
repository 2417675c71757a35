"""JPEG: segments are read and written here; Pillow decodes, OpenCV encodes."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from sr_batch.codec import comments, jpeg_quality, jpeg_scans, jpeg_trailers, jpeg_unread
from sr_batch.codec.backends import opencv, pillow
from sr_batch.codec.color import cmyk
from sr_batch.codec.container import Block, Container
from sr_batch.codec.metadata import exif, photoshop, unread, xmp
from sr_batch.codec.strips import strips
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata, Text

MAX_EXIF = 65535 - 2 - 6
MAX_ICC = 255 * 65519

_EXIF, _ICC, _JFIF = b"Exif\0\0", b"ICC_PROFILE\0", b"JFIF\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_APP0, _APP1, _APP2, _APP12, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xEC, 0xED, 0xEE
_COMMENT = 0xFE
MAX_XMP = 65535 - 2 - len(_XMP)
_MAX_RESOURCES = 65535 - 2 - len(_PHOTOSHOP)
_NO_END = "the end marker is missing, but the picture is whole"
_EOI, _SOS, _DQT, _DRI = 0xD9, 0xDA, 0xDB, 0xDD
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True)
class _Segment:
    marker: int
    start: int
    end: int

    def payload(self, data: bytes) -> bytes:
        return data[self.start + 4 : self.end]


def open_file(data: bytes) -> Container:
    """Read the structure of a JPEG. Of several pictures in one file (MPO) it is the first."""
    segments = tuple(_segments(data))
    precision, size, channels = _frame(data, segments)
    if channels not in (1, 3, 4) or precision != 8:
        raise UnsupportedImage(
            f"a JPEG of {channels} channels and {precision} bit; convert it to 8-bit RGB first"
        )
    block = next(iter(_parts(data, segments, _APP1, _EXIF)), None)
    turn = exif.orientation(block)
    packet = next(iter(_parts(data, segments, _APP1, _XMP)), None)
    resources = b"".join(_parts(data, segments, _APP13, _PHOTOSHOP))
    colors = _colors(data, segments, channels)
    names, note = _left_out(data, segments, packet or b"")
    return Container(
        format="jpg",
        stored=size,
        channels=colors.channels,
        alpha=False,
        depth=8,
        orientation=turn,
        metadata=Metadata(
            icc=colors.icc,
            exif=exif.upright(block),
            xmp=packet and xmp.upright(packet, turn),
            xmp_extension=tuple(_parts(data, segments, _APP1, _XMP_EXTENSION)),
            photoshop=photoshop.tidied(resources),
            dpi=_dpi(data, segments) or exif.dpi(block),
            texts=tuple(_texts(data, segments)),
            unread=names,
            note=note,
            quality=jpeg_quality.quality(_parts(data, segments, _DQT, b"")),
        ),
        blocks=colors.blocks,
        remarks=colors.remarks,
    )


def _texts(data: bytes, segments: tuple[_Segment, ...]) -> Iterator[Text]:
    for content in _parts(data, segments, _COMMENT, b""):
        yield comments.read(content)
    for content in _parts(data, segments, _APP12, comments.DUCKY):
        yield from comments.of_ducky(content)


def _left_out(
    data: bytes, segments: tuple[_Segment, ...], packet: bytes
) -> tuple[tuple[str, ...], str | None]:
    """Names of metadata that is not read, and a note on other parts of the file."""
    index = next(_parts(data, segments, _APP2, jpeg_trailers.MPF), b"")
    names = list(jpeg_unread.names((each.marker, each.payload(data)) for each in segments))
    names += photoshop.unread(b"".join(_parts(data, segments, _APP13, _PHOTOSHOP)))
    said = list(jpeg_trailers.left_out(data, segments[-1].end, packet, index))
    if not said and not index:
        names += jpeg_trailers.rest(data, segments[-1].end)
    if any(_parts(data, segments, _APP2, _ICC)) and _icc(data, segments) is None:
        said.append("a damaged ICC profile left out")
    return unread.named(names), "; ".join(said) or None


@dataclass(frozen=True)
class _Colors:
    """Pixels as gray or RGB, with their profile."""

    channels: int
    icc: bytes | None
    blocks: Callable[[], Iterator[Block]]
    remarks: set[str]


def _colors(data: bytes, segments: tuple[_Segment, ...], channels: int) -> _Colors:
    """Gray and RGB unchanged, CMYK converted to sRGB."""
    profile = _icc(data, segments)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    remarks = set[str]()

    def stored() -> Iterator[Block]:
        bare = _bare(data, segments)
        body = jpeg_scans.without_end(data, segments[-1].end)
        if body is None:
            return pillow.decode("jpg", bare, mode)
        remarks.add(_NO_END)
        return _decode_without_end(_bare(body, segments), mode)

    def converted() -> Iterator[Block]:
        inks = cmyk.conversion(profile, 8)
        remarks.add(inks.note)
        for top, block in stored():
            yield top, inks.convert(block)

    if channels < 4:
        return _Colors(channels, profile, stored, remarks)
    return _Colors(3, None, converted, remarks)


def _decode_without_end(body: bytes, mode: str) -> Iterator[Block]:
    """The picture, if only the end marker is missing behind ``body``."""
    try:
        complete = jpeg_scans.has_all_scans(body)
    except (LookupError, ValueError):
        complete = False
    if not complete:
        raise UnreadableImage("truncated or damaged jpg (its pixels end too early)")
    files = (pillow.decode("jpg", file, mode) for file in jpeg_scans.variants(body))
    for (top, block), *others in zip(*files, strict=True):
        if not all(np.array_equal(block, other) for _, other in others):
            raise UnreadableImage("truncated or damaged jpg (its pixels end too early)")
        yield top, block


def encode(image: Image, quality: int) -> bytes:
    """A baseline 4:4:4 JPEG; alpha flattened on white, 16 bit rounded to 8.

    OpenCV encodes strips of whole 8x8 blocks. Restart markers join them to one JPEG, whose pixels
    equal those of a JPEG encoded in one piece, and the picture is never copied as a whole.
    """
    blocks_across = -(-image.size.width // 8)
    rows = max(1, min(32, 65535 // blocks_across))
    out = BytesIO()
    for index, strip in enumerate(strips(image, rows * 8, alpha=False, depth=8)):
        part = opencv.encode_jpeg(strip, quality)
        head = bytes(part[:1024])
        segments = tuple(_segments(head))
        if index == 0:
            out.write(b"\xff\xd8" + _metadata(image.metadata))
            out.write(_tables(head, segments, image.size.height))
            out.write(struct.pack(">BBHH", 0xFF, _DRI, 4, blocks_across * rows))
            out.write(head[segments[-1].start : segments[-1].end])
        else:
            out.write(bytes((0xFF, 0xD0 + (index - 1) % 8)))
        out.write(part[segments[-1].end : -2])
    out.write(bytes((0xFF, _EOI)))
    return out.getvalue()


def _segments(data: bytes) -> Iterator[_Segment]:
    """The segments up to and including the first start of scan; junk between them is skipped."""
    at = 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            raise UnreadableImage("truncated or damaged jpg (no picture data)")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == _EOI or end > len(data):
                raise UnreadableImage("truncated or damaged jpg (no picture data)")
            yield _Segment(marker, at, end)
            if marker == _SOS:
                return
            at = end


def _frame(data: bytes, segments: tuple[_Segment, ...]) -> tuple[int, Size, int]:
    """Bits per sample, size and number of channels."""
    frame = next((s for s in segments if s.marker in _FRAMES), None)
    if frame is None:
        raise UnreadableImage("truncated or damaged jpg (no frame header)")
    precision, height, width, channels = struct.unpack_from(">BHHB", data, frame.start + 4)
    return precision, Size(width, height), channels


def _parts(
    data: bytes, segments: tuple[_Segment, ...], marker: int, prefix: bytes
) -> Iterator[bytes]:
    """The contents behind ``prefix`` of the segments that begin with it."""
    for segment in segments:
        if segment.marker == marker and (payload := segment.payload(data)).startswith(prefix):
            yield payload.removeprefix(prefix)


def _icc(data: bytes, segments: tuple[_Segment, ...]) -> bytes | None:
    """The profile, joined from its pieces; None unless all exist."""
    pieces = sorted(p for p in _parts(data, segments, _APP2, _ICC) if len(p) > 2)
    if not pieces or len(pieces) != pieces[0][1]:
        return None
    return b"".join(piece[2:] for piece in pieces)


def _dpi(data: bytes, segments: tuple[_Segment, ...]) -> tuple[float, float] | None:
    for segment in segments:
        payload = segment.payload(data)
        if segment.marker == _APP0 and payload.startswith(_JFIF) and len(payload) >= 12:
            unit, x, y = struct.unpack_from(">BHH", payload, 7)
            factor = {1: 1.0, 2: 2.54}.get(unit)
            return (x * factor, y * factor) if factor and x and y else None
    return None


def _bare(data: bytes, segments: tuple[_Segment, ...]) -> bytes:
    """The file without its metadata; JFIF and Adobe stay: they say how colour is stored."""
    view = memoryview(data)
    kept = [
        view[s.start : s.end]
        for s in segments[:-1]
        if s.marker in (_APP0, _APP14) or not _APP0 <= s.marker <= _COMMENT
    ]
    return b"".join((b"\xff\xd8", *kept, view[segments[-1].start :]))


def _metadata(metadata: Metadata) -> bytes:
    """The segments JFIF, EXIF, XMP, IPTC and ICC, as far as they fit."""
    x, y = (min(max(round(side), 1), 65535) for side in metadata.dpi or (1, 1))
    density = struct.pack(">BBBHHBB", 1, 1, 1 if metadata.dpi else 0, x, y, 0, 0)
    parts = [_segment(_APP0, _JFIF + density)]
    if metadata.exif and len(metadata.exif) <= MAX_EXIF:
        parts.append(_segment(_APP1, _EXIF + metadata.exif))
    if metadata.xmp and len(metadata.xmp) <= MAX_XMP:
        parts.append(_segment(_APP1, _XMP + metadata.xmp))
        parts += [_segment(_APP1, _XMP_EXTENSION + piece) for piece in metadata.xmp_extension]
    resources = metadata.photoshop or b""
    for at in range(0, len(resources), _MAX_RESOURCES):
        parts.append(_segment(_APP13, _PHOTOSHOP + resources[at : at + _MAX_RESOURCES]))
    if metadata.icc and len(metadata.icc) <= MAX_ICC:
        pieces = [metadata.icc[at : at + 65519] for at in range(0, len(metadata.icc), 65519)]
        parts += [
            _segment(_APP2, _ICC + bytes((number, len(pieces))) + piece)
            for number, piece in enumerate(pieces, 1)
        ]
    parts += [_segment(_COMMENT, content) for content in comments.contents(metadata.texts)]
    return b"".join(parts)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _tables(head: bytes, segments: tuple[_Segment, ...], height: int) -> bytes:
    """Quantisation, frame and Huffman segments of a strip, with the height of the picture."""
    parts = []
    for segment in segments:
        if segment.marker in (_APP0, _SOS):
            continue
        part = bytearray(head[segment.start : segment.end])
        if segment.marker in _FRAMES:
            struct.pack_into(">H", part, 5, height)
        parts.append(bytes(part))
    return b"".join(parts)
