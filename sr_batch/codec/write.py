"""Pixels to image files: one picture, or several in one file, with metadata that fits them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from sr_batch.codec.format_modules import of_format
from sr_batch.codec.limits import require_fits
from sr_batch.codec.losses import carried_profile
from sr_batch.codec.metadata import exif, xmp
from sr_batch.codec.read import Header
from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import Effort, Keep

# Of photographs enlarged twice, 8 bit, at quality 95 where there is one.
_BYTES_PER_PIXEL = {"jpg": 0.4, "webp": 0.25, "png": 1.5, "tif": 1.7, "bmp": 3.0, "gif": 0.6}
_BYTES_PER_PIXEL |= {"avif": 0.3, "heic": 0.2, "jxl": 0.2}


class _How(NamedTuple):
    quality: int
    png_effort: Effort


_ENCODERS: dict[str, Callable[[Image, _How], bytes]] = {
    "jpg": lambda image, how: of_format("jpeg").encode(image, how.quality),
    "png": lambda image, how: of_format("png.encode").encode(image, how.png_effort),
    "webp": lambda image, how: of_format("webp.encode").encode(image, how.quality),
    "tif": lambda image, _: of_format("tiff.encode").encode((image,)),
    "bmp": lambda image, _: of_format("bmp").encode(image),
    "gif": lambda image, _: of_format("gif.encode").encode((image,)),
    "avif": lambda image, how: of_format("heif.avif").encode(image, how.quality),
    "heic": lambda image, how: of_format("heif.heic").encode(image, how.quality),
    "jxl": lambda image, how: of_format("jxl.encode").encode(image, how.quality),
}
# Encoders of several pictures in one file: pages, and frames of an animation.
_BINDERS: dict[str, Callable[[Iterable[Image], _How], bytes]] = {
    "tif": lambda pages, _: of_format("tiff.encode").encode(pages),
}
_ANIMATORS: dict[str, Callable[[Iterable[Image], _How], bytes]] = {
    "gif": lambda images, _: of_format("gif.encode").encode(images),
    "png": lambda images, how: of_format("png.apng_encode").encode(images, how.png_effort),
    "webp": lambda images, how: of_format("webp.encode").animate(images, how.quality),
}


def encode_pages(
    pages: Iterable[Image], kind: str, quality: int, png_effort: Effort = "fast"
) -> bytes:
    """The file that holds ``pages``; what ``kind`` cannot hold is left out, see `losses`.

    Args:
        pages: One picture, or several that `require_holds` allows. Each is requested when the
            one before it is encoded.
        kind: One of ``SUFFIXES``; its library must exist, see `require_encoder`.
        quality: 1 to 100, for all but PNG, TIFF, BMP and GIF (a WebP from a lossless one is
            lossless).
        png_effort: ``small`` takes up to thirty times as long, and the file is never larger.

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
    """The XMP ``packet`` of a sidecar file, patched for the upright output of ``size``."""
    packet = xmp.with_size(xmp.upright(packet, header.orientation), size)
    return xmp.without_gps(packet) if policy == "no-gps" else packet


def likely_bytes(size: Size, kind: str) -> int:
    """Estimated bytes of a file of ``kind`` with an enlarged photograph of ``size``."""
    return round(size.pixels * _BYTES_PER_PIXEL[kind])


def _ready(page: Image, kind: str) -> Image:
    """``page`` with metadata that fits the output."""
    require_fits(page.size, kind, "output")
    block = exif.with_size(page.metadata.exif, page.size)
    packet = page.metadata.xmp and xmp.with_size(page.metadata.xmp, page.size)
    metadata = replace(page.metadata, icc=carried_profile(page, kind), exif=block, xmp=packet)
    return replace(page, metadata=metadata)
