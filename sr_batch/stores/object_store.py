"""Objects in buckets, through obstore.

Facts are the metadata of an object: S3 takes 2 kB of them. An output is one PUT, so that condition,
content and facts are one step.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote

from sr_batch.core.errors import (
    ImageError,
    ImageTooLarge,
    SrBatchError,
    UnreadableImage,
    UnwritableOutput,
)
from sr_batch.core.results import one_line
from sr_batch.stores.location import Place, unusable
from sr_batch.stores.object_client import Retries, open_client
from sr_batch.stores.object_errors import Answer, read_error, write_error
from sr_batch.stores.object_listing import list_objects
from sr_batch.stores.store import Changed, Head, Item, Taken

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode

MOST_BYTES = 5 << 30  # of one PUT, on S3; an upload in parts would cost a request more per object
_STANDARD = {  # attributes that are not facts
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Cache-Control",
    "Storage-Class",
}
_SAFE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # seconds


class ObjectStore:
    """A bucket below a prefix."""

    def __init__(self, place: Place, retries: Retries = Retries()) -> None:  # noqa: B008
        self._place = place
        self._base = f"{place.prefix}/" if place.prefix else ""
        self._client = open_client(place, retries)

    @property
    def url(self) -> str:
        return self._place.url

    def list(self, prefix: str = "") -> Iterator[Item]:
        """All objects whose key begins with ``prefix``, in the order of their keys, page by page.

        Hidden names are listed, too, and keys that cannot be read: reading them says why.

        Raises:
            StorageError: the bucket cannot be listed.
        """
        start = len(self._base)
        for page in list_objects(self._client, self._place, self._base + prefix):
            for key, size, e_tag, modified in page:
                yield Item(key[start:], size, _version(e_tag), modified)

    def head(self, key: str) -> Head | None:
        import obstore

        path = self._path(key, UnreadableImage)
        try:
            found = obstore.get(self._client, path, options={"head": True})
        except FileNotFoundError as error:
            if Answer.of(error).is_missing_bucket:
                raise self._reading(error, key) from error
            return None
        except Exception as error:
            raise self._reading(error, key) from error
        return Head(self._item(found.meta), self._facts(found.attributes))

    def read(self, key: str, version: str | None, limit: int) -> bytes:
        import obstore

        path = self._path(key, UnreadableImage)
        try:
            found = obstore.get(
                self._client, path, options={"if_match": _quoted(version)} if version else None
            )
            if found.meta["size"] > limit:
                raise ImageTooLarge(
                    f"{self._name(key)}: over {limit / 1e6:.0f} MB, more than an image within the"
                    " pixel limit needs; if it is an image, raise --max-pixels"
                )
            return bytes(found.bytes())
        except SrBatchError:
            raise
        except Exception as error:
            raise self._reading(error, key) from error

    def publish(
        self,
        key: str,
        data: bytes,
        expect: str | None,
        facts: Mapping[str, str],
        content_type: str,
    ) -> str:
        path = self._path(key, UnwritableOutput)
        if len(data) > MOST_BYTES:
            raise UnwritableOutput(
                f"{self._name(key)}: {len(data) / 1e9:.1f} GB, but a bucket takes 5 GB in one"
                " piece; choose another --format or a smaller size"
            )
        attributes = {"Content-Type": content_type, **self._attributes(facts)}
        unanswered = 0
        for pause in (*_PAUSES, None):
            try:
                return self._put(path, data, expect, attributes)
            except Exception as error:
                answer = Answer.of(error)
                lost = answer.is_refusal and (answer.was_repeated or unanswered)
                if lost and (version := self._own(key, len(data), facts)):
                    return version  # an earlier attempt was successful, but its answer was lost
                unanswered += not answer.status
                again = answer.is_conflict or (unanswered == 1 and not answer.status)
                if pause is None or not again:
                    raise self._writing(error, key, len(data)) from error
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _own(self, key: str, size: int, facts: Mapping[str, str]) -> str | None:
        """The version of ``key`` if it is what this run has stored with ``facts``."""
        head = self.head(key) if facts else None
        is_own = head and head.item.size == size and head.facts == dict(facts)
        return head.item.version if head and is_own else None

    def try_to_remove(self, key: str) -> None:
        """Remove ``key`` if the server permits it."""
        import obstore

        with suppress(Exception):
            obstore.delete(self._client, self._base + key)

    def _put(self, path: str, data: bytes, expect: str | None, attributes: dict[str, str]) -> str:
        import obstore

        mode = cast("PutMode", "create" if expect is None else self._condition(path, expect))
        stored = obstore.put(self._client, path, data, attributes=attributes, mode=mode)
        return _version(stored["e_tag"])

    def _condition(self, path: str, expect: str) -> dict[str, str]:
        """What must be at ``path``. Raises an error of obstore if it is something else by now.

        Google only compares the generation of an object, which listings do not show.
        """
        import obstore
        from obstore.exceptions import PreconditionError

        if self._place.scheme != "gs":
            return {"e_tag": _quoted(expect)}  # with "version": None, obstore fails
        with suppress(FileNotFoundError):
            meta = obstore.head(self._client, path)
            if _version(meta["e_tag"]) == expect:
                return {"e_tag": _quoted(expect), "version": meta["version"] or ""}
        raise PreconditionError("status code: 412: another version is there")

    def _path(self, key: str, refusal: type[ImageError]) -> str:
        if why := unusable(key):
            raise refusal(f"{self._name(key)}: {why}; rename it")
        return self._base + key

    def _name(self, key: str) -> str:
        return one_line(self._place.below(key))

    def _item(self, meta: "ObjectMeta") -> Item:
        return Item(
            meta["path"].removeprefix(self._base),
            meta["size"],
            _version(meta["e_tag"]),
            meta["last_modified"].timestamp(),
        )

    def _attributes(self, facts: Mapping[str, str]) -> dict[str, str]:
        azure = self._place.scheme == "az"  # takes no hyphen in a name
        return {
            name.replace("-", "_") if azure else name: quote(value, safe=_SAFE)
            for name, value in facts.items()
        }

    def _facts(self, attributes: Mapping[str, str]) -> dict[str, str]:
        azure = self._place.scheme == "az"
        return {
            name.replace("_", "-") if azure else name: unquote(value)
            for name, value in attributes.items()
            if name not in _STANDARD
        }

    def _reading(self, error: Exception, key: str) -> SrBatchError:
        answer = Answer.of(error)
        if answer.is_refusal:
            return Changed(f"{self._name(key)}: it changed after it was listed")
        return read_error(answer, self._name(key))

    def _writing(self, error: Exception, key: str, size: int) -> SrBatchError:
        answer = Answer.of(error)
        if answer.is_refusal:
            return Taken(f"{self._name(key)}: another object has this name, and is kept")
        return write_error(answer, self._name(key), size)


def _version(e_tag: str | None) -> str:
    """Without quotes, which some servers leave out in listings."""
    tag = e_tag or ""
    return tag[1:-1] if len(tag) > 1 and tag[0] == tag[-1] == '"' else tag


def _quoted(version: str) -> str:
    return version if version.startswith("W/") else f'"{version}"'
