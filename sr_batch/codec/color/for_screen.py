"""Pixels as a screen shows them: 8-bit sRGB, whatever a picture's profile, depth and channels."""

from contextlib import suppress
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageCms

from sr_batch.codec.metadata.icc import is_gray
from sr_batch.core.image import Image

_SQUARE = 8  # pixels a side of the checkerboard behind transparent pixels
_LIGHT, _DARK = 255, 204
_GIVEN_UP = (ImageCms.PyCMSError, OSError, ValueError)


def for_screen(image: Image) -> npt.NDArray[np.uint8]:
    """uint8 (H, W, 3) in sRGB, relative colorimetric; a checkerboard shows through transparency.

    A profile that cannot be used is ignored, as viewers do.
    """
    levels = np.rint(image.color / (image.levels / 255)).astype(np.uint8)
    color = _in_srgb(levels, image.metadata.icc)
    if image.alpha is None:
        return color
    alpha = image.alpha[..., None] / np.float32(image.levels)
    board = _checkerboard(*image.alpha.shape)[..., None]
    return np.rint(color * alpha + board * (1 - alpha)).astype(np.uint8)


def _in_srgb(levels: npt.NDArray[np.uint8], icc: bytes | None) -> npt.NDArray[np.uint8]:
    gray = levels.shape[2] == 1
    picture = Pillow.fromarray(levels[..., 0] if gray else levels)
    if icc is not None and is_gray(icc) == gray:
        with suppress(*_GIVEN_UP):
            return np.asarray(_converted(picture, icc))
    return np.asarray(picture.convert("RGB"))


def _converted(picture: Pillow.Image, icc: bytes) -> Pillow.Image:
    profile = ImageCms.ImageCmsProfile(BytesIO(icc))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        picture.mode,
        "RGB",
        intent,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return transform.apply(picture)


def _checkerboard(height: int, width: int) -> npt.NDArray[np.float32]:
    odd = (np.arange(height)[:, None] // _SQUARE + np.arange(width) // _SQUARE) % 2
    return np.where(odd, np.float32(_DARK), np.float32(_LIGHT))
