"""One page of a listing of S3 as the server sends it.

obstore lists much faster, but fails on keys that it cannot express, such as ``a//b.png``.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from sr_batch.core.errors import StorageError

Sign = Callable[[Mapping[str, str]], str]
"""Makes an address of the query of a listing."""

_PAUSES = (0.2, 1.0, 5.0)  # seconds before a further attempt
_TIMEOUT = 60.0


class Entry(NamedTuple):
    """An object of a page, with its whole key."""

    key: str
    size: int
    e_tag: str
    modified: float


@dataclass(frozen=True)
class Page:
    """Objects in the order of their keys, and whether more follow."""

    entries: tuple[Entry, ...]
    more: bool


def read_page(sign: Sign, prefix: str, after: str, name: str) -> Page:
    """The first page of the keys that begin with ``prefix`` and follow ``after``.

    Raises:
        StorageError: there is no such answer; the message begins with ``name``.
    """
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix, "start-after": after}
    try:
        return _parsed(_fetched(sign(query)))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise StorageError(f"{name} could not be listed: {error}") from error


def _fetched(address: str) -> bytes:
    for pause in _PAUSES:
        try:
            return _once(address)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500:
                raise
        except OSError:
            pass
        time.sleep(pause)
    return _once(address)


def _once(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
        content: bytes = answer.read()
        return content


def _parsed(content: bytes) -> Page:
    page = ElementTree.fromstring(content)
    encoded = page.findtext("{*}EncodingType") == "url"
    entries = (_entry(each, encoded) for each in page.iterfind("{*}Contents"))
    return Page(tuple(entries), page.findtext("{*}IsTruncated") == "true")


def _entry(found: ElementTree.Element, encoded: bool) -> Entry:
    key = found.findtext("{*}Key", "")
    return Entry(
        unquote_plus(key) if encoded else key,
        int(found.findtext("{*}Size", "0")),
        found.findtext("{*}ETag", ""),
        datetime.fromisoformat(found.findtext("{*}LastModified", "")).timestamp(),
    )
