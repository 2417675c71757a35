"""A picture in strips of interleaved samples, as encoders take it, never copied as a whole."""

from collections.abc import Iterator

import numpy as np

from sr_batch.core.image import Image, Pixels


def strips(image: Image, rows: int, *, alpha: bool, depth: int | None = None) -> Iterator[Pixels]:
    """Yield contiguous (h, W, C) strips of ``rows`` rows; the last one may be shorter.

    Args:
        image: The picture to cut.
        rows: Height of a strip.
        alpha: Whether alpha is appended as a last channel; otherwise colour is flattened on white.
        depth: 8 rounds 16-bit samples to 8 bit; None keeps them.
    """
    for top in range(0, image.size.height, rows):
        cut = slice(top, top + rows)
        strip: Pixels = image.color[cut]
        if image.alpha is not None:
            join = _with_alpha if alpha else _on_white
            strip = join(strip, image.alpha[cut])
        yield np.ascontiguousarray(rounded(strip) if depth == 8 else strip)


def _with_alpha(color: Pixels, alpha: Pixels) -> Pixels:
    return np.concatenate((color, alpha[..., None]), axis=2)


def _on_white(color: Pixels, alpha: Pixels) -> Pixels:
    """Composite over white, rounded to nearest."""
    white = int(np.iinfo(color.dtype).max)
    opacity = alpha[..., None].astype(np.float32) / white
    flat = white - (white - color).astype(np.float32) * opacity
    return np.rint(flat).astype(color.dtype)


def rounded(strip: Pixels) -> Pixels:
    """``strip`` in 8 bit; 65535 / 255 is 257, so this is the nearest of the 256 levels."""
    if strip.dtype == np.uint8:
        return strip
    return ((strip.astype(np.uint32) + 128) // 257).astype(np.uint8)


def whole(image: Image, *, depth: int | None) -> Pixels:
    """The picture in one piece, alpha behind its channels; gray with alpha as RGB with alpha.

    Few encoders support gray with alpha. ``depth`` as in :func:`strips`.
    """
    pixels = next(strips(image, image.size.height, alpha=True, depth=depth))
    return np.ascontiguousarray(pixels[..., [0, 0, 0, 1]]) if pixels.shape[2] == 2 else pixels
