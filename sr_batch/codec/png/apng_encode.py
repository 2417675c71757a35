"""Writes animated PNG: a frame stores the rectangle that has changed, and replaces it."""

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from itertools import chain, count

from sr_batch.codec.animation_encode import changed, cut, milliseconds
from sr_batch.codec.png.encode import deflated, ihdr, metadata_chunks
from sr_batch.codec.png.pixels import SIGNATURE, write_chunk
from sr_batch.core.image import Image
from sr_batch.core.options import Effort

_MOST = 65535
_MOST_PLAYS = 2**31 - 1


def encode(images: Iterable[Image], effort: Effort) -> bytes:
    """A PNG of frames that all have the same size, depth and channels."""
    frames, numbers = iter(images), count()
    first, out = next(frames), BytesIO()
    out.write(SIGNATURE)
    write_chunk(out, b"IHDR", ihdr(first))
    at = out.tell()
    write_chunk(out, b"acTL", bytes(8))
    for name, payload in metadata_chunks(first.metadata):
        write_chunk(out, name, payload)
    before, total = None, 0
    for image in chain((first,), frames):
        _write_frame(out, numbers, before, image, effort)
        before, total = image, total + 1
    write_chunk(out, b"IEND", b"")
    out.seek(at)
    write_chunk(out, b"acTL", struct.pack(">II", total, _plays(first)))
    return out.getvalue()


def _write_frame(
    out: BytesIO, numbers: Iterator[int], before: Image | None, image: Image, effort: Effort
) -> None:
    region = changed(before, image)
    place = (region.size.width, region.size.height, region.left, region.top)
    control = (next(numbers), *place, *_delay(image), 0, 0)
    write_chunk(out, b"fcTL", struct.pack(">IIIIIHHBB", *control))
    for part in deflated(cut(image, region), effort):
        if before is None:
            write_chunk(out, b"IDAT", part)
        else:
            write_chunk(out, b"fdAT", struct.pack(">I", next(numbers)) + part)


def _plays(image: Image) -> int:
    return min(image.timing.plays, _MOST_PLAYS) if image.timing else 1


def _delay(image: Image) -> tuple[int, int]:
    """Seconds as a fraction of two 16-bit integers; exact where they can say it."""
    seconds = milliseconds(image) / 1000
    if max(seconds.numerator, seconds.denominator) > _MOST:
        seconds = min(seconds, Fraction(_MOST))
        seconds = seconds.limit_denominator(int(_MOST / max(seconds, Fraction(1))))
    return seconds.numerator, seconds.denominator
