"""Boxes, items and pictures of an AVIF or a HEIC that are not read, as names for notes."""

from collections.abc import Iterable, Iterator

from sr_batch.codec.heif.isobmff import Items, boxes
from sr_batch.codec.metadata import unread

XMP = b"application/rdf+xml"
# "sefd" tells Samsung's own programs where the other boxes are.
_KNOWN_BOXES = {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"wide", b"pdin", b"sefd"}
_VIDEO = b"mpvd"
_CODED = {b"hvc1", b"hev1", b"av01", b"avc1", b"jpeg", b"vvc1", b"unci", b"j2k1"}
_MADE = {b"grid", b"iden", b"iovl", b"tmap"}


def names(data: bytes, items: Items, auxiliary: Iterable[bytes]) -> tuple[str, ...]:
    """Metadata that is not read, and ``auxiliary`` pictures of unknown kinds."""
    matte = (f"picture {kind.decode('latin-1').rpartition(':')[2]}" for kind in auxiliary)
    return unread.named((*_of_boxes(data), *_of_items(items), *sorted(matte)))


def has_video(data: bytes) -> bool:
    """Whether a motion photo's video is in the file."""
    return any(each.kind == _VIDEO for each in boxes(data, 0, len(data)))


def has_more_pictures(items: Items) -> bool:
    """Whether there are pictures that are not parts, copies or descriptions of the primary one."""
    described = {items.primary}
    for reference in items.references:
        if reference.kind == b"dimg":
            described.update(reference.targets)
            tone_mapped = items.by_number.get(reference.origin)
            if tone_mapped and tone_mapped.type == b"tmap":
                described.add(reference.origin)
        elif reference.kind in (b"auxl", b"thmb"):
            described.add(reference.origin)
    pictures = (n for n, item in items.by_number.items() if item.type in _CODED | _MADE)
    return not described.issuperset(pictures)


def _of_boxes(data: bytes) -> Iterator[str]:
    for each in boxes(data, 0, len(data)):
        content = data[each.start : min(each.end, each.start + 256)]
        if each.kind == b"uuid":
            yield unread.of_uuid(content)
        elif each.kind == b"jumb":
            yield unread.of_jumbf("box", content)
        elif each.kind not in {*_KNOWN_BOXES, _VIDEO}:
            yield unread.labelled("box", each.kind)


def _of_items(items: Items) -> Iterator[str]:
    for item in items.by_number.values():
        if item.type == b"mime" and item.mime != XMP:
            yield unread.labelled("item", item.mime)
        elif item.type not in {*_CODED, *_MADE, b"mime", b"Exif"}:
            yield unread.labelled("item", item.type)
