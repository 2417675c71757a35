"""JPEG: its segments are read and written by `jpeg_segments`; Pillow decodes, OpenCV encodes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np

from sr_batch.codec import (
    comments,
    jpeg_quality,
    jpeg_scans,
    jpeg_segments,
    jpeg_trailers,
    jpeg_unread,
)
from sr_batch.codec.backends import opencv, pillow
from sr_batch.codec.color import cmyk
from sr_batch.codec.container import Block, Container
from sr_batch.codec.jpeg_segments import (
    COMMENT,
    DUCKY,
    EXIF,
    ICC,
    MPF,
    PHOTOSHOP,
    QUANTIZATION,
    XMP,
    XMP_EXTENSION,
    Segments,
)
from sr_batch.codec.metadata import exif, photoshop, unread, xmp
from sr_batch.codec.strips import strips
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image, Metadata, Text

_NO_END = "the end marker is missing, but the picture is whole"


def open_file(data: bytes) -> Container:
    """Read the structure of a JPEG. Of several pictures in one file (MPO) it is the first."""
    segments = Segments.of(data)
    precision, size, channels = segments.frame()
    if channels not in (1, 3, 4) or precision != 8:
        raise UnsupportedImage(
            f"a JPEG of {channels} channels and {precision} bit; convert it to 8-bit RGB first"
        )
    block = next(segments.parts(EXIF), None)
    turn = exif.orientation(block)
    packet = next(segments.parts(XMP), None)
    resources = b"".join(segments.parts(PHOTOSHOP))
    colors = _colors(segments, channels)
    names, note = _left_out(segments, packet or b"")
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
            xmp_extension=tuple(segments.parts(XMP_EXTENSION)),
            photoshop=photoshop.tidied(resources),
            dpi=segments.dpi() or exif.dpi(block),
            texts=tuple(_texts(segments)),
            unread=names,
            note=note,
            quality=jpeg_quality.quality(segments.parts(QUANTIZATION)),
        ),
        blocks=colors.blocks,
        remarks=colors.remarks,
    )


def _texts(segments: Segments) -> Iterator[Text]:
    for content in segments.parts(COMMENT):
        yield comments.read(content)
    for content in segments.parts(DUCKY):
        yield from comments.of_ducky(content)


def _left_out(segments: Segments, packet: bytes) -> tuple[tuple[str, ...], str | None]:
    """Names of metadata that is not read, and a note on other parts of the file."""
    index = next(segments.parts(MPF), b"")
    names = list(jpeg_unread.names(segments.contents()))
    names += photoshop.unread(b"".join(segments.parts(PHOTOSHOP)))
    said = list(jpeg_trailers.left_out(segments.data, segments.end, packet, index))
    if not said and not index:
        names += jpeg_trailers.rest(segments.data, segments.end)
    if any(segments.parts(ICC)) and segments.icc() is None:
        said.append("a damaged ICC profile left out")
    return unread.named(names), "; ".join(said) or None


@dataclass(frozen=True)
class _Colors:
    """Pixels as gray or RGB, with their profile."""

    channels: int
    icc: bytes | None
    blocks: Callable[[], Iterator[Block]]
    remarks: set[str]


def _colors(segments: Segments, channels: int) -> _Colors:
    """Gray and RGB unchanged, CMYK converted to sRGB."""
    profile = segments.icc()
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    remarks = set[str]()

    def stored() -> Iterator[Block]:
        body = jpeg_scans.without_end(segments.data, segments.end)
        if body is None:
            return pillow.decode("jpg", segments.bare(), mode)
        remarks.add(_NO_END)
        return _decode_without_end(replace(segments, data=body).bare(), mode)

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
        segments = Segments.of(head)
        if index == 0:
            out.write(b"\xff\xd8" + jpeg_segments.written(image.metadata))
            out.write(segments.tables(image.size.height))
            out.write(jpeg_segments.restart_interval(blocks_across * rows))
            out.write(segments.start_of_scan)
        else:
            out.write(bytes((0xFF, 0xD0 + (index - 1) % 8)))
        out.write(part[segments.end : -2])
    out.write(jpeg_scans.END)
    return out.getvalue()
