"""The layouts of samples that are read. Others would come out wrong, or take too much memory."""

from collections.abc import Mapping

from sr_batch.codec.tiff.layout import (
    BYTEWISE,
    FLOATING,
    HORIZONTAL,
    NO_PREDICTOR,
    OLD_JPEG,
    Colors,
    Numbers,
    SampleLayout,
)
from sr_batch.core.errors import UnsupportedImage

_BITS: Mapping[Numbers, tuple[int, ...]] = {
    "unsigned": (*range(1, 17), 32),
    "signed": (8, 16, 32),
    "float": (16, 32, 64),
}
# Colour spaces that only some widths are read of.
_BITS_OF: Mapping[Colors, tuple[int, ...]] = {
    "palette": tuple(range(1, 17)),
    "cmyk": (8, 16),
    "cielab": (8, 16),
    "icclab": (8, 16),
}
# Compressions of pixels: fax, old-style JPEG, JPEG.
_PICTORIAL = (2, 3, 4, OLD_JPEG, 7, 32771)
_COMPRESSIONS: Mapping[int, str] = {
    1: "none",
    2: "CCITT Huffman",
    3: "CCITT fax 3",
    4: "CCITT fax 4",
    5: "LZW",
    6: "old-style JPEG",
    7: "JPEG",
    8: "deflate",
    9: "JBIG",
    10: "JBIG",
    32766: "NeXT",
    32767: "Sony ARW",
    32769: "packed raw",
    32773: "PackBits",
    32809: "ThunderScan",
    32946: "deflate",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv 24",
    34712: "JPEG 2000",
    34713: "Nikon NEF",
    34887: "LERC",
    34892: "lossy DNG JPEG",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
# A tile may be larger than its picture, and tiles may be small; these limits refuse bombs.
_MAX_TILE_PIXELS = 1 << 22
_MAX_PIECES = 1 << 21
_MAX_PIECE_BYTES = 1 << 31  # what libtiff unpacks for Pillow
_MOST_SAMPLES = 8  # without a limit, few pixels could take any amount of memory


def require_supported(layout: SampleLayout) -> None:
    """Refuse a layout that is not read, or takes more memory than its size suggests.

    Raises:
        UnsupportedImage: without a file name; the caller adds it.
    """
    compression, predictor = layout.compression, layout.predictor
    if compression not in BYTEWISE + _PICTORIAL:
        name = compression_name(compression)
        raise UnsupportedImage(f"a TIFF of {name}; use deflate or LZW")
    if layout.bits not in _known_bits(layout):
        raise UnsupportedImage(f"a TIFF of {_described(layout)}; convert it to 16 bit first")
    if not layout.inks <= layout.samples <= _most_samples(layout):
        raise UnsupportedImage(
            f"a TIFF of {layout.samples} samples per pixel; convert it to RGB first"
        )
    if predictor not in _predictors(layout):
        raise UnsupportedImage(
            f"a TIFF with predictor {predictor} on {_described(layout)}; save it again without one"
        )
    if (
        layout.segment.pixels > 4 * layout.size.pixels + _MAX_TILE_PIXELS
        or layout.pieces > _MAX_PIECES
        or layout.row_bytes * layout.segment.height >= _MAX_PIECE_BYTES
    ):
        raise UnsupportedImage(
            f"a TIFF of {layout.size} in segments of {layout.segment};"
            " save it again in strips of a few rows"
        )


def compression_name(code: int) -> str:
    """What a TIFF's compression is called in messages."""
    name = _COMPRESSIONS.get(code)
    return f"compression {code} ({name})" if name else f"compression {code}"


def _known_bits(layout: SampleLayout) -> tuple[int, ...]:
    if layout.bytewise and layout.colors not in _BITS_OF:
        return _BITS[layout.numbers]
    if layout.numbers != "unsigned":
        return ()
    if layout.bytewise:
        return _BITS_OF[layout.colors]
    return () if layout.colors in ("cielab", "icclab") else (1, 8)


def _most_samples(layout: SampleLayout) -> int:
    if layout.bytewise:
        return _MOST_SAMPLES
    return layout.inks + (layout.colors != "cmyk")  # Pillow has no CMYK with alpha


def _described(layout: SampleLayout) -> str:
    numbers = {"unsigned": "", "signed": "signed ", "float": "floating-point "}[layout.numbers]
    return f"{layout.bits}-bit {numbers}samples of {compression_name(layout.compression)}"


def _predictors(layout: SampleLayout) -> tuple[int, ...]:
    if layout.numbers == "float":
        return (NO_PREDICTOR, HORIZONTAL, FLOATING)
    return (NO_PREDICTOR, HORIZONTAL) if layout.bits in (8, 16, 32) else (NO_PREDICTOR,)
