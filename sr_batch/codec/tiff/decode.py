"""TIFF: what a file says about its pages. `sr_batch.codec.tiff.pixels` fetches the samples."""

import struct
from collections.abc import Iterator

from sr_batch.codec.color import made_profile
from sr_batch.codec.container import Container
from sr_batch.codec.metadata import exif, ifd, photoshop, unread, xmp
from sr_batch.codec.metadata.tags import (
    GEOGRAPHIC,
    OF_EXIF,
    OF_PIXELS,
    TECHNICAL,
    UNREAD_NAMES,
    Tag,
)
from sr_batch.codec.tiff.colors import blocks, recipe
from sr_batch.codec.tiff.layout import read_layout
from sr_batch.codec.tiff.supported import require_supported
from sr_batch.core.errors import UnreadableImage, UnsupportedImage, about
from sr_batch.core.image import Metadata

_READ = frozenset(
    (Tag.XMP, Tag.IPTC, Tag.PHOTOSHOP, Tag.ICC, Tag.ORIENTATION, Tag.SAMPLE_FORMAT, Tag.INK_SET)
)
_CURVE = "transfer function left out, colors read with the curve of sRGB"
_STRANGE = "primaries make no sense, colors read as sRGB"
_GEOGRAPHIC = "GeoTIFF tags left out"
_REDUCED, _MASK = 1, 4
_OLD_REDUCED = 2
# Samples of a sensor: through a colour filter, and linear ones.
_OF_SENSORS = (32803, 34892)
# Of Sony, Panasonic, Nikon, Kodak and Pentax.
_RAW_COMPRESSIONS = (32767, 34316, 34713, 65000, 65535)
_MOST_INNER = 16
_MAX_PAGES = 2**16 - 1  # that can be numbered
# Directories may share values, such as a profile, but only up to this many bytes. A byte of a
# directory itself takes as long to read as several bytes of a value.
_SHARED_BYTES = 1 << 28
_DIRECTORY_COST = 16


def open_file(data: bytes) -> tuple[Container, ...]:
    """Read the structure of a TIFF: its pages. Truncated pixels are found only when decoded.

    Smaller copies of a page and masks are not pages.
    """
    found = _directories(data)
    if _is_reduced(found[0]) or any(_is_raw(data, page) for page in found):
        raise UnsupportedImage("a camera raw or only a preview; develop it to TIFF first")
    pages = [page for page in found if not _is_reduced(page) and not _is_mask(page)]
    if len(pages) < 2:
        return (_opened(data, pages[0] if pages else found[0]),)
    opened = []
    for number, page in enumerate(pages, 1):
        with about(f"page {number} of {len(pages)}"):
            opened.append(_opened(data, page))
    return tuple(opened)


def _opened(data: bytes, page: ifd.Directory) -> Container:
    layout = read_layout(page)
    require_supported(layout)
    how, remarks = recipe(page, layout), set[str]()
    profile, said = (None, ()) if how.foreign else _profile(page, gray=layout.channels == 1)
    notes = (*how.notes, *([_GEOGRAPHIC] if GEOGRAPHIC & page.entries.keys() else []), *said)
    orientation = page.number(Tag.ORIENTATION, 1)
    turn = orientation if 1 <= orientation <= 8 else 1
    packet = page.raw(Tag.XMP)
    return Container(
        format="tif",
        stored=layout.size,
        channels=layout.channels,
        alpha=layout.alpha > 0,
        depth=how.depth,
        orientation=turn,
        metadata=Metadata(
            icc=profile,
            exif=_exif(data, page, turn),
            xmp=packet and xmp.upright(packet, turn),
            photoshop=_resources(page),
            dpi=page.dpi(),
            unread=_unread(page),
            note="; ".join(notes) or None,
        ),
        blocks=lambda: blocks(data, page, how, remarks),
        remarks=remarks,
    )


def _directories(data: bytes) -> list[ifd.Directory]:
    """The directories up to the end of their chain, or up to one that was read before.

    Raises:
        UnreadableImage: the chain points outside the file, so that pages would be lost.
    """
    order, offset, big = ifd.read_header(data)
    found: dict[int, ifd.Directory] = {}
    room = len(data) + _SHARED_BYTES
    while offset and offset not in found:
        try:
            found[offset] = ifd.read_directory(data, offset, order, big)
        except (struct.error, OverflowError) as fault:
            raise UnreadableImage(
                f"truncated or damaged tif (directory {len(found) + 1} is missing)"
            ) from fault
        room -= _cost(found[offset], offset)
        if room < 0:
            raise UnreadableImage("damaged tif (its directories overlap)")
        if len(found) > _MAX_PAGES:
            raise UnsupportedImage(f"a TIFF of over {_MAX_PAGES} pages; split it first")
        offset = found[offset].next
    if not found:
        raise UnreadableImage("truncated or damaged tif (no directory)")
    return list(found.values())


def _cost(directory: ifd.Directory, offset: int) -> int:
    values = sum(len(entry.data) for entry in directory.entries.values())
    return _DIRECTORY_COST * (directory.next_at - offset) + values


def _is_raw(data: bytes, page: ifd.Directory) -> bool:
    """Whether a directory, or one below it, has what only camera raws have.

    The first directory of many raws is a thumbnail, which would be read as the picture.
    """
    if Tag.DNG in page.entries or Tag.LEAF in page.entries:
        return True
    if page.number(Tag.PHOTOMETRIC, 0) in _OF_SENSORS:
        return True
    if page.number(Tag.COMPRESSION, 0) in _RAW_COMPRESSIONS:
        return True
    return any(_is_raw(data, inner) for inner in _inner_directories(data, page))


def _inner_directories(data: bytes, page: ifd.Directory) -> Iterator[ifd.Directory]:
    for offset in page.numbers(Tag.SUB_DIRECTORIES, most=_MOST_INNER):
        try:
            inner = ifd.read_directory(data, offset, page.order, page.big)
        except (struct.error, OverflowError):
            continue
        inner.entries.pop(Tag.SUB_DIRECTORIES, None)  # one level, so that no circle is followed
        yield inner


def _is_reduced(page: ifd.Directory) -> bool:
    old = page.number(Tag.OLD_SUBFILE, 1) == _OLD_REDUCED
    return bool(page.number(Tag.SUBFILE, 0) & _REDUCED) or old


def _is_mask(page: ifd.Directory) -> bool:
    return bool(page.number(Tag.SUBFILE, 0) & _MASK)


def _resources(page: ifd.Directory) -> bytes | None:
    """Photoshop's image resources; an IPTC record in its own tag is made one of them."""
    resources = photoshop.tidied(page.raw(Tag.PHOTOSHOP) or b"")
    record = page.raw(Tag.IPTC)
    if record and not photoshop.iptc(resources):
        return photoshop.of_iptc(record) + (resources or b"")
    return resources


def _profile(page: ifd.Directory, *, gray: bool) -> tuple[bytes | None, tuple[str, ...]]:
    """The profile in the file, or of the primaries that it names; and notes."""
    if (icc := page.raw(Tag.ICC)) or gray:
        return icc, ()
    points = (*page.ratios(Tag.WHITE_POINT, 2), *page.ratios(Tag.PRIMARIES, 6))
    curve = (_CURVE,) if Tag.TRANSFER_FUNCTION in page.entries else ()
    try:
        made = made_profile.of_description(None, points if len(points) == 8 else None, gray=False)
    except ValueError:
        return None, (*curve, _STRANGE)
    return made, curve


def _unread(page: ifd.Directory) -> tuple[str, ...]:
    """Names of the tags that are not read."""
    tags = page.entries.keys() - OF_PIXELS - OF_EXIF - TECHNICAL - _READ - UNREAD_NAMES.keys()
    known = (UNREAD_NAMES[tag] for tag in sorted(page.entries.keys() & UNREAD_NAMES.keys()))
    damaged = photoshop.unread(page.raw(Tag.PHOTOSHOP))
    return unread.named((*known, *(f"tag {tag}" for tag in sorted(tags)), *damaged))


def _exif(data: bytes, page: ifd.Directory, turn: int) -> bytes | None:
    """The EXIF block of the page's descriptive tags, EXIF and GPS; None if it has none of them."""
    tree = ifd.read_tree(data, page)
    kept = {tag: entry for tag, entry in tree.items() if tag in OF_EXIF}
    if not kept:
        return None
    if Tag.ORIENTATION in tree:
        kept[Tag.ORIENTATION] = ifd.integers(page.order, ifd.SHORT, turn)
    return exif.upright(ifd.header(page.order, 8) + ifd.write_tree(kept, page.order, 8))
