"""Names of metadata that is not read, in all formats. A note says that it is left out.

What describes only how a file stored or showed its pixels is not metadata, and gets no name.
"""

import re
from collections.abc import Iterable

CREDENTIALS = "content credentials (C2PA), which are valid for the original only"
_C2PA_AT = 128  # where a box of content credentials names its kind at the latest
_C2PA = b"c2pa"
# In uuid boxes of AVIF and HEIC.
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_PADDING = b"\0\xff \t\r\n"
_NAME = re.compile(rb"[\w .:/+-]{2,}", re.ASCII)
_LONGEST = 24
_MOST = 12


def named(names: Iterable[str]) -> tuple[str, ...]:
    """``names`` for a note: each once, in their order, and only the first of very many."""
    found = tuple(dict.fromkeys(names))
    return found if len(found) <= _MOST else (*found[:_MOST], f"{len(found) - _MOST} more")


def labelled(kind: str, content: bytes) -> str:
    """``kind`` of a segment, with the name that its ``content`` begins with, if it has one."""
    found = _NAME.match(content[:_LONGEST].partition(b"\0")[0])
    return f"{kind} {found[0].decode().strip()}" if found else kind


def of_jumbf(kind: str, content: bytes) -> str:
    """The name of a box of the kind that content credentials use, among others."""
    return CREDENTIALS if _C2PA in content[:_C2PA_AT] else f"{kind} JUMBF"


def of_uuid(content: bytes) -> str:
    """The name of a uuid box."""
    return CREDENTIALS if content.startswith(_C2PA_UUID) else f"uuid {content[:16].hex()}"


def behind(data: bytes, end: int) -> tuple[str, ...]:
    """The name of what follows the picture, which ends at ``end``; padding has none."""
    rest = data[end:].strip(_PADDING)
    return (f"{len(rest):,} bytes behind the picture",) if rest else ()
