"""What a file cannot hold of a picture, so that it is said and not lost in silence."""

from sr_batch.codec import exif, gif_encode, jpeg, jxl, profile, webp_encode
from sr_batch.image import Image

_CLOCKS = {"gif": gif_encode.new_clock(), "webp": webp_encode.new_clock()}
# These know no gray with alpha and make RGB of it.
_ALPHA_IN_COLOR = ("avif", "heic", "jxl")
_EIGHT_BIT = ("jpg", "webp", "bmp", "gif", "avif")


def losses(image: Image, kind: str) -> tuple[str, ...]:
    """What was changed on reading, and what a file of ``kind`` cannot hold, in words for notes."""
    metadata = image.metadata
    exif_limit = {"jpg": jpeg.MAX_EXIF, "bmp": 0, "gif": 0}.get(kind, 2**31)
    xmp_limit = {"jpg": jpeg.MAX_XMP, "bmp": 0}.get(kind, 2**31)
    icc_limit = {"jpg": jpeg.MAX_ICC, "bmp": 0}.get(kind, 2**31)
    lost = {
        "alpha flattened on white": image.alpha is not None and kind == "jpg",
        "16 bit rounded to 8": image.levels > 255 and kind in _EIGHT_BIT,
        "16 bit rounded to 10": image.levels > 255 and kind == "heic",
        "alpha made fully on or off": kind == "gif" and gif_encode.has_soft_alpha(image),
        "colours reduced to 256": kind == "gif" and gif_encode.has_too_many_colors(image),
        "frame times rounded": kind in _CLOCKS and _CLOCKS[kind].rounds(image),
        "EXIF left out": len(metadata.exif or b"") > exif_limit
        or (kind == "avif" and metadata.exif is not None and not exif.has_header(metadata.exif)),
        "XMP left out": len(metadata.xmp or b"") > xmp_limit
        or (kind == "gif" and not gif_encode.holds_xmp(metadata.xmp or b"")),
        "a part of XMP left out": bool(metadata.xmp_extension) and kind != "jpg",
        "IPTC left out": bool(metadata.photoshop) and kind not in ("jpg", "png", "tif"),
        "ICC profile left out": len(metadata.icc or b"") > icc_limit
        or (metadata.icc is not None and carried_profile(image, kind) is None),
    }
    said = (metadata.note,) if metadata.note else ()
    return said + tuple(what for what, happens in lost.items() if happens)


def carried_profile(image: Image, kind: str) -> bytes | None:
    """Its profile, if a file of ``kind`` can carry it."""
    icc = image.metadata.icc
    gray = image.is_gray and not (image.alpha is not None and kind in _ALPHA_IN_COLOR)
    suits = profile.suits(icc, gray, kind) and (kind != "jxl" or jxl.understands(icc))
    return icc if suits else None
