"""A second look at an output: decoded again, is it the picture that was enlarged?"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sr_batch import codec
from sr_batch.errors import BadOutput, ImageTooLarge, UnreadableImage, UnsupportedImage
from sr_batch.geometry import Size
from sr_batch.image import Image
from sr_batch.resample import resize

FloatArray = npt.NDArray[np.float32]


def require_same_pictures(
    data: bytes, sizes: Sequence[Size], sources: Iterable[Image], bound: Callable[[Size], float]
) -> None:
    """Decode ``data`` and compare each of its pictures, reduced, with the one it was made from.

    Args:
        data: The encoded output.
        sizes: That its pictures must have.
        sources: The decoded pictures of the input.
        bound: Least PSNR in dB for a picture of the size given.

    Raises:
        BadOutput: it cannot be decoded, has other sizes or shows something else.
    """
    for image, source in zip(_read_again(data, sizes), sources, strict=True):
        likeness, least = consistency(image, source), bound(source.size)
        if not likeness >= least:
            raise BadOutput(
                f"the output, reduced, is only {likeness:.1f} dB like the input, where {least:.0f}"
                " is the least; try another --model"
            )


def _read_again(data: bytes, sizes: Sequence[Size]) -> Iterator[Image]:
    pixels = sum(size.pixels for size in sizes)
    try:
        found = codec.read_header(data, "it", pixels).sizes
        if found != tuple(sizes):
            raise BadOutput(
                f"the output is {_shown(found)} when it is read again, not {_shown(sizes)}"
            )
        yield from codec.read_pages(data, "it", pixels)
    except (UnreadableImage, UnsupportedImage, ImageTooLarge) as fault:
        raise BadOutput(f"the output cannot be read again: {fault}") from fault


def _shown(sizes: Sequence[Size]) -> str:
    return str(sizes[0]) if len(sizes) == 1 else f"{len(sizes)} pictures from {sizes[0]}"


def consistency(image: Image, source: Image) -> float:
    """PSNR in dB between two images where both are opaque, reduced to a quarter of the smaller.

    At the input's own size, dither and lines of single pixels come back quite different from a
    network that is in order; their means do not.
    """
    small = min(image.size, source.size, key=lambda size: size.pixels) * 0.25
    (a, opaque_a), (b, opaque_b) = (_reduced(each, small) for each in (image, source))
    if a.shape[2] != b.shape[2]:  # a format without gray gave it back as RGB
        a, b = a.mean(axis=2, keepdims=True), b.mean(axis=2, keepdims=True)
    seen = opaque_a & opaque_b
    if not seen.any():
        return math.inf
    error = float(np.mean(np.square((a - b)[seen], dtype=np.float64)))
    return math.inf if error == 0 else -10 * math.log10(error)


def _reduced(image: Image, size: Size) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Colour (h, w, C), 0..1, and what is opaque there (h, w)."""
    color = image.color if image.size == size else resize(image.color, size, "bicubic")
    planes = np.divide(color, np.float32(image.levels), dtype=np.float32)
    if image.alpha is None:
        return planes, np.ones(planes.shape[:2], bool)
    alpha = image.alpha if image.size == size else resize(image.alpha, size, "bicubic")
    return planes, alpha == image.levels
