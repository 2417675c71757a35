"""Size limits: of inputs, checked on the header, and of output formats, checked before work."""

from sr_batch.codec.formats import FORMATS
from sr_batch.core.errors import ImageTooLarge
from sr_batch.core.geometry import Size

# OpenCV reads no longer sides, and Pillow warns about longer rows.
MAX_INPUT_SIDE = 1 << 20

_RGB_BYTES = 3


def require_within(size: Size, max_pixels: int, frames: int = 1) -> None:
    """Refuse an input over ``max_pixels``, all its ``frames`` together.

    Raises:
        ImageTooLarge: without a file name; the caller adds it.
    """
    pixels = size.pixels * frames
    if pixels > max_pixels:
        shown = f"{size} is" if frames == 1 else f"{frames} frames of {size} are"
        raise ImageTooLarge(
            f"{shown} {pixels:,} pixels, more than the limit of {max_pixels:,};"
            f" to allow it: --max-pixels {pixels}"
        )
    if max(size.width, size.height) > MAX_INPUT_SIDE:
        raise ImageTooLarge(f"{size} has a side over {MAX_INPUT_SIDE} pixels; crop it first")


def require_fits(size: Size, kind: str, name: str) -> None:
    """Refuse an output of ``size`` that ``kind`` cannot hold, before any work on it.

    Raises:
        ImageTooLarge: naming the image, the limit and the ``--format`` that helps.
    """
    row = FORMATS[kind]
    if max(size.width, size.height) > row.max_side:
        raise ImageTooLarge(
            f"{name}: {size} does not fit into {kind} (at most {row.max_side} pixels a side);"
            " use --format png"
        )
    if row.max_pixels and size.pixels > row.max_pixels:
        raise ImageTooLarge(
            f"{name}: {size} does not fit into {kind}, which holds {row.max_pixels:,} pixels;"
            " use --format png"
        )
    if row.max_bytes and size.pixels * _RGB_BYTES > row.max_bytes:
        raise ImageTooLarge(
            f"{name}: {size} does not fit into {kind} (at most 4 GiB); use --format png"
        )
