"""Names of the metadata in a JPEG's segments that is not read."""

from collections.abc import Iterable, Iterator

from sr_batch.codec import comments, jpeg_trailers
from sr_batch.codec.metadata import unread

_APP0, _APP1, _APP11, _LAST = 0xE0, 0xE1, 0xEB, 0xEF
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
# What segments begin with that are read, by marker. JFXX is a thumbnail.
_READ: dict[int, tuple[bytes, ...]] = {
    _APP0: (b"JFIF\0", b"JFXX\0"),
    _APP1: (_XMP_EXTENSION,),
    0xE2: (b"ICC_PROFILE\0", jpeg_trailers.MPF),
    0xEC: (comments.DUCKY,),
    0xED: (b"Photoshop 3.0\0",),
    0xEE: (b"Adobe",),
}
# Of these only the first is read.
_READ_ONCE = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")


def names(segments: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    """What is not read of ``segments``, which are markers and contents."""
    once = list(_READ_ONCE)
    for marker, content in segments:
        if not _APP0 <= marker <= _LAST or not any(content):
            continue
        start = next((each for each in once if content.startswith(each)), None)
        if marker == _APP1 and start:
            once.remove(start)
        elif not content.startswith(_READ.get(marker, ())):
            yield _name(marker, content)


def _name(marker: int, content: bytes) -> str:
    kind = f"APP{marker - _APP0}"
    if marker == _APP11 and content.startswith(b"JP"):
        return unread.of_jumbf(kind, content)
    return unread.labelled(kind, content)
