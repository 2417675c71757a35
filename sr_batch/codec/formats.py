"""The table of image formats: how each is recognised, read and written, and what it can hold.

To add a format, add a row to `FORMATS` and write the modules that it names. A module has a
function that opens a file, ``open_file(data)``, and one that encodes a picture, ``encode(image)``;
``bmp`` is a short example. Nothing here loads a decoder or an encoder: that takes longer than one
picture, so `load` does it when the first file of a format needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal

MetadataBlock = Literal["exif", "xmp", "icc", "iptc"]

_ALL: tuple[MetadataBlock, ...] = ("exif", "xmp", "icc", "iptc")
_NO_IPTC: tuple[MetadataBlock, ...] = ("exif", "xmp", "icc")


@dataclass(frozen=True, kw_only=True)
class Format:
    """One row. Functions are named ``module:function``, the module below ``sr_batch.codec``.

    Attributes:
        name: What ``--format`` and :class:`sr_batch.core.image.Image` call it.
        title: What messages call it.
        suffixes: Of its files, in lower case. Outputs get the first.
        mime_types: That file managers give its files.
        magic: First bytes of its files; `sniff` has further conditions for some.
        brands: Of a format in the ISO container, its brands in ``ftyp``, in place of ``magic``.
        decoder: From the bytes of a file to its ``Container``, or to a tuple of them.
        encoder: From one picture, and the values of ``encoder_options``, to the bytes of a file.
        binder: As ``encoder``, from an iterable of pages; None if a file holds one picture.
        animator: As ``encoder``, from an iterable of frames; None if it has no animations.
        encoder_options: Options that the three above take, in this order.
        clock: Makes the ``Clock`` that rounds the times of frames; None if they stay exact.
        likely_bytes_per_pixel: Of photographs enlarged twice, 8 bit, at quality 95 if it has one.
        max_side: The most pixels of a side.
        max_pixels: The most pixels; None if only sides are limited.
        max_bytes: The most bytes of pixels, 3 for each; None if only pixels are limited.
        bits: The most of a sample that is written: 8, 10 or 16.
        alpha: Whether it has alpha; otherwise it is flattened on white.
        gray_alpha: Whether it has gray with alpha; otherwise both are stored as RGBA.
        metadata: What it holds.
        library: A module that an installation may lack; empty if it always exists.
        packages: What pip installs to get ``library``.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    mime_types: tuple[str, ...]
    magic: tuple[bytes, ...] = ()
    brands: tuple[bytes, ...] = ()
    decoder: str
    encoder: str
    binder: str | None = None
    animator: str | None = None
    encoder_options: tuple[Literal["quality", "png_effort"], ...] = ()
    clock: str | None = None
    likely_bytes_per_pixel: float
    max_side: int = 2**31 - 1
    max_pixels: int | None = None
    max_bytes: int | None = None
    bits: int = 16
    alpha: bool = True
    gray_alpha: bool = True
    metadata: tuple[MetadataBlock, ...]
    library: str = ""
    packages: tuple[str, ...] = ()


_ROWS = (
    Format(
        name="jpg",
        title="JPEG",
        suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
        mime_types=("image/jpeg",),
        magic=(b"\xff\xd8\xff",),
        decoder="jpeg:open_file",
        encoder="jpeg:encode",
        encoder_options=("quality",),
        likely_bytes_per_pixel=0.4,
        max_side=65500,  # what libjpeg writes
        bits=8,
        alpha=False,
        metadata=_ALL,
    ),
    Format(
        name="png",
        title="PNG",
        suffixes=(".png", ".apng"),
        mime_types=("image/png",),
        magic=(b"\x89PNG\r\n\x1a\n",),
        decoder="png.decode:open_file",
        encoder="png.encode:encode",
        animator="png.apng_encode:encode",
        encoder_options=("png_effort",),
        likely_bytes_per_pixel=1.5,
        metadata=_ALL,
    ),
    Format(
        name="tif",
        title="TIFF",
        suffixes=(".tif", ".tiff"),
        mime_types=("image/tiff",),
        magic=(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        decoder="tiff.decode:open_file",
        encoder="tiff.encode:encode_picture",
        binder="tiff.encode:encode",
        likely_bytes_per_pixel=1.7,
        metadata=_ALL,
    ),
    Format(
        name="webp",
        title="WebP",
        suffixes=(".webp",),
        mime_types=("image/webp",),
        magic=(b"RIFF",),
        decoder="webp.decode:open_file",
        encoder="webp.encode:encode",
        animator="webp.encode:animate",
        encoder_options=("quality",),
        clock="webp.encode:new_clock",
        likely_bytes_per_pixel=0.25,
        max_side=2**14 - 1,
        bits=8,
        metadata=_NO_IPTC,
    ),
    Format(
        name="bmp",
        title="BMP",
        suffixes=(".bmp", ".dib"),
        mime_types=("image/bmp",),
        magic=(b"BM",),
        decoder="bmp:open_file",
        encoder="bmp:encode",
        likely_bytes_per_pixel=3.0,
        max_bytes=2**32 - 2**24,  # offsets have 32 bits; a little is left for the header
        bits=8,
        metadata=(),
    ),
    Format(
        name="gif",
        title="GIF",
        suffixes=(".gif",),
        mime_types=("image/gif",),
        magic=(b"GIF87a", b"GIF89a"),
        decoder="gif.decode:open_file",
        encoder="gif.encode:encode_picture",
        animator="gif.encode:encode",
        clock="gif.encode:new_clock",
        likely_bytes_per_pixel=0.6,
        max_side=2**16 - 1,
        bits=8,
        metadata=("xmp", "icc"),
    ),
    Format(
        name="avif",
        title="AVIF",
        suffixes=(".avif",),
        mime_types=("image/avif",),
        brands=(b"avif", b"avis"),
        decoder="heif.avif:open_file",
        encoder="heif.avif:encode",
        encoder_options=("quality",),
        likely_bytes_per_pixel=0.3,
        max_side=2**15,  # what libavif can read back, as are the pixels
        max_pixels=2**28,
        bits=8,
        gray_alpha=False,
        metadata=_NO_IPTC,
        library="PIL._avif",
        packages=("pillow",),
    ),
    Format(
        name="heic",
        title="HEIC",
        suffixes=(".heic", ".heif", ".hif"),
        mime_types=("image/heif", "image/heic"),
        brands=(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"),
        decoder="heif.heic:open_file",
        encoder="heif.heic:encode",
        encoder_options=("quality",),
        likely_bytes_per_pixel=0.2,
        max_side=2**14,  # near the longest side of HEVC's highest level
        max_pixels=142_606_336,  # what x265 writes
        bits=10,
        gray_alpha=False,
        metadata=_NO_IPTC,
        library="pillow_heif",
        packages=("pillow-heif",),
    ),
    Format(
        name="jxl",
        title="JPEG XL",
        suffixes=(".jxl",),
        mime_types=("image/jxl",),
        magic=(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
        decoder="jxl.decode:open_file",
        encoder="jxl.encode:encode",
        encoder_options=("quality",),
        likely_bytes_per_pixel=0.2,
        max_side=2**30,
        gray_alpha=False,
        metadata=_NO_IPTC,
        library="OpenImageIO",
        packages=("brotli", "openimageio"),
    ),
)

FORMATS: Mapping[str, Format] = MappingProxyType({row.name: row for row in _ROWS})
"""The rows by name."""

SUFFIXES: Mapping[str, str] = MappingProxyType({row.name: row.suffixes[0] for row in _ROWS})
"""The suffix of outputs by format."""


def load(function: str) -> Any:
    """The function that a row names; its module is loaded with the first call."""
    module, _, name = function.partition(":")
    return getattr(import_module(f"sr_batch.codec.{module}"), name)


def titles() -> str:
    """All titles, for a sentence: ``JPEG, PNG or TIFF``."""
    first, last = [row.title for row in _ROWS[:-1]], _ROWS[-1].title
    return f"{', '.join(first)} or {last}"
