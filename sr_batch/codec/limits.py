"""Size limits: of inputs, checked on the header, and of output formats, checked before work."""

from sr_batch.core.errors import ImageTooLarge
from sr_batch.core.geometry import Size

# OpenCV reads no longer sides, and Pillow warns about longer rows.
MAX_SIDE = 1 << 20

# JPEG: what libjpeg writes. WebP: 14 bits. PNG: 31 bits. GIF: 16 bits. AVIF: what libavif can
# read back. HEIC: near the longest side of HEVC's highest level.
_MAX_SIDE_OF = {
    "jpg": 65500,
    "webp": 16383,
    "png": 2**31 - 1,
    "tif": 2**31 - 1,
    "bmp": 2**31 - 1,
    "gif": 65535,
    "avif": 32768,
    "heic": 16384,
    "jxl": 2**30,
}
# Offsets of BMP have 32 bits; a little is left for its header.
_MAX_BYTES_OF = {"bmp": 2**32 - 2**24}
# AVIF: libavif again. HEIC: what x265 writes.
_MAX_PIXELS_OF = {"avif": 2**28, "heic": 142_606_336}
_BYTES_PER_PIXEL = 3


def require_within(size: Size, max_pixels: int, frames: int = 1) -> None:
    """Refuse an input over ``max_pixels``, all its ``frames`` together.

    Raises:
        ImageTooLarge: without a file name; the caller adds it.
    """
    pixels = size.pixels * frames
    if pixels > max_pixels:
        shown = f"{size}" if frames == 1 else f"{frames} frames of {size}"
        raise ImageTooLarge(
            f"{shown} are {pixels} pixels, over the limit of {max_pixels};"
            f" --max-pixels {pixels} allows it"
        )
    if max(size.width, size.height) > MAX_SIDE:
        raise ImageTooLarge(f"{size} has a side over {MAX_SIDE} pixels; crop it first")


def require_fits(size: Size, kind: str, name: str) -> None:
    """Refuse an output of ``size`` that ``kind`` cannot hold, before any work on it.

    Raises:
        ImageTooLarge: naming the image, the limit and the ``--format`` that helps.
    """
    side = _MAX_SIDE_OF[kind]
    if max(size.width, size.height) > side:
        raise ImageTooLarge(
            f"{name}: {size} does not fit into {kind} (at most {side} pixels a side);"
            " use --format png"
        )
    if size.pixels > (most := _MAX_PIXELS_OF.get(kind, 2**63)):
        raise ImageTooLarge(
            f"{name}: {size} does not fit into {kind}, which holds {most} pixels; use --format png"
        )
    if size.pixels * _BYTES_PER_PIXEL > _MAX_BYTES_OF.get(kind, 2**63):
        raise ImageTooLarge(
            f"{name}: {size} does not fit into {kind} (at most 4 GiB); use --format png"
        )
