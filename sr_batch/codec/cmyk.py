"""Printing inks to sRGB: by the file's own profile, or by a plain rule where it has none."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from sr_batch.codec.lcms import CmykToSrgb
from sr_batch.codec.strips import rounded
from sr_batch.image import Pixels

BY_PROFILE = "CMYK turned into sRGB by its profile"
BY_RULE = "CMYK without a usable profile turned into RGB by the plain rule (1 - ink)(1 - black)"
ROUNDED = "rounded to 8 bit"

Convert = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Conversion:
    """From CMYK (h, w, 4), full ink being the largest number, to RGB (h, w, 3).

    Attributes:
        convert: Does it.
        note: Says how.
        depth: Of the result, 8 or 16 bit.
    """

    convert: Convert
    note: str
    depth: int


def conversion(profile: bytes | None, depth: int) -> Conversion:
    """What turns ``depth``-bit inks into RGB.

    By profile it is relative colorimetric with black point compensation, as programs for
    photographs do it.
    """
    if profile is None or profile[16:20] != b"CMYK":
        return Conversion(_by_rule, BY_RULE, depth)
    try:
        return _by_profile(profile, depth)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return Conversion(_by_rule, BY_RULE, depth)


@lru_cache(maxsize=4)
def _by_profile(profile: bytes, depth: int) -> Conversion:
    """Kept, as it takes a tenth of a second, and pages of a file share their profile."""
    if depth == 8:
        return Conversion(_in_8_bit(profile), BY_PROFILE, 8)
    try:
        return Conversion(CmykToSrgb(profile), BY_PROFILE, 16)
    except AttributeError:
        convert = _in_8_bit(profile)
        return Conversion(lambda inks: convert(rounded(inks)), f"{BY_PROFILE}, {ROUNDED}", 8)


def _in_8_bit(profile: bytes) -> Convert:
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        "CMYK",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return lambda inks: np.asarray(transform.apply(Image.fromarray(inks, "CMYK")))


def _by_rule(inks: Pixels) -> Pixels:
    levels = int(np.iinfo(inks.dtype).max)
    left = levels - inks.astype(np.uint32)
    product = (left[..., :3] * left[..., 3:] + levels // 2) // levels
    return product.astype(inks.dtype)
