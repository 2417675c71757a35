"""Objects in buckets, through obstore. Nothing else of this program imports it.

Credentials come from the environment and the files that obstore reads: ``AWS_ACCESS_KEY_ID``,
``AWS_PROFILE`` is not among them, roles of the machine are.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote

from sr_batch.core.errors import (
    ImageError,
    ImageTooLarge,
    SrBatchError,
    UnreadableImage,
    UnwritableOutput,
    UsageError,
)
from sr_batch.core.results import one_line
from sr_batch.stores.location import Place, unusable
from sr_batch.stores.object_errors import Answer, list_error, read_error, write_error
from sr_batch.stores.store import Changed, Head, Item, Taken

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode
    from obstore.store import ObjectStore as Client

MOST_BYTES = 5 << 30  # of one PUT, on S3; an upload in parts would cost a request more per object
_PAGE = 1000
_STANDARD = {  # attributes that are not facts
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Cache-Control",
    "Storage-Class",
}
_SAFE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_CONFLICT_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # seconds
RETRIES: dict[str, Any] = {
    "max_retries": 10,
    "backoff": {
        "init_backoff": timedelta(seconds=0.1),
        "max_backoff": timedelta(seconds=15),
        "base": 2,
    },
    "retry_timeout": timedelta(seconds=180),
}
_TIMEOUTS = {"connect_timeout": "5s", "read_timeout": "5m", "timeout": "30m"}


class ObjectStore:
    """A bucket below a prefix."""

    def __init__(self, place: Place, retries: Mapping[str, Any] = RETRIES) -> None:
        require_extra(place)
        self._place = place
        self._base = f"{place.prefix}/" if place.prefix else ""
        self._client = _client(place, retries)

    @property
    def url(self) -> str:
        return self._place.url

    def list(self, prefix: str = "") -> Iterator[Item]:
        import obstore

        within = self._base + prefix
        folder = within.rpartition("/")[0]
        try:
            for page in obstore.list(self._client, folder or None, chunk_size=_PAGE):
                for meta in page:
                    if meta["path"].startswith(within):
                        yield self._item(meta)
        except Exception as error:
            raise self._translated(error, lambda answer: list_error(answer, self.url)) from error

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
        for pause in (*_CONFLICT_PAUSES, None):
            try:
                return self._put(path, data, expect, attributes)
            except Exception as error:
                answer = Answer.of(error)
                if pause is None or not answer.is_conflict:
                    raise self._writing(error, key, len(data)) from error
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _put(self, path: str, data: bytes, expect: str | None, attributes: dict[str, str]) -> str:
        import obstore

        # "version": None in this dictionary is an error, too.
        mode = cast("PutMode", "create" if expect is None else {"e_tag": _quoted(expect)})
        stored = obstore.put(self._client, path, data, attributes=attributes, mode=mode)
        return _version(stored["e_tag"])

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
        def made(answer: Answer) -> SrBatchError:
            if answer.is_refusal:
                return Changed(f"{self._name(key)}: it changed after it was listed")
            return read_error(answer, self._name(key))

        return self._translated(error, made)

    def _writing(self, error: Exception, key: str, size: int) -> SrBatchError:
        def made(answer: Answer) -> SrBatchError:
            if answer.is_refusal:
                return Taken(f"{self._name(key)}: another object has this name, and is kept")
            return write_error(answer, self._name(key), size)

        return self._translated(error, made)

    def _translated(self, error: Exception, made: Any) -> SrBatchError:
        return cast(SrBatchError, made(Answer.of(error)))


def require_extra(place: Place) -> None:
    """Check that the library for object storage is installed.

    Raises:
        UsageError: it is not; the message says how to install it.
    """
    if find_spec("obstore") is None:
        raise UsageError(
            f"{place.url}: object storage needs obstore, which is not installed;"
            ' to install it: pip install "sr-batch[remote]"'
        )


def _client(place: Place, retries: Mapping[str, Any]) -> "Client":
    from obstore import store as stores

    options = {**_TIMEOUTS, "allow_http": place.endpoint.startswith("http://")}
    shared: dict[str, Any] = {"client_options": options, "retry_config": dict(retries)}
    try:
        if place.scheme == "s3":
            return stores.S3Store(place.bucket, **_s3(place), **shared)
        if place.scheme == "gs":
            where = {"base_url": place.endpoint} if place.endpoint else {}
            return stores.GCSStore(place.bucket, **where, **shared)
        where = {"endpoint": place.endpoint} if place.endpoint else {}
        return stores.AzureStore(place.bucket, **where, **shared)
    except Exception as error:
        raise UsageError(f"{place.url}: {Answer.of(error)}") from error


def _s3(place: Place) -> dict[str, Any]:
    """Settings of a client of S3.

    Buckets with locks want a checksum with each object.
    """
    settings: dict[str, Any] = {}
    if place.endpoint:
        settings["endpoint"] = place.endpoint
        settings["virtual_hosted_style_request"] = False
    if "AWS_CHECKSUM_ALGORITHM" not in os.environ:
        settings["checksum_algorithm"] = "SHA256"
    return settings


def _version(e_tag: str | None) -> str:
    """Without quotes, which some servers leave out in listings."""
    tag = e_tag or ""
    return tag[1:-1] if len(tag) > 1 and tag[0] == tag[-1] == '"' else tag


def _quoted(version: str) -> str:
    return version if version.startswith("W/") else f'"{version}"'
