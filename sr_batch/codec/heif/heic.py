"""HEIC: boxes are read here; pillow-heif, loaded with the first picture, decodes and encodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np

from sr_batch.codec.container import Block, Container
from sr_batch.codec.heif.container import fitted, to_container, without_metadata
from sr_batch.codec.heif.picture import Picture, read_picture
from sr_batch.codec.orientation import as_stored
from sr_batch.codec.strips import whole
from sr_batch.core.errors import ImageError, UnreadableImage, UnsupportedImage, UnwritableOutput
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image

_FAULTS = (OSError, ValueError, EOFError, SyntaxError, RuntimeError, LookupError)


def open_file(data: bytes) -> Container:
    """Read the structure of a HEIC. Truncated pixels are found only when it is decoded.

    A burst or a sequence gives its primary picture.
    """
    picture = read_picture(data)
    depth = 16 if picture.depth > 8 else 8
    return to_container("heic", picture, depth, (), lambda: _decode(data, picture, depth))


def encode(image: Image, quality: int) -> bytes:
    """A HEIC of 8 bit, or of 10 bit if ``image`` has 16; chroma halved, as phones write it.

    Gray stays gray, but with alpha it becomes RGB.
    """
    import pillow_heif

    pixels, metadata = whole(image, depth=None), image.metadata
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[2]] + (";16" if image.levels > 255 else "")
    items = []
    if metadata.exif:  # the first four bytes are the offset of its TIFF header
        items.append({"type": "Exif", "content_type": "", "data": bytes(4) + metadata.exif})
    if metadata.xmp:
        mime = "application/rdf+xml"
        items.append({"type": "mime", "content_type": mime, "data": metadata.xmp})
    out = BytesIO()
    with _as(UnwritableOutput, "the output cannot be encoded as HEIC"):
        pillow_heif.encode(
            mode,
            (image.size.width, image.size.height),
            pixels.astype(pixels.dtype.newbyteorder("<")).tobytes(),
            out,
            # On photographs x265 at 66 has the SSIM of JPEG at 95, and so on down. Its fastest
            # preset takes 0.5 s a megapixel; others take three times that for as many bytes.
            quality=round(quality * 0.7),
            enc_params={"preset": "ultrafast"},
            chroma=420,
            icc_profile=metadata.icc,
            metadata=items,
        )
    return out.getvalue()


def _decode(data: bytes, picture: Picture, depth: int) -> Iterator[Block]:
    """Rows as stored: libheif crops and turns the picture, and the turn is undone here."""
    import pillow_heif

    bare = without_metadata(data, picture)
    with _as(UnreadableImage, "truncated or damaged heic"):
        found = pillow_heif.open_heif(bare, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        pixels = np.asarray(found)
    if found.premultiplied_alpha:
        raise UnsupportedImage("a HEIC with premultiplied alpha; save it with plain alpha first")
    stored = as_stored(pixels.reshape(*pixels.shape[:2], -1), picture.orientation)
    if Size(stored.shape[1], stored.shape[0]) != picture.stored:
        raise UnreadableImage(f"damaged heic (it is not {picture.stored} as its header says)")
    yield 0, fitted(stored, picture, found.info["bit_depth"], depth)


@contextmanager
def _as(error: type[ImageError], text: str) -> Iterator[None]:
    """Translate what pillow-heif raises into ``error``."""
    try:
        yield
    except _FAULTS as fault:
        what = " ".join(str(fault).split()) or type(fault).__name__
        raise error(f"{text} ({what})") from fault
