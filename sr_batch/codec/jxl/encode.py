"""Writes JPEG XL: OpenImageIO encodes the pixels, EXIF and XMP boxes are added here."""

from functools import lru_cache

import numpy as np

from sr_batch.codec.backends import openimageio
from sr_batch.codec.jxl.boxes import long_enough, start_of_codestream, with_metadata
from sr_batch.codec.jxl.header import read_header
from sr_batch.codec.metadata.icc import is_gray
from sr_batch.codec.strips import whole
from sr_batch.core.image import Image

_MIDDLE, _NEAR = 128, 8  # of 255 levels


def encode(image: Image, quality: int) -> bytes:
    """A JPEG XL at ``quality``, lossless at 100, with the picture's own depth.

    Gray with alpha, or with an RGB profile, becomes RGB. Below 100 the encoder writes its own
    description of the profile: the colours stay, the bytes of the profile do not. Some profiles,
    every gray one among them, become linear that way; 8 bit would be too few for linear values, so
    such a picture is written lossless.
    """
    pixels, metadata = whole(image, depth=None), image.metadata
    if metadata.icc and pixels.shape[2] == 1 and not is_gray(metadata.icc):
        pixels = np.repeat(pixels, 3, axis=2)
    if metadata.icc and quality < 100 and not _keeps_values(metadata.icc):
        quality = 100
    data = openimageio.encode(pixels, quality, metadata.icc)
    return with_metadata(data, metadata.exif, metadata.xmp)


def understands(icc: bytes | None) -> bool:
    """Whether the encoder accepts a profile; with others it refuses the picture."""
    return icc is None or openimageio.understands(icc)


@lru_cache(maxsize=8)
def _keeps_values(icc: bytes) -> bool:
    """Whether the encoder's description of a profile still has about the same curve."""
    patch = np.full((8, 8, 1 if is_gray(icc) else 3), _MIDDLE, np.uint8)
    data = openimageio.encode(patch, 95, icc)
    decoded = openimageio.decode(long_enough(data), read_header(start_of_codestream(data)), 8)
    return int(np.ptp((*decoded.pixels.flat, _MIDDLE))) <= _NEAR
