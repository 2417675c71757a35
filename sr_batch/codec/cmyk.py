"""Printing inks to sRGB: by the file's own profile, or by a plain rule where it has none."""

from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from sr_batch.codec.container import Block

BY_PROFILE = "CMYK turned into sRGB by its profile"
BY_RULE = "CMYK without a usable profile turned into RGB by the plain rule (1 - ink)(1 - black)"

Convert = Callable[[Image.Image], Image.Image]


def converter(profile: bytes | None) -> tuple[Convert, str]:
    """What turns a CMYK picture into an RGB one, and the note that says how.

    By profile it is relative colorimetric with black point compensation, as programs for
    photographs do it.
    """
    try:
        transform = _transform(profile) if profile and profile[16:20] == b"CMYK" else None
    except (ImageCms.PyCMSError, OSError):
        transform = None
    if transform is None:
        return lambda picture: picture.convert("RGB"), BY_RULE
    return transform.apply, BY_PROFILE


def to_rgb(blocks: Iterator[Block], convert: Convert) -> Iterator[Block]:
    """Bands of CMYK, 255 being full ink, as RGB."""
    for top, block in blocks:
        yield top, np.asarray(convert(Image.fromarray(block, "CMYK")))


def _transform(profile: bytes) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        "CMYK",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
