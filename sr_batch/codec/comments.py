"""The comments of a JPEG or a GIF, and those that Photoshop stores beside its quality ("Ducky")."""

from collections.abc import Iterable, Iterator

from sr_batch.codec.png.texts import COMMENT
from sr_batch.core.image import Text

DUCKY = b"Ducky"
_MAX_COMMENT = 65533
_DUCKY_NAMES = {2: COMMENT, 3: "Copyright"}


def read(content: bytes) -> Text:
    """A comment, which has no encoding: UTF-8 if it can be that."""
    return Text(COMMENT, content.rstrip(b"\0").decode("utf-8", "surrogateescape"))


def of_ducky(content: bytes) -> Iterator[Text]:
    """The texts of a Ducky segment without its prefix: tag, length, number of UTF-16 units."""
    at = 0
    while at + 4 <= len(content):
        tag, length = (int.from_bytes(content[i : i + 2], "big") for i in (at, at + 2))
        text = content[at + 8 : at + 4 + length].decode("utf-16-be", "replace").rstrip("\0")
        if tag in _DUCKY_NAMES and text:
            keyword = _DUCKY_NAMES[tag]
            yield Text(COMMENT, text if keyword == COMMENT else f"{keyword}: {text}")
        at += 4 + length


def contents(texts: Iterable[Text]) -> Iterator[bytes]:
    """What the comment segments of a JPEG hold, or the comment extensions of a GIF."""
    for text in texts:
        if text.keyword.lower() == COMMENT.lower():
            content = text.text.encode("utf-8", "surrogateescape")
            for at in range(0, len(content), _MAX_COMMENT):
                yield content[at : at + _MAX_COMMENT]
