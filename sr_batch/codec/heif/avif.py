"""AVIF: boxes are read here; Pillow (8 bit) and OpenCV (10, 12) decode, Pillow encodes."""

from collections.abc import Iterator

from sr_batch.codec.backends import opencv, pillow
from sr_batch.codec.container import Block, Container
from sr_batch.codec.heif import isobmff
from sr_batch.codec.heif.container import fitted, to_container, without_metadata
from sr_batch.codec.heif.picture import Picture, read_picture
from sr_batch.codec.metadata import exif
from sr_batch.codec.strips import whole
from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.image import Image

_MODES = {(1, False): "L", (1, True): "LA", (3, False): "RGB", (3, True): "RGBA"}


def open_file(data: bytes) -> Container:
    """Read the structure of an AVIF. Truncated pixels are found only when it is decoded."""
    if isobmff.frames(data) > 1:
        raise UnsupportedImage("an animated AVIF; extract its frames first")
    picture = read_picture(data)
    deep = picture.depth > 8 and opencv.reads_avif()
    notes = [] if deep or picture.depth == 8 else [f"{picture.depth} bit read as 8 bit"]
    decode = _decode_deep if deep else _decode
    return to_container(
        "avif", picture, 16 if deep else 8, notes, lambda: _cropped(decode(data, picture), picture)
    )


def encode(image: Image, quality: int) -> bytes:
    """An AVIF at ``quality`` without chroma subsampling; 16 bit is rounded to 8.

    Gray stays gray, but with alpha it becomes RGB.
    """
    pixels, metadata = whole(image, depth=8), image.metadata
    block = metadata.exif if metadata.exif and exif.has_header(metadata.exif) else None
    return pillow.encode_avif(pixels, quality, metadata.icc, block, metadata.xmp)


def _decode(data: bytes, picture: Picture) -> Iterator[Block]:
    mode = _MODES[picture.channels, picture.alpha]
    return pillow.decode("avif", without_metadata(data, picture), mode)


def _decode_deep(data: bytes, picture: Picture) -> Iterator[Block]:
    """OpenCV keeps 10 and 12 bit."""
    bare = without_metadata(data, picture)
    for top, block in opencv.decode("avif", bare, picture.coded):
        yield top, fitted(block, picture, picture.depth, 16)


def _cropped(blocks: Iterator[Block], picture: Picture) -> Iterator[Block]:
    """The part of the coded blocks that is shown."""
    if picture.crop is None:
        yield from blocks
        return
    left, first, size = picture.crop.left, picture.crop.top, picture.crop.size
    for top, block in blocks:
        above, below = max(first - top, 0), max(first + size.height - top, 0)
        yield max(top - first, 0), block[above:below, left : left + size.width]
