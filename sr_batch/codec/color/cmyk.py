"""CMYK to sRGB: by the file's own profile, or by a plain rule without one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from sr_batch.codec.color import lcms
from sr_batch.codec.strips import rounded
from sr_batch.core.image import Pixels

BY_PROFILE = "CMYK converted to sRGB by its profile"
BY_RULE = "CMYK without a usable profile converted to RGB by the plain rule (1 - ink)(1 - black)"
ROUNDED = "rounded to 8 bit"

Convert = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Conversion:
    """From CMYK (h, w, 4), full ink being the largest number, to RGB (h, w, 3).

    Attributes:
        convert: The function that converts.
        note: How it converts, for the user.
        depth: Bits per sample of the result, 8 or 16.
    """

    convert: Convert
    note: str
    depth: int


def conversion(profile: bytes | None, depth: int) -> Conversion:
    """The conversion of ``depth``-bit inks to RGB. It opens the profile: call it when decoding.

    With a profile it is relative colorimetric with black point compensation, as in photo
    editors.
    """
    if profile is not None and _is_of_inks(profile):
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            return _by_profile(profile, depth)
    if depth_of(profile, depth) < depth:
        return Conversion(lambda inks: _by_rule(rounded(inks)), f"{BY_RULE}, {ROUNDED}", 8)
    return Conversion(_by_rule, BY_RULE, depth)


def depth_of(profile: bytes | None, depth: int) -> int:
    """The depth that `conversion` will give, 8 or 16, without opening the profile."""
    needs_library = depth == 16 and profile is not None and _is_of_inks(profile)
    return 8 if needs_library and not lcms.is_within_reach() else depth


@lru_cache(maxsize=4)
def _by_profile(profile: bytes, depth: int) -> Conversion:
    """Cached: it takes a tenth of a second, and the pages of a file share their profile."""
    if depth_of(profile, depth) == 16:
        return Conversion(lcms.CmykToSrgb(profile), BY_PROFILE, 16)
    convert = _in_8_bit(profile)
    if depth == 8:
        return Conversion(convert, BY_PROFILE, 8)
    return Conversion(lambda inks: convert(rounded(inks)), f"{BY_PROFILE}, {ROUNDED}", 8)


def _is_of_inks(profile: bytes) -> bool:
    return profile[16:20] == b"CMYK"


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
