"""Writes WebP: Pillow encodes the pictures, animations are assembled here.

libwebp's own encoder of animations merges equal frames, which changes their number.
"""

import struct
from collections.abc import Iterable
from itertools import chain

import numpy as np

from sr_batch.codec.animation_encode import Clock, changed, cut
from sr_batch.codec.backends import pillow
from sr_batch.codec.strips import strips
from sr_batch.codec.webp import riff
from sr_batch.core.geometry import Region
from sr_batch.core.image import Image, Pixels

_MOST_PLAYS = 2**16 - 1
_IN_PLACE = 0x02
_PIXELS = ("ALPH", "VP8 ", "VP8L")


def encode(image: Image, quality: int) -> bytes:
    """A WebP at ``quality``; lossless if ``image`` came from a lossless WebP.

    16 bit is rounded to 8, gray becomes RGB. A gray profile would be wrong there and is left out.
    """
    metadata = image.metadata
    blocks = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp}
    return pillow.encode_webp(_pixels(image), None if metadata.lossless else quality, blocks)


def animate(images: Iterable[Image], quality: int) -> bytes:
    """As :func:`encode`, for frames of one size; each stores the rectangle that has changed."""
    frames, clock = iter(images), new_clock()
    first, before, stored = next(frames), None, list[bytes]()
    for image in chain((first,), frames):
        stored.append(_frame(before, image, quality, clock))
        before = image
    metadata = first.metadata
    blocks = {b"ICCP": metadata.icc, b"EXIF": metadata.exif, b"XMP ": metadata.xmp}
    found = {name: riff.chunk(name, block) for name, block in blocks.items() if block}
    flags = {b"ICCP": riff.ICC, b"EXIF": riff.EXIF, b"XMP ": riff.XMP}
    flag = riff.ANIMATED | sum(flags[name] for name in found)
    plays = min(first.timing.plays, _MOST_PLAYS) if first.timing else 1
    return riff.file(
        riff.extended(flag | riff.ALPHA * (first.alpha is not None), first.size),
        found.pop(b"ICCP", b""),
        riff.chunk(b"ANIM", struct.pack("<IH", 0, plays)),
        *stored,
        *found.values(),
    )


def new_clock() -> Clock:
    """Ticks of a thousandth of a second."""
    return Clock(tick=1, most=2**24 - 1)


def _frame(before: Image | None, image: Image, quality: int, clock: Clock) -> bytes:
    """The chunk of a frame, whose left and top must be even."""
    area = changed(before, image)
    region = Region(area.left & ~1, area.top & ~1, area.right, area.bottom)
    # A frame without changes is one pixel, which must not change either.
    exact = image.metadata.lossless or region.size.pixels == 1
    still = pillow.encode_webp(_pixels(cut(image, region)), None if exact else quality, {})
    sides = (region.left // 2, region.top // 2, region.size.width - 1, region.size.height - 1)
    fields = (*sides, clock.ticks(image))
    head = b"".join(riff.triple(value) for value in fields) + bytes((_IN_PLACE,))
    spans = riff.walk(still)
    pixels = (riff.chunk(name.encode(), still[a:b]) for name, a, b in spans if name in _PIXELS)
    return riff.chunk(b"ANMF", head + b"".join(pixels))


def _pixels(image: Image) -> Pixels:
    """(H, W, 3 or 4) uint8, in one piece."""
    pixels = next(strips(image, image.size.height, alpha=True, depth=8))
    if pixels.shape[2] < 3:
        pixels = pixels[..., [0, 0, 0, 1][: pixels.shape[2] + 2]]
    return np.ascontiguousarray(pixels)
