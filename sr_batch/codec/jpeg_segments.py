"""The segments of a JPEG, which hold all but its pixels: found, read and written."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from sr_batch.codec import comments, jpeg_trailers
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Metadata


class Kind(NamedTuple):
    """What segments of one kind begin with."""

    marker: int
    prefix: bytes = b""


_JFIF = Kind(0xE0, b"JFIF\0")
EXIF = Kind(0xE1, b"Exif\0\0")
XMP = Kind(0xE1, b"http://ns.adobe.com/xap/1.0/\0")
XMP_EXTENSION = Kind(0xE1, b"http://ns.adobe.com/xmp/extension/\0")
ICC = Kind(0xE2, b"ICC_PROFILE\0")
MPF = Kind(0xE2, jpeg_trailers.MPF)
DUCKY = Kind(0xEC, comments.DUCKY)
PHOTOSHOP = Kind(0xED, b"Photoshop 3.0\0")
COMMENT = Kind(0xFE)
QUANTIZATION = Kind(0xDB)

MAX_EXIF = 65535 - 2 - 6
MAX_ICC = 255 * 65519
MAX_XMP = 65535 - 2 - len(XMP.prefix)
_MAX_RESOURCES = 65535 - 2 - len(PHOTOSHOP.prefix)
_APP0, _APP14, _EOI, _SOS = 0xE0, 0xEE, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True)
class _Segment:
    marker: int
    start: int
    end: int

    def content(self, data: bytes) -> bytes:
        return data[self.start + 4 : self.end]


@dataclass(frozen=True)
class Segments:
    """A JPEG and its segments, up to and including the first start of scan."""

    data: bytes
    _all: tuple[_Segment, ...]

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Find the segments in ``data``; junk between them is skipped.

        Raises:
            UnreadableImage: there is no start of scan.
        """
        return cls(data, tuple(_find(data)))

    @property
    def end(self) -> int:
        """Where the pixels begin."""
        return self._all[-1].end

    @property
    def start_of_scan(self) -> bytes:
        """The last segment."""
        return self.data[self._all[-1].start : self.end]

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """The marker and the content of each segment."""
        for segment in self._all:
            yield segment.marker, segment.content(self.data)

    def parts(self, kind: Kind) -> Iterator[bytes]:
        """The contents behind the prefix of the segments of ``kind``."""
        for segment in self._all:
            if segment.marker == kind.marker:
                content = segment.content(self.data)
                if content.startswith(kind.prefix):
                    yield content.removeprefix(kind.prefix)

    def frame(self) -> tuple[int, Size, int]:
        """Bits per sample, size and number of channels."""
        frame = next((each for each in self._all if each.marker in _FRAMES), None)
        if frame is None:
            raise UnreadableImage("truncated or damaged jpg (no frame header)")
        precision, height, width, channels = struct.unpack_from(">BHHB", self.data, frame.start + 4)
        return precision, Size(width, height), channels

    def icc(self) -> bytes | None:
        """The profile, joined from its pieces; None unless all exist."""
        pieces = sorted(piece for piece in self.parts(ICC) if len(piece) > 2)
        if not pieces or len(pieces) != pieces[0][1]:
            return None
        return b"".join(piece[2:] for piece in pieces)

    def dpi(self) -> tuple[float, float] | None:
        """The density that JFIF states."""
        for content in self.parts(_JFIF):
            if len(content) >= 7:
                unit, x, y = struct.unpack_from(">BHH", content, 2)
                factor = {1: 1.0, 2: 2.54}.get(unit)
                return (x * factor, y * factor) if factor and x and y else None
        return None

    def bare(self) -> bytes:
        """The file without its metadata; JFIF and Adobe stay: they say how colour is stored."""
        view = memoryview(self.data)
        kept = [
            view[each.start : each.end]
            for each in self._all[:-1]
            if each.marker in (_APP0, _APP14) or not _APP0 <= each.marker <= COMMENT.marker
        ]
        return b"".join((b"\xff\xd8", *kept, view[self._all[-1].start :]))

    def tables(self, height: int) -> bytes:
        """Quantisation, frame and Huffman segments of a strip, with the height of the picture."""
        parts = []
        for segment in self._all:
            if segment.marker in (_APP0, _SOS):
                continue
            part = bytearray(self.data[segment.start : segment.end])
            if segment.marker in _FRAMES:
                struct.pack_into(">H", part, 5, height)
            parts.append(bytes(part))
        return b"".join(parts)


def _find(data: bytes) -> Iterator[_Segment]:
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


def written(metadata: Metadata) -> bytes:
    """The segments JFIF, EXIF, XMP, IPTC and ICC, as far as they fit."""
    x, y = (min(max(round(side), 1), 65535) for side in metadata.dpi or (1, 1))
    density = struct.pack(">BBBHHBB", 1, 1, 1 if metadata.dpi else 0, x, y, 0, 0)
    parts = [_segment(_JFIF, density)]
    if metadata.exif and len(metadata.exif) <= MAX_EXIF:
        parts.append(_segment(EXIF, metadata.exif))
    if metadata.xmp and len(metadata.xmp) <= MAX_XMP:
        parts.append(_segment(XMP, metadata.xmp))
        parts += [_segment(XMP_EXTENSION, piece) for piece in metadata.xmp_extension]
    resources = metadata.photoshop or b""
    for at in range(0, len(resources), _MAX_RESOURCES):
        parts.append(_segment(PHOTOSHOP, resources[at : at + _MAX_RESOURCES]))
    if metadata.icc and len(metadata.icc) <= MAX_ICC:
        pieces = [metadata.icc[at : at + 65519] for at in range(0, len(metadata.icc), 65519)]
        parts += [
            _segment(ICC, bytes((number, len(pieces))) + piece)
            for number, piece in enumerate(pieces, 1)
        ]
    parts += [_segment(COMMENT, content) for content in comments.contents(metadata.texts)]
    return b"".join(parts)


def restart_interval(blocks: int) -> bytes:
    """The segment that announces a restart marker after every ``blocks`` blocks."""
    return _segment(Kind(0xDD), struct.pack(">H", blocks))


def _segment(kind: Kind, content: bytes) -> bytes:
    payload = kind.prefix + content
    return struct.pack(">BBH", 0xFF, kind.marker, len(payload) + 2) + payload
