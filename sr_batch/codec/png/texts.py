"""The texts of a PNG (tEXt, zTXt, iTXt), and the profiles that programs store as texts."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sr_batch.core.image import Text

XMP_KEYWORD = "XML:com.adobe.xmp"
COMMENT = "Comment"
TEXTS = ("tEXt", "zTXt", "iTXt")
_RAW = "Raw profile type "
_PROFILES = ("icc", "icm", "exif", "APP1", "iptc", "8bim", "xmp")
_MAX_PROFILE = 1 << 26
_MAX_TEXTS = 1 << 23  # all together
_MAX_KEYWORD = 79
# Copies of EXIF that ImageMagick makes: they describe the pixels of the input.
_STALE = {"orientation", "pixelxdimension", "pixelydimension", "imagewidth", "imagelength"}


@dataclass(frozen=True)
class RawText:
    """A text chunk whose content is not unpacked yet."""

    keyword: str
    content: bytes
    packed: bool
    encoding: str
    language: str = ""
    translated: str = ""

    def plain(self, limit: int) -> bytes | None:
        """The bytes; None if they are damaged, or more than ``limit``."""
        if self.packed:
            return inflated(self.content, limit)
        return self.content if len(self.content) <= limit else None


def parse(kind: str, chunk: bytes) -> RawText | None:
    """The text in a chunk of one of the `TEXTS`; None if it is damaged."""
    head, _, rest = chunk.partition(b"\0")
    keyword = head.decode("latin-1")
    if not 0 < len(keyword) <= _MAX_KEYWORD:
        return None
    if kind == "tEXt":
        return RawText(keyword, rest, False, "latin-1")
    if kind == "zTXt":
        return RawText(keyword, rest[1:], True, "latin-1")
    if len(rest) < 4:
        return None
    language, _, rest_of_it = rest[2:].partition(b"\0")
    translated, _, content = rest_of_it.partition(b"\0")
    names = language.decode("latin-1"), translated.decode("utf-8", "replace")
    return RawText(keyword, content, rest[0] > 0, "utf-8", *names)


def kept(texts: list[RawText]) -> tuple[tuple[Text, ...], str]:
    """The texts that are not profiles, and a note if some cannot be kept."""
    found, room, lost = list[Text](), _MAX_TEXTS, False
    for raw in texts:
        if is_profile(raw.keyword):
            lost = lost or (raw.keyword != XMP_KEYWORD and _unpacked(raw) is None)
            continue
        if _is_stale(raw.keyword):
            continue
        plain = raw.plain(room)
        if plain is None:
            lost = True
            continue
        room -= len(plain)
        text = plain.decode(raw.encoding, "replace")
        found.append(Text(raw.keyword, text, raw.language, raw.translated))
    return tuple(found), "a damaged or very long text left out" if lost else ""


def is_profile(keyword: str) -> bool:
    """Whether a text of this keyword holds XMP or another profile."""
    known = (f"{_RAW}{kind}" for kind in _PROFILES)
    return keyword == XMP_KEYWORD or keyword in known


def raw_profile(texts: list[RawText], *kinds: str) -> bytes | None:
    """The first of these profiles that is stored as a text, as ImageMagick does it."""
    named = {f"{_RAW}{kind}" for kind in kinds}
    for raw in texts:
        if raw.keyword in named:
            return _unpacked(raw)
    return None


def _unpacked(raw: RawText) -> bytes | None:
    """The bytes of a profile that is stored as a text; None if it is damaged."""
    # An empty line, the kind, the length, then hexadecimal digits.
    plain = raw.plain(_MAX_PROFILE)
    try:
        return bytes.fromhex(b"".join((plain or b"").split(b"\n")[3:]).decode("ascii")) or None
    except ValueError:
        return None


def xmp(texts: list[RawText]) -> bytes | None:
    """The packet in an iTXt chunk, or where ImageMagick stores it."""
    prefix = b"http://ns.adobe.com/xap/1.0/\0"
    for raw in texts:
        if raw.keyword == XMP_KEYWORD and (packet := raw.plain(_MAX_PROFILE)):
            return packet
    packet = raw_profile(texts, "xmp")
    if packet is None and (other := raw_profile(texts, "APP1") or b"").startswith(prefix):
        packet = other
    return packet.removeprefix(prefix) if packet else None


def raw_kinds(texts: list[RawText]) -> tuple[str, ...]:
    """Which of EXIF and XMP are where ImageMagick 6 finds them."""
    names = {raw.keyword for raw in texts}
    return tuple(kind for kind in ("exif", "xmp") if f"{_RAW}{kind}" in names)


def raw_chunk(kind: str, profile: bytes) -> tuple[bytes, bytes]:
    """Name and content of the chunk in which ImageMagick stores a profile.

    The kind, the length, and hexadecimal digits in lines.
    """
    digits = profile.hex().encode("ascii")
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    text = b"\n%s\n%8d\n" % (kind.encode(), len(profile)) + b"\n".join(lines) + b"\n"
    return b"zTXt", f"{_RAW}{kind}".encode() + b"\0\0" + zlib.compress(text)


def chunks(texts: tuple[Text, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks that hold ``texts``."""
    for text in texts:
        keyword = text.keyword.encode("latin-1", "replace")[:_MAX_KEYWORD]
        if (simple := _latin(text)) is not None:
            yield b"tEXt", keyword + b"\0" + simple
            continue
        names = text.language.encode("ascii", "replace"), text.translated.encode("utf-8", "replace")
        content = _readable(text.text).encode("utf-8", "replace")
        yield b"iTXt", b"\0".join((keyword, b"\0", *names, content))


def inflated(packed: bytes, limit: int = _MAX_PROFILE) -> bytes | None:
    """None if it is damaged, or longer than ``limit``."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed, limit + 1)
    except zlib.error:
        return None
    return plain if inflater.eof and len(plain) <= limit else None


def _latin(text: Text) -> bytes | None:
    """The text in Latin-1, if it can say all of it."""
    if text.language or text.translated:
        return None
    try:
        return _readable(text.text).encode("latin-1")
    except UnicodeEncodeError:
        return None


def _readable(text: str) -> str:
    """``text``; one with bytes that are not UTF-8 is read as Latin-1."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def _is_stale(keyword: str) -> bool:
    prefix, _, name = keyword.lower().partition(":")
    return prefix == "exif" and name in _STALE
