"""The samples of a TIFF's page: what they mean and how they are stored."""

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
# None, LZW, deflate, PackBits, old deflate, LZMA, Zstandard: they compress bytes, not pixels.
BYTEWISE = (NONE, 5, *DEFLATE, 32773, 34925, 50000)
# Of these, the compressions that a predictor applies to.
_PREDICTING = (5, *DEFLATE, 34925, 50000)
_CMYK_INKS = 1


@dataclass(frozen=True)
class SampleLayout:
    """How the samples of a page are stored.

    Attributes:
        size: As stored.
        colors: Colour space of the samples.
        inverted: Whether white is zero.
        numbers: Type of the samples.
        bits: Per sample.
        samples: Per pixel, including those that are neither colour nor alpha.
        alpha: Meaning of the first sample behind the colours: 0 no alpha, 1 associated
            (premultiplied), 2 unassociated.
        compression: As TIFF numbers it.
        separate: Whether samples are stored plane by plane.
        predictor: 2 or 3 if samples are stored as differences to the left.
        segment: Size of a tile or a strip. Without compression every row is its own strip.
        tiled: Whether segments are tiles, which are complete at the picture's edges, too.
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
        """Whether samples can be read as bytes, exactly."""
        return self.compression in BYTEWISE and self.colors != "ycbcr"

    @property
    def planes(self) -> int:
        """How many planes are stored one after the other."""
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
        """The number of segments in all planes."""
        return self.planes * self.across * self.down

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of a segment, unpacked."""
        return -(-self.segment.width * (self.samples // self.planes) * self.bits // 8)

    @property
    def inks(self) -> int:
        """Colour samples of a pixel."""
        return _SAMPLES[self.colors]

    @property
    def channels(self) -> int:
        """Channels of the decoded picture: 1 (gray) or 3 (RGB)."""
        return 1 if self.colors == "gray" else 3

    @property
    def depth(self) -> int:
        """Bits per sample that its values need: 8 or 16."""
        return 8 if self.colors == "palette" or self.bits <= 8 else 16


def read_layout(page: ifd.Directory) -> SampleLayout:
    """The layout that ``page`` describes.

    Raises:
        UnsupportedImage: colours, numbers or bits per sample that no layout here describes.
        UnreadableImage: it makes no sense.
    """
    photometric = page.number(Tag.PHOTOMETRIC, 0)
    if photometric not in _COLORS:
        color = _OTHER_COLORS.get(photometric, f"of photometric {photometric}")
        raise UnsupportedImage(f"a TIFF {color}; convert it to RGB first")
    colors = _COLORS[photometric]
    samples = page.number(Tag.SAMPLES, _SAMPLES[colors])
    size = Size(page.number(Tag.WIDTH, 0), page.number(Tag.HEIGHT, 0))
    compression, tiled = page.number(Tag.COMPRESSION, 1), Tag.TILE_WIDTH in page.entries
    layout = SampleLayout(
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
    if colors == "cmyk" and page.number(Tag.INK_SET, _CMYK_INKS) != _CMYK_INKS:
        raise UnsupportedImage("a TIFF of other inks than CMYK; convert it to RGB first")
    return layout


def rows_per_strip(page: ifd.Directory, height: int) -> int:
    """Rows of a strip, at least 1; all of them where the tag is missing or makes no sense."""
    return max(1, min(page.number(Tag.ROWS_PER_STRIP, height) or height, height))


def _numbers(page: ifd.Directory, colors: Colors) -> Numbers:
    formats = set(page.numbers(Tag.SAMPLE_FORMAT, (1,)))
    if colors == "cielab" and formats <= {1, 2, 4}:
        return "unsigned"  # lightness is; a and b are signed, and some files say that
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
    """Meaning of the first extra sample; an undescribed one behind RGB is alpha, by custom."""
    default = UNASSOCIATED if colors == "rgb" else 0
    meaning = page.number(Tag.EXTRA_SAMPLES, default)
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
