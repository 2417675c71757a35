"""HEIC: boxes read here; pixels in and out by pillow-heif, which is loaded when one comes along."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np

from sr_batch.codec.container import Block, Container, as_stored
from sr_batch.codec.heif import container as heif
from sr_batch.codec.heif.container import Picture
from sr_batch.codec.strips import whole
from sr_batch.core.errors import ImageError, UnreadableImage, UnsupportedImage, UnwritableOutput
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image

_FAULTS = (OSError, ValueError, EOFError, SyntaxError, RuntimeError, LookupError)


def open_file(data: bytes) -> Container:
    """Take a HEIC apart; whether it is whole shows only when it is decoded.

    Of a burst or a sequence it is the primary picture.
    """
    picture = heif.read(data)
    depth = 16 if picture.depth > 8 else 8
    return heif.container("heic", picture, depth, (), lambda: _decode(data, picture, depth))


def encode(image: Image, quality: int) -> bytes:
    """A HEIC of 8 bit, or of 10 bit if ``image`` has 16; chroma halved, as phones write it.

    Gray stays gray, but with alpha it becomes RGB.
    """
    import pillow_heif

    pixels, metadata = whole(image, depth=None), image.metadata
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[2]] + (";16" if image.levels > 255 else "")
    words = []
    if metadata.exif:  # in front of it stands how far away its TIFF header is
        words.append({"type": "Exif", "content_type": "", "data": bytes(4) + metadata.exif})
    if metadata.xmp:
        mime = "application/rdf+xml"
        words.append({"type": "mime", "content_type": mime, "data": metadata.xmp})
    out = BytesIO()
    with _as(UnwritableOutput, "the output cannot be made a HEIC"):
        pillow_heif.encode(
            mode,
            (image.size.width, image.size.height),
            pixels.astype(pixels.dtype.newbyteorder("<")).tobytes(),
            out,
            # x265 at 66 looks on photographs as JPEG does at 95, by SSIM, and so on down. At its
            # quickest it takes 0.5 s a megapixel, otherwise three times that for as many bytes.
            quality=round(quality * 0.7),
            enc_params={"preset": "ultrafast"},
            chroma=420,
            icc_profile=metadata.icc,
            metadata=words,
        )
    return out.getvalue()


def _decode(data: bytes, picture: Picture, depth: int) -> Iterator[Block]:
    """Give rows as they were before libheif turned them; it crops, too."""
    import pillow_heif

    bare = heif.without_words(data, picture)
    with _as(UnreadableImage, "truncated or damaged heic"):
        found = pillow_heif.open_heif(bare, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        pixels = np.asarray(found)
    if found.premultiplied_alpha:
        raise UnsupportedImage("a HEIC whose colours are multiplied by its alpha")
    stored = as_stored(pixels.reshape(*pixels.shape[:2], -1), picture.orientation)
    if Size(stored.shape[1], stored.shape[0]) != picture.stored:
        raise UnreadableImage(f"damaged heic (it is not {picture.stored} as it says)")
    yield 0, heif.fitted(stored, picture, found.info["bit_depth"], depth)


@contextmanager
def _as(error: type[ImageError], text: str) -> Iterator[None]:
    """What pillow-heif raises as an ``error`` of ours."""
    try:
        yield
    except _FAULTS as fault:
        what = " ".join(str(fault).split()) or type(fault).__name__
        raise error(f"{text} ({what})") from fault
