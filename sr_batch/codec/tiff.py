"""TIFF: what a file says about its one picture. The pixels are fetched by `tiff_pixels`."""

import struct

from sr_batch.codec import ifd, photoshop, xmp
from sr_batch.codec.container import Container
from sr_batch.codec.tags import OF_WORDS, Tag
from sr_batch.codec.tiff_pixels import UNASSOCIATED, Layout, blocks
from sr_batch.errors import UnreadableImage, UnsupportedImage
from sr_batch.geometry import Size
from sr_batch.image import Metadata

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_BITS = {
    _WHITE_IS_ZERO: (1, 2, 4, 8, 16),
    _BLACK_IS_ZERO: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _YCBCR: (8,),
}
_OTHER_COLORS = {
    4: "of a transparency mask",
    5: "in CMYK",
    8: "in CIELAB",
    9: "in CIELAB",
    10: "in CIELAB",
    32803: "of a camera's raw data",
    34892: "of a camera's raw data",
}
# None, LZW, deflate, packed bits, old deflate, LZMA, Zstandard: they pack bytes, not pixels.
_BYTEWISE = (1, 5, 8, 32773, 32946, 34925, 50000)
# Those of them under which a predictor means anything.
_PREDICTING = (5, 8, 32946, 34925, 50000)
_UNSIGNED, _UNKNOWN = 1, 4
_REDUCED, _MASK = 1, 4
_MAX_PAGES = 1000
_MOST_SAMPLES = 8  # a file of few pixels could have any number of them, and so take any memory


def open_file(data: bytes) -> Container:
    """Take a TIFF apart; whether its pixels are whole shows only when they are decoded."""
    order, offset, big = ifd.read_header(data)
    page = _only_page(data, offset, order, big)
    layout = _layout(page)
    orientation = page.number(Tag.ORIENTATION, 1)
    turn = orientation if 1 <= orientation <= 8 else 1
    packet = page.raw(Tag.XMP)
    return Container(
        format="tif",
        stored=layout.size,
        channels=layout.channels,
        alpha=layout.alpha > 0,
        depth=16 if layout.bits == 16 else 8,
        orientation=turn,
        metadata=Metadata(
            icc=page.raw(Tag.ICC),
            exif=None if big else _exif(data, page),
            xmp=packet and xmp.upright(packet, turn),
            photoshop=_resources(page),
            dpi=page.dpi(),
        ),
        blocks=lambda: blocks(data, page, layout),
    )


def _only_page(data: bytes, offset: int, order: str, big: bool) -> ifd.Directory:
    """The one picture of the file; smaller copies of it and masks behind it do not count."""
    pages = _pages(data, offset, order, big)
    if not pages:
        raise UnreadableImage("truncated or damaged tif (no directory)")
    if pages[0].number(Tag.SUBFILE, 0) & _REDUCED or Tag.DNG in pages[0].entries:
        raise UnsupportedImage("a camera raw or only a preview; develop it to TIFF first")
    full = sum(not page.number(Tag.SUBFILE, 0) & (_REDUCED | _MASK) for page in pages)
    if full > 1:
        raise UnsupportedImage(f"a TIFF of {full} pages; split it into one file a page first")
    return pages[0]


def _pages(data: bytes, offset: int, order: str, big: bool) -> list[ifd.Directory]:
    """The directories up to the end of their chain, a damaged one, or one seen before."""
    pages: dict[int, ifd.Directory] = {}
    while offset and offset not in pages and len(pages) < _MAX_PAGES:
        try:
            pages[offset] = ifd.read_directory(data, offset, order, big)
        except (struct.error, OverflowError):
            break
        offset = pages[offset].next
    return list(pages.values())


def _layout(page: ifd.Directory) -> Layout:
    photometric, bits = page.number(Tag.PHOTOMETRIC, 0), page.number(Tag.BITS, 1)
    compression = page.number(Tag.COMPRESSION, 1)
    colors = 3 if photometric in (_RGB, _YCBCR) else 1
    samples = page.number(Tag.SAMPLES, colors)
    plain = bits >= 8 and photometric <= _RGB and compression in _BYTEWISE
    _require_known(page, photometric)
    if bits == 16 and not plain:
        raise UnsupportedImage(f"a 16-bit TIFF of compression {compression}; use deflate or LZW")
    if samples < colors or samples > (_MOST_SAMPLES if plain else colors + 1):
        raise UnsupportedImage(f"a TIFF of {samples} samples per pixel; convert it to RGB first")
    size = Size(page.number(Tag.WIDTH, 0), page.number(Tag.HEIGHT, 0))
    return Layout(
        size=size,
        inverted=photometric == _WHITE_IS_ZERO,
        bits=bits,
        samples=samples,
        channels=1 if photometric <= _BLACK_IS_ZERO else 3,
        alpha=_alpha(page, photometric) if samples > colors else 0,
        plain=plain,
        separate=page.number(Tag.PLANAR, 1) == 2,
        predictor=page.number(Tag.PREDICTOR, 1) if compression in _PREDICTING else 1,
        segment=page.number(Tag.TILE_WIDTH, size.width) or size.width,
    )


def _require_known(page: ifd.Directory, photometric: int) -> None:
    """Refuse what would come out wrong."""
    if photometric not in _BITS:
        color = _OTHER_COLORS.get(photometric, f"of photometric {photometric}")
        raise UnsupportedImage(f"a TIFF {color}; convert it to RGB first")
    if set(page.numbers(Tag.SAMPLE_FORMAT, (_UNSIGNED,))) - {_UNSIGNED, _UNKNOWN}:
        raise UnsupportedImage("a TIFF of floating-point or signed samples; convert it first")
    bits = page.numbers(Tag.BITS, (1,))
    if len(set(bits)) > 1 or bits[0] not in _BITS[photometric]:
        raise UnsupportedImage(f"a TIFF of {bits[0]} bits per sample; convert it to 8 or 16 first")


def _alpha(page: ifd.Directory, photometric: int) -> int:
    """What the first extra sample is; a fourth without a word is alpha, as everybody takes it."""
    unsaid = UNASSOCIATED if photometric == _RGB else 0
    meaning = page.number(Tag.EXTRA_SAMPLES, unsaid)
    # CorelDRAW writes 999.
    return UNASSOCIATED if meaning == 999 else meaning if meaning in (1, 2) else 0


def _resources(page: ifd.Directory) -> bytes | None:
    """Photoshop's, or the IPTC that stands by itself as such a one."""
    resources = photoshop.tidied(page.raw(Tag.PHOTOSHOP) or b"")
    record = page.raw(Tag.IPTC)
    if record and not photoshop.iptc(resources):
        return photoshop.of_iptc(record) + (resources or b"")
    return resources


def _exif(data: bytes, page: ifd.Directory) -> bytes | None:
    """An EXIF block of what the file says about its picture; None if it says nothing."""
    tree = ifd.read_tree(data, page)
    words = {tag: entry for tag, entry in tree.items() if tag in OF_WORDS}
    if not words:
        return None
    if Tag.ORIENTATION in tree:
        words[Tag.ORIENTATION] = ifd.integers(page.order, ifd.SHORT, 1)
    return ifd.header(page.order, 8) + ifd.write_tree(words, page.order, 8)
