"""WebP: chunks are read here, OpenCV decodes; each frame becomes a small WebP."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from sr_batch.codec import animation
from sr_batch.codec.animation import Frame
from sr_batch.codec.backends import opencv
from sr_batch.codec.container import Block, Container
from sr_batch.codec.metadata import exif, unread, xmp
from sr_batch.codec.webp import riff
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Metadata

_KNOWN = {"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP", "EXIF", "XMP "}
_C2PA = "C2PA"
_CLEARED, _IN_PLACE = 0x01, 0x02


def open_file(data: bytes) -> tuple[Container, ...]:
    """Read the structure of a WebP. Truncated pixels are found only when it is decoded."""
    chunks = riff.chunks(data)
    if "ANMF" in chunks or "ANIM" in chunks:
        return _animation(data, chunks)
    size, alpha = riff.picture(chunks)
    return (_container(data, chunks, size, alpha, "VP8L" in chunks),)


def _container(
    data: bytes, chunks: dict[str, bytes], size: Size, alpha: bool, lossless: bool
) -> Container:
    block = exif.bare(chunks["EXIF"]) if "EXIF" in chunks else None
    turn, packet = exif.orientation(block), chunks.get("XMP ")
    return Container(
        format="webp",
        stored=size,
        channels=3,
        alpha=alpha,
        depth=8,
        orientation=turn,
        metadata=Metadata(
            icc=chunks.get("ICCP"),
            exif=exif.upright(block),
            xmp=packet and xmp.upright(packet, turn),
            dpi=exif.dpi(block),
            unread=_unread(data, chunks),
            lossless=lossless,
        ),
        blocks=lambda: _decode(data, size, alpha),
    )


def _unread(data: bytes, chunks: dict[str, bytes]) -> tuple[str, ...]:
    """Names of the chunks that are not read, and of what follows the last one."""
    names = (
        unread.CREDENTIALS if name == _C2PA else unread.labelled("chunk", name.encode("latin-1"))
        for name in chunks
        if name not in _KNOWN
    )
    end = 8 + int.from_bytes(data[4:8], "little")
    return unread.named((*names, *unread.behind(data, end)))


def _animation(data: bytes, chunks: dict[str, bytes]) -> tuple[Container, ...]:
    end = 8 + int.from_bytes(data[4:8], "little")
    spans = [span[1:] for span in riff.walk(data, riff.FIRST, end) if span[0] == "ANMF"]
    if end > len(data) or any(last > end for _, last in spans):
        raise UnreadableImage("truncated or damaged webp (frames are missing)")
    size = Size(_three(chunks["VP8X"], 4) + 1, _three(chunks["VP8X"], 7) + 1)
    lossless = all("VP8L" in riff.chunks(data, first + 16, last) for first, last in spans)
    canvas = _container(data, chunks, size, True, lossless)
    plays = int.from_bytes(chunks["ANIM"][4:6], "little")
    return animation.containers(canvas, (_frame(data, *span) for span in spans), plays)


def _frame(data: bytes, first: int, last: int) -> Frame:
    size, alpha = riff.picture(riff.chunks(data, first + 16, last))
    left, top = 2 * _three(data, first), 2 * _three(data, first + 3)
    region = Region(
        left, top, left + _three(data, first + 6) + 1, top + _three(data, first + 9) + 1
    )
    if region.size != size:
        raise UnreadableImage("truncated or damaged webp (a frame of two sizes)")
    flags = data[first + 15]
    return Frame(
        region=region,
        milliseconds=Fraction(_three(data, first + 12)),
        alpha=alpha,
        over=not flags & _IN_PLACE,
        after="clear" if flags & _CLEARED else "keep",
        blocks=lambda: _decode(_file(data, first + 16, last, size), size, alpha),
    )


def _file(data: bytes, first: int, last: int, size: Size) -> bytes:
    """A WebP of one frame alone."""
    return riff.file(riff.extended(riff.ALPHA, size), data[first:last])


def _three(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _decode(data: bytes, size: Size, alpha: bool) -> Iterator[Block]:
    for top, block in opencv.decode("webp", data, size):
        if alpha and block.shape[2] == 3:
            opaque = np.full_like(block[..., :1], 255)
            block = np.concatenate((block, opaque), axis=2)
        yield top, block
