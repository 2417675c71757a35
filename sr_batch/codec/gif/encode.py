"""Writes GIF: a frame stores what has changed, the rest is transparent, so nothing flickers.

A frame has its own palette unless the first frame's palette has all its colours. A frame with too
many colours gets a palette made for the pixels it draws, and is dithered.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt

from sr_batch.codec import comments
from sr_batch.codec.animation_encode import Clock, Mask, bounds
from sr_batch.codec.backends import pillow
from sr_batch.codec.gif import stream
from sr_batch.codec.strips import strips
from sr_batch.core.geometry import Region
from sr_batch.core.image import Image, Pixels

Codes = npt.NDArray[np.uint32]
"""Colours as integers whose highest byte is 1; 0 is transparent."""
Colors = npt.NDArray[np.uint8]

_OPAQUE = 128
_MOST_REPEATS = 65535
_KEEP, _CLEAR = 1, 2


@dataclass(frozen=True)
class _Step:
    """From one frame to the next.

    Attributes:
        image: The frame.
        region: The smallest one that must be stored.
        codes: Its pixels.
        drawn: Pixels that differ from the canvas; the others are stored transparent.
        clear: Whether the region is cleared afterwards, because the next frame has transparent
            pixels in it.
        holed: Whether its palette has a transparent entry. Some players clear with it, and in the
            first frame it tells them that later frames may be transparent.
    """

    image: Image
    region: Region
    codes: Codes
    drawn: Mask
    clear: bool
    holed: bool


def encode_picture(image: Image) -> bytes:
    """As :func:`encode`, of one picture."""
    return encode((image,))


def encode(images: Iterable[Image]) -> bytes:
    """A GIF of one picture, or of frames that all have one size.

    Alpha becomes fully on or off, 16 bit is rounded to 8.
    """
    frames, out = iter(images), BytesIO()
    first, clock = next(frames), new_clock()
    shared: Codes | None = None
    for step in _steps(first, frames):
        indices, palette = _indexed(step, shared)
        if shared is None:
            shared = palette
            out.write(_head(first, palette))
        out.write(_control(step, clock.ticks(step.image), len(palette)))
        out.write(_picture(step.region, indices, b"" if palette is shared else _table(palette)))
    out.write(b";")
    return out.getvalue()


def _steps(image: Image, rest: Iterator[Image]) -> Iterator[_Step]:
    """The changes that ``image`` and then each of ``rest`` make to the canvas."""
    codes = _coded(image)
    shown = empty = np.zeros_like(codes)
    following: Image | None = image
    while following is not None:
        image, following = following, next(rest, None)
        after = codes if following is None else _coded(following)
        drawn, fading = codes != shown, (codes > 0) & (after == 0)
        # Some players paint the part of the canvas that the first frame does not cover.
        region = bounds(drawn | fading | (shown is empty))
        clear = bool(fading.any())
        holed = (
            clear or not drawn[region.slices].all() or (shown is empty and _may_fade(image, codes))
        )
        yield _Step(image, region, codes[region.slices], drawn[region.slices], clear, holed)
        shown = codes
        if clear:
            shown = codes.copy()
            shown[region.slices] = 0
        codes = after


def _may_fade(first: Image, codes: Codes) -> bool:
    """Whether later frames may be transparent, and the first palette has room for that entry."""
    return first.alpha is not None and len(np.unique(codes)) < 256


def new_clock() -> Clock:
    """Ticks of a hundredth of a second, at least two: players turn fewer into ten."""
    return Clock(stream.TICK, most=65535, least=2)


def has_too_many_colors(image: Image) -> bool:
    """Whether ``image`` has more colours than a palette, transparency counted as one."""
    return len(np.unique(_coded(image))) > 256


def holds_xmp(packet: bytes) -> bool:
    """Whether a GIF can hold ``packet``: a zero byte would end its extension."""
    return b"\0" not in packet


def has_soft_alpha(image: Image) -> bool:
    """Whether any pixel is partly transparent."""
    alpha = image.alpha
    return alpha is not None and bool(((alpha > 0) & (alpha < image.levels)).any())


def _coded(image: Image) -> Codes:
    pixels = next(strips(image, image.size.height, alpha=True, depth=8))
    codes = _codes(pixels[..., : image.color.shape[2]])
    if image.alpha is not None:
        codes[pixels[..., -1] < _OPAQUE] = 0
    return codes


def _codes(colors: Pixels) -> Codes:
    """The codes of ``colors``, whose last axis is gray or RGB."""
    quads = np.ones((*colors.shape[:-1], 4), np.uint8)
    quads[..., :3] = colors[..., ::-1]
    codes: Codes = quads.view("<u4")[..., 0]
    return codes


def _colors(codes: Codes) -> Colors:
    """RGB on a new last axis."""
    return np.ascontiguousarray(codes)[..., None].view(np.uint8)[..., 2::-1]


def _indexed(step: _Step, shared: Codes | None) -> tuple[npt.NDArray[np.uint8], Codes]:
    """Indices and their palette; the index behind its last colour is transparent."""
    room = 256 - step.holed
    palette = np.unique(step.codes[step.drawn])
    if len(palette) > room:
        indices, palette = _dithered(step, room)
    else:
        if shared is not None and len(shared) <= room and np.isin(palette, shared).all():
            palette = shared
        indices = np.searchsorted(palette, step.codes)
    return np.where(step.drawn, indices, len(palette)).astype(np.uint8), palette


def _dithered(step: _Step, room: int) -> tuple[npt.NDArray[np.intp], Codes]:
    indices, palette = pillow.dithered(_colors(step.codes), step.drawn, room)
    codes, places = np.unique(_codes(palette), return_inverse=True)
    return places[indices], codes


def _head(image: Image, palette: Codes) -> bytes:
    """Everything in front of the first frame."""
    table, metadata, size = _table(palette), image.metadata, image.size
    screen = struct.pack("<HHBBB", size.width, size.height, _flags(table) | 0x70, 0, 0)
    parts = [b"GIF89a", screen, table]
    if image.timing and image.timing.plays != 1:
        repeats = min(max(image.timing.plays - 1, 0), _MOST_REPEATS)
        parts += _application(stream.LOOPS, stream.chain(struct.pack("<BH", 1, repeats)))
    if metadata.icc:
        parts += _application(stream.ICC, stream.chain(metadata.icc))
    if metadata.xmp and holds_xmp(metadata.xmp):
        parts += _application(stream.XMP, metadata.xmp + stream.XMP_TRAILER)
    for content in comments.contents(metadata.texts):
        parts += bytes((stream.EXTENSION, stream.COMMENT)), stream.chain(content)
    return b"".join(parts)


def _application(name: bytes, data: bytes) -> tuple[bytes, ...]:
    return bytes((stream.EXTENSION, stream.APPLICATION, len(name))), name, data


def _table(palette: Codes) -> bytes:
    """A colour table with room for the transparent entry; lengths are powers of two."""
    entries = 1 << max(1, min(len(palette), 255).bit_length())
    return _colors(palette).tobytes().ljust(3 * entries, b"\0")


def _flags(table: bytes) -> int:
    return stream.TABLE | (len(table) // 3).bit_length() - 2 if table else 0


def _control(step: _Step, ticks: int, hole: int) -> bytes:
    how = (_CLEAR if step.clear else _KEEP) << 2
    if step.holed:
        how |= stream.TRANSPARENT
    return struct.pack("<4BH2B", stream.EXTENSION, stream.CONTROL, 4, how, ticks, hole & 255, 0)


def _picture(region: Region, indices: npt.NDArray[np.uint8], table: bytes) -> bytes:
    place = (region.left, region.top, region.size.width, region.size.height)
    head = struct.pack("<BHHHHB", stream.PICTURE, *place, _flags(table))
    return head + table + stream.first_picture(pillow.encode_gif(indices))
