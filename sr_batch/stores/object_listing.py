"""Lists a bucket in the order of keys, page by page."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from sr_batch.core.errors import StorageError
from sr_batch.core.results import one_line
from sr_batch.stores.location import Place, unusable
from sr_batch.stores.object_client import signed_listing
from sr_batch.stores.object_errors import Answer, list_error
from sr_batch.stores.s3_page import read_page

if TYPE_CHECKING:
    from obstore import ObjectMeta

    from sr_batch.stores.object_client import Client

_PAGE = 1000
_FIELDS = itemgetter("path", "size", "e_tag", "last_modified")  # quicker than one by one


Found = tuple[str, int, str, float]
"""Whole key, size, ETag and time: a plain tuple, as a bucket may have millions."""


class _Unexpressible(Exception):
    """A page has a key that obstore cannot express, so that it drops the whole page."""


def list_objects(client: "Client", place: Place, beginning: str) -> Generator[list[Found]]:
    """All objects of a bucket whose whole key begins with ``beginning``, in the order of keys.

    Yields page by page, and asks for the next page while the caller works on this one. A bucket of
    S3 also lists the keys that `unusable` refuses. What some programs make for folders is left
    out: an empty object whose key ends with a slash.

    Raises:
        StorageError: the bucket cannot be listed.
    """
    pages = _pages(client, place, beginning)
    thread = ThreadPoolExecutor(1, "listing")
    try:
        coming = thread.submit(next, pages, None)
        while page := coming.result():
            try:
                coming = thread.submit(next, pages, None)
            except RuntimeError:  # the process ends, while a thread of it still counts inputs
                return
            yield page
    finally:
        thread.shutdown(wait=False)


def _pages(client: "Client", place: Place, beginning: str) -> Iterator[list[Found]]:
    after = ""
    while True:
        try:
            for found in _by_obstore(client, place, beginning, after):
                after = found[-1][0]
                yield found
            return
        except _Unexpressible as error:
            if place.scheme != "s3":
                raise StorageError(
                    f"{place.url} could not be listed: {one_line(str(error))}; rename that object"
                ) from error
        page = read_page(partial(signed_listing, place), beginning, after, place.url)
        while page.entries:
            after = page.entries[-1].key
            if entries := [each for each in page.entries if each.size or each.key[-1:] != "/"]:
                yield list(entries)
            if not page.more:
                return
            if not unusable(after):
                break  # obstore can go on from there
            page = read_page(partial(signed_listing, place), beginning, after, place.url)


def _by_obstore(
    client: "Client", place: Place, beginning: str, after: str
) -> Iterator[list[Found]]:
    import obstore
    from obstore.exceptions import InvalidPathError

    folder = beginning.rpartition("/")[0]
    try:
        stream = obstore.list(client, folder or None, offset=after or None, chunk_size=_PAGE)
        for page in stream:
            if entries := _entries(page, beginning, after):
                after = entries[-1][0]
                yield entries
    except InvalidPathError as error:
        raise _Unexpressible(str(error).partition("\n\n")[0]) from error
    except Exception as error:
        raise list_error(Answer.of(error), place.url) from error


def _entries(page: "Sequence[ObjectMeta]", beginning: str, after: str) -> list[Found]:
    """What ``page`` has of the keys that begin with ``beginning`` and follow ``after``."""
    entries = []
    for path, size, e_tag, modified in map(_FIELDS, page):
        # "folder/" is shown as "folder" here, which is out of the order of keys.
        if path.startswith(beginning) and (size or path > after):
            after = path
            entries.append((path, size, e_tag or "", modified.timestamp()))
    return entries
