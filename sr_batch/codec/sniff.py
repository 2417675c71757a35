"""The format of a file by its first bytes, which are more reliable than its suffix."""

import codecs
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "jpg": ".jpg",
        "png": ".png",
        "webp": ".webp",
        "tif": ".tif",
        "bmp": ".bmp",
        "gif": ".gif",
        "avif": ".avif",
        "heic": ".heic",
        "jxl": ".jxl",
    }
)
_ALIASES = {".jpeg": "jpg", ".jpe": "jpg", ".jfif": "jpg", ".tiff": "tif", ".dib": "bmp"}
_ALIASES |= {".apng": "png", ".heif": "heic", ".hif": "heic"}
_BY_SUFFIX = {suffix: kind for kind, suffix in SUFFIXES.items()} | _ALIASES

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
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
_JXL_MAGIC = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
# "ftyp" brands of the ISO container: the main brand of a file, and compatible ones.
_BRANDS = dict.fromkeys((b"avif", b"avis"), "avif")
_BRANDS |= dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic")
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
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(_TIFF_MAGIC):
        return None if _other(head) else "tif"
    if head.startswith(b"BM") and int.from_bytes(head[14:16], "little") in _BMP_HEADER_SIZES:
        return "bmp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(_JXL_MAGIC):
        return "jxl"
    return next((_BRANDS[brand] for brand in _brands(head) if brand in _BRANDS), None)


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


def _brands(head: bytes) -> list[bytes]:
    """The brands in the head of an ISO file, the main one first."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]


def _other(head: bytes) -> str | None:
    if head.startswith(_TIFF_MAGIC) and head[8:12] in (b"IIII", b"MMMM"):
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
