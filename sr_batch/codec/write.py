"""Pixels to image files: one picture, or several in one file, with metadata that fits them."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from sr_batch.codec.formats import FORMATS, load
from sr_batch.codec.limits import require_fits
from sr_batch.codec.losses import carried_profile
from sr_batch.codec.metadata import exif, xmp
from sr_batch.codec.read import Header
from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import Effort, Keep


def encode_pages(
    pages: Iterable[Image], kind: str, quality: int, png_effort: Effort = "fast"
) -> bytes:
    """The file that holds ``pages``; what ``kind`` cannot hold is left out, see `losses`.

    Args:
        pages: One picture, or several that `require_holds` allows. Each is requested when the
            one before it is encoded.
        kind: One of ``FORMATS``; its library must exist, see `require_encoder`.
        quality: 1 to 100, for all but PNG, TIFF, BMP and GIF (a WebP from a lossless one is
            lossless).
        png_effort: ``small`` takes up to thirty times as long, and the file is never larger.

    Raises:
        ImageTooLarge: ``kind`` cannot hold this size.
    """
    ready = (_ready(page, kind) for page in pages)
    first, row = next(ready), FORMATS[kind]
    values = {"quality": quality, "png_effort": png_effort}
    options = [values[name] for name in row.encoder_options]
    several = row.animator if first.timing else row.binder
    if several:
        return _encoded(several, chain((first,), ready), *options)
    return _encoded(row.encoder, first, *options)


def encode_image(image: Image, kind: str, quality: int) -> bytes:
    """`encode_pages` of one."""
    return encode_pages((image,), kind, quality)


def require_holds(header: Header, kind: str, name: str) -> None:
    """Refuse an output of ``kind`` that cannot hold all pictures of the input, before any work.

    Raises:
        UnsupportedImage: naming the image and the ``--format`` that helps.
    """
    able, what = _holders(header.animated), "frames" if header.animated else "pages"
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
    return round(size.pixels * FORMATS[kind].likely_bytes_per_pixel)


def _encoded(encoder: str, pictures: Image | Iterable[Image], *options: object) -> bytes:
    data: bytes = load(encoder)(pictures, *options)
    return data


def _holders(animated: bool) -> list[str]:
    """The formats that hold several frames of an animation, or several pages."""
    rows = FORMATS.values()
    return sorted(row.name for row in rows if (row.animator if animated else row.binder))


def _ready(page: Image, kind: str) -> Image:
    """``page`` with metadata that fits the output."""
    require_fits(page.size, kind, "output")
    block = exif.with_size(page.metadata.exif, page.size)
    packet = page.metadata.xmp and xmp.with_size(page.metadata.xmp, page.size)
    if packet and kind != "jpg":
        packet = xmp.without_extension(packet)
    metadata = replace(page.metadata, icc=carried_profile(page, kind), exif=block, xmp=packet)
    return replace(page, metadata=metadata)
