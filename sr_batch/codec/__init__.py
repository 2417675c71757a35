"""Image files in memory: bytes to pixels and back. No path is ever opened here.

Formats are ``jpg``, ``png``, ``webp``, ``tif``, ``bmp``, ``gif``, ``avif``, ``heic`` and ``jxl``,
found by content. The libraries behind the last two come with extras of this package and are loaded
late.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import chain
from typing import Any, NamedTuple

from sr_batch.codec import exif, opencv, pillow, xmp
from sr_batch.codec.container import Container, decode
from sr_batch.codec.extras import require_readable, require_writable
from sr_batch.codec.limits import require_fits, require_within
from sr_batch.codec.lost import carried_profile, losses
from sr_batch.codec.policy import kept
from sr_batch.codec.sniff import SUFFIXES, describe, format_of_suffix, sniff
from sr_batch.errors import UnreadableImage, UnsupportedImage, about
from sr_batch.geometry import Size
from sr_batch.image import Image
from sr_batch.options import Effort, Keep

__all__ = [
    "SUFFIXES",
    "Header",
    "encode_image",
    "encode_pages",
    "format_of_suffix",
    "kept",
    "likely_bytes",
    "losses",
    "preload",
    "read_header",
    "read_image",
    "read_pages",
    "require_fits",
    "require_holds",
    "require_writable",
    "sniff",
    "true_xmp",
]

_HEAD = 512
# Of photographs enlarged twice, 8 bit, at quality 95 where there is one.
_BYTES_PER_PIXEL = {"jpg": 0.4, "webp": 0.25, "png": 1.5, "tif": 1.7, "bmp": 3.0, "gif": 0.6}
_BYTES_PER_PIXEL |= {"avif": 0.3, "heic": 0.2, "jxl": 0.2}


def _format(module: str) -> Any:
    """A module of one format, loaded when it is needed: all of them take longer than a picture."""
    return import_module(f"sr_batch.codec.{module}")


_OPENERS: dict[str, Callable[[bytes], tuple[Container, ...]]] = {
    "jpg": lambda data: (_format("jpeg").open_file(data),),
    "png": lambda data: _format("png").open_file(data),
    "webp": lambda data: _format("webp").open_file(data),
    "tif": lambda data: _format("tiff").open_file(data),
    "bmp": lambda data: (_format("bmp").open_file(data),),
    "gif": lambda data: _format("gif").open_file(data),
    "avif": lambda data: (_format("avif").open_file(data),),
    "heic": lambda data: (_format("heic").open_file(data),),
    "jxl": lambda data: (_format("jxl").open_file(data),),
}


class _How(NamedTuple):
    quality: int
    png_effort: Effort


_ENCODERS: dict[str, Callable[[Image, _How], bytes]] = {
    "jpg": lambda image, how: _format("jpeg").encode(image, how.quality),
    "png": lambda image, how: _format("png_encode").encode(image, how.png_effort),
    "webp": lambda image, how: _format("webp_encode").encode(image, how.quality),
    "tif": lambda image, _: _format("tiff_encode").encode((image,)),
    "bmp": lambda image, _: _format("bmp").encode(image),
    "gif": lambda image, _: _format("gif_encode").encode((image,)),
    "avif": lambda image, how: _format("avif").encode(image, how.quality),
    "heic": lambda image, how: _format("heic").encode(image, how.quality),
    "jxl": lambda image, how: _format("jxl").encode(image, how.quality),
}
# What writes several pictures into one file: pages, and the frames of an animation.
_BINDERS: dict[str, Callable[[Iterable[Image], _How], bytes]] = {
    "tif": lambda pages, _: _format("tiff_encode").encode(pages),
}
_ANIMATORS: dict[str, Callable[[Iterable[Image], _How], bytes]] = {
    "gif": lambda images, _: _format("gif_encode").encode(images),
    "png": lambda images, how: _format("apng_encode").encode(images, how.png_effort),
    "webp": lambda images, how: _format("webp_encode").animate(images, how.quality),
}
_HEADER_FAULTS = (struct.error, ValueError, LookupError, ArithmeticError, zlib.error)


@dataclass(frozen=True)
class Header:
    """What a file says about its pictures before they are decoded.

    Attributes:
        format: Of the file's content, whatever its suffix.
        sizes: Of the upright pictures: of the one, of all pages, or of all frames.
        orientation: How the stored pixels of the first are turned, 1 to 8.
        decoded_bytes: Memory that all pixels will take.
        animated: Whether these are frames.
    """

    format: str
    sizes: tuple[Size, ...]
    orientation: int
    decoded_bytes: int
    animated: bool = False

    @property
    def size(self) -> Size:
        """Of the first picture."""
        return self.sizes[0]

    @property
    def pixels(self) -> int:
        """Of all pictures."""
        return sum(size.pixels for size in self.sizes)


def read_header(data: bytes, name: str, max_pixels: int) -> Header:
    """Look at a file's header; takes milliseconds, whatever size it claims.

    Args:
        data: The whole file.
        name: What error messages call it.
        max_pixels: Limit of width times height.

    Raises:
        UnreadableImage: empty or damaged.
        UnsupportedImage: no image, or of a kind that is not handled.
        ImageTooLarge: over ``max_pixels``.
    """
    with about(name):
        pages = _open(data, max_pixels)
        return Header(
            format=pages[0].format,
            sizes=tuple(page.size for page in pages),
            orientation=pages[0].orientation,
            decoded_bytes=sum(page.decoded_bytes for page in pages),
            animated=pages[0].timing is not None,
        )


def read_pages(data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
    """Decode a file: its one picture, or its pages or frames, each when it is asked for.

    They are the right way up; gray, alpha and 16 bit are kept. Arguments as `read_header`.

    Raises:
        UnreadableImage: empty, truncated or damaged.
        UnsupportedImage: no image, or of a kind that is not handled.
        ImageTooLarge: over ``max_pixels``.
    """
    with about(name):
        for page in _open(data, max_pixels):
            yield decode(page)


def read_image(data: bytes, name: str, max_pixels: int) -> Image:
    """The only picture of a file. As `read_pages`.

    Raises:
        UnsupportedImage: there are several, among other reasons.
    """
    pages = read_header(data, name, max_pixels).sizes
    if len(pages) > 1:
        raise UnsupportedImage(f"{name}: it has {len(pages)} pictures, and one is wanted here")
    return next(read_pages(data, name, max_pixels))


def preload() -> None:
    """Load all that decodes, but for what comes with extras, rather than when it is needed.

    For a process that is held to limits of time and memory while it decodes.
    """
    for module in ("jpeg", "png", "webp", "tiff", "bmp", "gif", "avif", "heic", "jxl"):
        _format(module)
    opencv.load()
    pillow.load()


def encode_pages(
    pages: Iterable[Image], kind: str, quality: int, png_effort: Effort = "fast"
) -> bytes:
    """The file that holds ``pages``; what ``kind`` cannot hold is left out, see `losses`.

    Args:
        pages: One picture, or several that `require_holds` has let pass. Each is asked for when
            the one before it is encoded.
        kind: One of ``SUFFIXES``; its library must be there, see `require_writable`.
        quality: 1 to 100, of all but PNG, TIFF, BMP and GIF (a WebP from a lossless one is
            lossless).
        png_effort: ``small`` takes up to thirty times as long, for a file that is never larger.

    Raises:
        ImageTooLarge: ``kind`` cannot hold this size.
    """
    ready = (_ready(page, kind) for page in pages)
    first, how = next(ready), _How(quality, png_effort)
    several = _ANIMATORS.get(kind) if first.timing else _BINDERS.get(kind)
    if several:
        return several(chain((first,), ready), how)
    return _ENCODERS[kind](first, how)


def encode_image(image: Image, kind: str, quality: int) -> bytes:
    """`encode_pages` of one."""
    return encode_pages((image,), kind, quality)


def require_holds(header: Header, kind: str, name: str) -> None:
    """Refuse an output of ``kind`` that cannot hold all pictures of the input, before any work.

    Raises:
        UnsupportedImage: naming the image and the ``--format`` that helps.
    """
    able, what = (_ANIMATORS, "frames") if header.animated else (_BINDERS, "pages")
    if len(header.sizes) > 1 and kind not in able:
        raise UnsupportedImage(
            f"{name}: {kind} cannot hold its {len(header.sizes)} {what};"
            f" use --format {' or '.join(able)}"
        )


def true_xmp(packet: bytes, header: Header, size: Size, policy: Keep) -> bytes:
    """An XMP ``packet`` that lies beside a picture, made true for the upright one of ``size``."""
    packet = xmp.with_size(xmp.upright(packet, header.orientation), size)
    return xmp.without_gps(packet) if policy == "no-gps" else packet


def likely_bytes(size: Size, kind: str) -> int:
    """About how large a file of ``kind`` is that holds a photograph of ``size``, enlarged."""
    return round(size.pixels * _BYTES_PER_PIXEL[kind])


def _ready(page: Image, kind: str) -> Image:
    """``page`` with words that are true of it."""
    require_fits(page.size, kind, "output")
    block = exif.with_size(page.metadata.exif, page.size)
    packet = page.metadata.xmp and xmp.with_size(page.metadata.xmp, page.size)
    words = replace(page.metadata, icc=carried_profile(page, kind), exif=block, xmp=packet)
    return replace(page, metadata=words)


def _open(data: bytes, max_pixels: int) -> tuple[Container, ...]:
    """Take apart whatever ``data`` is, and refuse sizes before anything is decoded.

    Pages are decoded one by one, so each is held against the limit; frames are played together.
    """
    if not data:
        raise UnreadableImage("the file is empty")
    kind = sniff(data[:_HEAD])
    if kind is None:
        what = describe(data[:_HEAD])
        raise UnsupportedImage(
            f"it is {what}; JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC and JPEG XL are read"
        )
    require_readable(kind)
    try:
        pages = _OPENERS[kind](data)
    except _HEADER_FAULTS as fault:
        raise UnreadableImage(f"truncated or damaged {kind} (header)") from fault
    frames = len(pages) if pages[0].timing else 1
    for size in {page.size for page in pages}:
        if min(size.width, size.height) < 1:
            raise UnreadableImage(f"damaged {kind} (it is {size} pixels)")
        require_within(size, max_pixels, frames)
    return pages
