"""The format of a file by its first bytes, which are more reliable than its suffix."""

import codecs
from pathlib import Path

from sr_batch.codec.formats import FORMATS

_BY_SUFFIX = {suffix: row.name for row in FORMATS.values() for suffix in row.suffixes}
_BY_BRAND = {brand: row.name for row in FORMATS.values() for brand in row.brands}
_FEWEST = 16  # bytes that name every format; no picture has fewer
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)

# First bytes and names of other files that picture folders contain.
_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\1\0", "an icon"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"qoif", "QOI"),
    (b"II*\0\x10\0\0\0CR", "a camera raw"),
    (b"IIRO", "a camera raw"),
    (b"IIRS", "a camera raw"),
    (b"MMOR", "a camera raw"),
    (b"IIU\0", "a camera raw"),
    (b"II\x1a\0\0\0HEAPCCDR", "a camera raw"),
    (b"\0MRM", "a camera raw"),
    (b"FOVb", "a camera raw"),
    (b"FUJIFILMCCD-RAW", "a camera raw"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
# "ftyp" brands of the ISO container.
_OTHER_BRANDS = {
    b"mif1": "HEIF of another kind than HEIC and AVIF",
    b"msf1": "HEIF of another kind than HEIC and AVIF",
    b"crx ": "a camera raw",
}


def format_of_suffix(path: Path) -> str | None:
    """The format that ``path``'s suffix names, in any case; None if it is not supported."""
    return _BY_SUFFIX.get(path.suffix.lower())


def sniff(head: bytes) -> str | None:
    """The format of a file whose first 16 bytes or more are ``head``; None if not supported."""
    for row in FORMATS.values():
        if head.startswith(row.magic) and _fits_further(head, row.name):
            return row.name
    return next((_BY_BRAND[brand] for brand in _brands(head) if brand in _BY_BRAND), None)


def is_cut_short(head: bytes) -> bool:
    """Whether ``head`` is a whole file that ends before its format is certain.

    Args:
        head: The file, or its first 512 bytes.
    """
    if head[4:8] == b"ftyp" and len(head) >= 12:
        is_any_heif = head[8:12] in (b"mif1", b"msf1")  # a later brand says which
        return is_any_heif and len(head) < min(int.from_bytes(head[:4], "big"), 512)
    magics = [magic for row in FORMATS.values() for magic in row.magic]
    begun = any(magic.startswith(head) or head.startswith(magic) for magic in magics)
    box = head.startswith(b"\0\0\0") and b"ftyp".startswith(head[4:8])
    return len(head) < _FEWEST and (begun or box) and not _other(head)


def describe(head: bytes) -> str:
    """A name for a file that :func:`sniff` does not know; it completes the sentence "it is ..."."""
    known = _other(head)
    if known:
        return known
    if head[4:8] == b"ftyp":
        return _OTHER_BRANDS.get(head[8:12], "a video")
    if not any(head):
        return "all zeros"
    text = head.lstrip(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<svg", b"<?xml")):
        return "SVG or XML"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return "text" if _is_text(head) else "of an unknown kind"


def _fits_further(head: bytes, kind: str) -> bool:
    """Whether the bytes after the magic ones fit, for formats with few magic bytes."""
    match kind:
        case "webp":
            return head[8:12] == b"WEBP"
        case "tif":
            return not _other(head)
        case "bmp":
            return int.from_bytes(head[14:16], "little") in _BMP_HEADER_SIZES
        case _:
            return True


def _brands(head: bytes) -> list[bytes]:
    """The brands in the head of an ISO file, the main one first."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]


def _other(head: bytes) -> str | None:
    if head.startswith(FORMATS["tif"].magic) and head[8:12] in (b"IIII", b"MMMM"):
        # Phase One and Leaf; its first directory is a thumbnail.
        return "a camera raw" if b"waR" in head[12:16] or b"Raw" in head[12:16] else None
    return next((name for magic, name in _OTHERS if head.startswith(magic)), None)


def _is_text(head: bytes) -> bool:
    try:
        # Not final: the last character may be truncated.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
