"""What the samples of a TIFF's page are and how they lie; what would come out wrong is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.geometry import Size

Colors = Literal["gray", "palette", "rgb", "ycbcr", "cmyk", "cielab", "icclab"]
Numbers = Literal["unsigned", "signed", "float"]

ASSOCIATED, UNASSOCIATED = 1, 2
NONE, OLD_JPEG = 1, 6
DEFLATE = (8, 32946)
NO_PREDICTOR, HORIZONTAL, FLOATING = 1, 2, 3

_WHITE_IS_ZERO = 0
_COLORS: Mapping[int, Colors] = {
    **{_WHITE_IS_ZERO: "gray", 1: "gray", 2: "rgb", 3: "palette", 5: "cmyk", 6: "ycbcr"},
    **{8: "cielab", 9: "icclab"},
}
_OTHER_COLORS = {
    4: "of a transparency mask",
    10: "in a fax's ITULAB",
    32803: "of a camera's raw data",
    34892: "of a camera's raw data",
}
_SAMPLES: Mapping[Colors, int] = {
    **{"gray": 1, "palette": 1, "rgb": 3, "ycbcr": 3, "cmyk": 4, "cielab": 3, "icclab": 3}
}
_NUMBERS: Mapping[int, Numbers] = {1: "unsigned", 2: "signed", 3: "float", 4: "unsigned"}
_BITS: Mapping[Numbers, tuple[int, ...]] = {
    "unsigned": (*range(1, 17), 32),
    "signed": (8, 16, 32),
    "float": (16, 32, 64),
}
# Colours that are not kept in every width.
_BITS_OF: Mapping[Colors, tuple[int, ...]] = {
    "palette": tuple(range(1, 17)),
    "cmyk": (8, 16),
    "cielab": (8, 16),
    "icclab": (8, 16),
}
# None, LZW, deflate, packed bits, old deflate, LZMA, Zstandard: they pack bytes, not pixels.
_BYTEWISE = (NONE, 5, *DEFLATE, 32773, 34925, 50000)
# Those of them under which a predictor means anything.
_PREDICTING = (5, *DEFLATE, 34925, 50000)
# What packs pixels: faxes, the old way of JPEG, JPEG.
_PICTORIAL = (2, 3, 4, OLD_JPEG, 7, 32771)
# A tile may be larger than its picture, and small, but not so that it could be a trap.
_MAX_TILE_PIXELS = 1 << 22
_MAX_PIECES = 1 << 21
_MAX_PIECE_BYTES = 1 << 31  # what libtiff unpacks for Pillow
_MOST_SAMPLES = 8  # a file of few pixels could have any number of them, and so take any memory
_CMYK_INKS = 1


@dataclass(frozen=True)
class Layout:
    """How the samples of a page lie.

    Attributes:
        size: As stored.
        colors: What they mean.
        inverted: Whether white is zero.
        numbers: What kind they are of.
        bits: Per sample.
        samples: Per pixel, with those that mean nothing to us.
        alpha: What the first sample behind the colours is: 0 no alpha, 1 associated
            (premultiplied), 2 unassociated.
        compression: TIFF's number of it.
        separate: One plane after the other.
        predictor: 2 or 3 if samples are differences to the left.
        segment: Size of a tile or a strip. Rows that are not packed are strips of their own.
        tiled: Whether segments are tiles, which are whole also at the picture's edges.
    """

    size: Size
    colors: Colors
    inverted: bool
    numbers: Numbers
    bits: int
    samples: int
    alpha: int
    compression: int
    separate: bool
    predictor: int
    segment: Size
    tiled: bool

    @property
    def bytewise(self) -> bool:
        """Whether samples can be fetched as bytes, exactly, whatever they are."""
        return self.compression in _BYTEWISE and self.colors != "ycbcr"

    @property
    def planes(self) -> int:
        """That lie one after the other."""
        return self.samples if self.separate else 1

    @property
    def across(self) -> int:
        """Segments side by side."""
        return -(-self.size.width // self.segment.width)

    @property
    def down(self) -> int:
        """Segments one below the other."""
        return -(-self.size.height // self.segment.height)

    @property
    def pieces(self) -> int:
        """All segments of all planes."""
        return self.planes * self.across * self.down

    @property
    def row_bytes(self) -> int:
        """Of one row of a segment, unpacked."""
        return -(-self.segment.width * (self.samples // self.planes) * self.bits // 8)

    @property
    def inks(self) -> int:
        """Samples of a pixel that are its colour."""
        return _SAMPLES[self.colors]

    @property
    def channels(self) -> int:
        """Of the picture that is made of it: 1 (gray) or 3 (RGB)."""
        return 1 if self.colors == "gray" else 3

    @property
    def depth(self) -> int:
        """Bits that its values need: 8 or 16."""
        return 8 if self.colors == "palette" or self.bits <= 8 else 16


def read_layout(page: ifd.Directory) -> Layout:
    """The layout that ``page`` describes.

    Raises:
        UnsupportedImage: one that is not read.
        UnreadableImage: one that makes no sense.
    """
    photometric = page.number(Tag.PHOTOMETRIC, 0)
    if photometric not in _COLORS:
        color = _OTHER_COLORS.get(photometric, f"of photometric {photometric}")
        raise UnsupportedImage(f"a TIFF {color}; convert it to RGB first")
    colors = _COLORS[photometric]
    samples = page.number(Tag.SAMPLES, _SAMPLES[colors])
    size = Size(page.number(Tag.WIDTH, 0), page.number(Tag.HEIGHT, 0))
    compression, tiled = page.number(Tag.COMPRESSION, 1), Tag.TILE_WIDTH in page.entries
    layout = Layout(
        size=size,
        colors=colors,
        inverted=photometric == _WHITE_IS_ZERO,
        numbers=_numbers(page, colors),
        bits=_bits(page),
        samples=samples,
        alpha=_alpha(page, colors) if samples > _SAMPLES[colors] else 0,
        compression=compression,
        separate=page.number(Tag.PLANAR, 1) == 2 and samples > 1,
        predictor=page.number(Tag.PREDICTOR, 1) if compression in _PREDICTING else NO_PREDICTOR,
        segment=_tile(page) if tiled else _strip(page, size, colors),
        tiled=tiled,
    )
    _require_known(layout)
    if colors == "cmyk" and page.number(Tag.INK_SET, _CMYK_INKS) != _CMYK_INKS:
        raise UnsupportedImage("a TIFF of other inks than CMYK; convert it to RGB first")
    return layout


def rows_per_strip(page: ifd.Directory, height: int) -> int:
    """As many as there are where nothing sensible is said; at least 1."""
    return max(1, min(page.number(Tag.ROWS_PER_STRIP, height) or height, height))


def _numbers(page: ifd.Directory, colors: Colors) -> Numbers:
    formats = set(page.numbers(Tag.SAMPLE_FORMAT, (1,)))
    if colors == "cielab" and formats <= {1, 2, 4}:
        return "unsigned"  # lightness is, the rest is signed, and some say so
    known = {_NUMBERS.get(number) for number in formats}
    numbers = known.pop()
    if numbers is None or known:
        raise UnsupportedImage("a TIFF of complex or mixed numbers; convert it to 16 bit first")
    return numbers


def _bits(page: ifd.Directory) -> int:
    bits = page.numbers(Tag.BITS, (1,))
    if len(set(bits)) > 1:
        several = ", ".join(str(number) for number in bits[:8])
        raise UnsupportedImage(f"a TIFF of {several} bits per sample; convert it to 8 or 16 first")
    return bits[0]


def _alpha(page: ifd.Directory, colors: Colors) -> int:
    """What the first extra sample is; a fourth without a word is alpha, as everybody takes it."""
    unsaid = UNASSOCIATED if colors == "rgb" else 0
    meaning = page.number(Tag.EXTRA_SAMPLES, unsaid)
    # CorelDRAW writes 999.
    return UNASSOCIATED if meaning == 999 else meaning if meaning in (1, 2) else 0


def _tile(page: ifd.Directory) -> Size:
    tile = Size(page.number(Tag.TILE_WIDTH, 0), page.number(Tag.TILE_HEIGHT, 0))
    if tile.pixels < 1:
        raise UnreadableImage(f"damaged tif (its tiles are {tile} pixels)")
    return tile


def _strip(page: ifd.Directory, size: Size, colors: Colors) -> Size:
    loose = page.number(Tag.COMPRESSION, NONE) == NONE and colors != "ycbcr"
    return Size(max(size.width, 1), 1 if loose else rows_per_strip(page, size.height))


def _require_known(layout: Layout) -> None:
    """Refuse what would come out wrong, or would take more memory than its size lets expect."""
    compression, predictor = layout.compression, layout.predictor
    if compression not in _BYTEWISE + _PICTORIAL:
        raise UnsupportedImage(f"a TIFF of compression {compression}; use deflate or LZW")
    if layout.bits not in _known_bits(layout):
        raise UnsupportedImage(f"a TIFF of {_described(layout)}; convert it to 16 bit first")
    if not layout.inks <= layout.samples <= _most_samples(layout):
        raise UnsupportedImage(
            f"a TIFF of {layout.samples} samples per pixel; convert it to RGB first"
        )
    if predictor not in _predictors(layout):
        raise UnsupportedImage(
            f"a TIFF with predictor {predictor} on {_described(layout)}; write it again without"
        )
    if (
        layout.segment.pixels > 4 * layout.size.pixels + _MAX_TILE_PIXELS
        or layout.pieces > _MAX_PIECES
        or layout.row_bytes * layout.segment.height >= _MAX_PIECE_BYTES
    ):
        raise UnsupportedImage(
            f"a TIFF of {layout.size} in pieces of {layout.segment};"
            " write it again in strips of a few rows"
        )


def _known_bits(layout: Layout) -> tuple[int, ...]:
    if layout.bytewise and layout.colors not in _BITS_OF:
        return _BITS[layout.numbers]
    if layout.numbers != "unsigned":
        return ()
    if layout.bytewise:
        return _BITS_OF[layout.colors]
    return () if layout.colors in ("cielab", "icclab") else (1, 8)


def _most_samples(layout: Layout) -> int:
    if layout.bytewise:
        return _MOST_SAMPLES
    return layout.inks + (layout.colors != "cmyk")  # Pillow knows no alpha beside inks


def _described(layout: Layout) -> str:
    numbers = {"unsigned": "", "signed": "signed ", "float": "floating-point "}[layout.numbers]
    return f"{layout.bits}-bit {numbers}samples of compression {layout.compression}"


def _predictors(layout: Layout) -> tuple[int, ...]:
    if layout.numbers == "float":
        return (NO_PREDICTOR, HORIZONTAL, FLOATING)
    return (NO_PREDICTOR, HORIZONTAL) if layout.bits in (8, 16, 32) else (NO_PREDICTOR,)
