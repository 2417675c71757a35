"""Clients of obstore: where they connect to, how long they wait, how often they try again.

Credentials come from the environment and from the roles of the machine, as obstore finds them:
``AWS_ACCESS_KEY_ID``, ``GOOGLE_APPLICATION_CREDENTIALS``, ``AZURE_STORAGE_ACCOUNT_NAME``. For S3,
they also come from the files below ``~/.aws``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.stores.aws_files import aws_settings
from sr_batch.stores.location import Place
from sr_batch.stores.object_errors import Answer

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Client = S3Store | GCSStore | AzureStore

_TIMEOUTS = {"connect_timeout": "5s", "read_timeout": "5m", "timeout": "30m"}
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_SIGNED_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Retries:
    """How long a request is repeated that a server refuses for now, or does not answer.

    Attributes:
        most: Attempts after the first.
        first: Seconds before the second attempt; each further pause is about twice as long.
        longest: Seconds of the longest pause.
        total: Seconds after which no attempt begins.
    """

    most: int = 10
    first: float = 0.1
    longest: float = 15.0
    total: float = 180.0

    def settings(self) -> dict[str, Any]:
        """As obstore takes them."""
        return {
            "max_retries": self.most,
            "backoff": {
                "init_backoff": timedelta(seconds=self.first),
                "max_backoff": timedelta(seconds=self.longest),
                "base": 2,
            },
            "retry_timeout": timedelta(seconds=self.total),
        }


def open_client(place: Place, retries: Retries) -> "Client":
    """A client for the bucket of ``place``; it has asked nothing yet.

    Raises:
        UsageError: obstore is not installed, or a setting is wrong or missing.
    """
    require_extra(place)
    from obstore.store import AzureStore, GCSStore, S3Store

    options = {**_TIMEOUTS, "allow_http": place.endpoint.startswith("http://")}
    shared: dict[str, Any] = {"client_options": options, "retry_config": retries.settings()}
    if place.endpoint:
        shared["base_url" if place.scheme == "gs" else "endpoint"] = place.endpoint
    try:
        if place.scheme == "s3":
            return S3Store(place.bucket, **_settings_of_s3(place), **shared)
        if place.scheme == "gs":
            return GCSStore(place.bucket, **shared)
        return AzureStore(place.bucket, **shared)
    except Exception as error:
        raise UsageError(f"{place.url}: {Answer.of(error).text}{_hint(place)}") from error


def require_extra(place: Place) -> None:
    """Check that the library for object storage is installed.

    Raises:
        UsageError: it is not; the message says how to install it.
    """
    if find_spec("obstore") is None:
        raise UsageError(
            f"{place.url}: object storage needs obstore, which is not installed;"
            f" to install it: {pip('install', 'sr-batch[remote]')}"
        )


def signed_listing(place: Place, query: Mapping[str, str]) -> str:
    """An address that answers a listing of a bucket of S3 with ``query``, without further headers.

    The client signs addresses of objects only. Here it takes the listing for the address of the
    server, and an object without a name; S3 ignores what follows ``x-end``.
    """
    import obstore
    from obstore.store import S3Store

    login = aws_settings()
    region = login.get("region") or _region()
    server = place.endpoint or f"https://s3.{region}.amazonaws.com"
    address = f"{server}/{place.bucket}?{urlencode(query, quote_via=quote, safe='')}"
    if os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("1", "true"):
        return address
    options: Any = {**_TIMEOUTS, "allow_http": address.startswith("http://")}
    client = S3Store(
        place.bucket,
        endpoint=f"{address}&x-end=",
        virtual_hosted_style_request=True,
        client_options=options,
        **cast("Any", login),
    )
    return obstore.sign(client, "GET", "", _SIGNED_FOR)


def _settings_of_s3(place: Place) -> dict[str, Any]:
    settings: dict[str, Any] = {"virtual_hosted_style_request": False} if place.endpoint else {}
    settings |= aws_settings()
    if "AWS_CHECKSUM_ALGORITHM" not in os.environ:
        settings["checksum_algorithm"] = "SHA256"  # buckets with locks want one
    return settings


def _region() -> str:
    return next((os.environ[name] for name in _REGIONS if os.environ.get(name)), "us-east-1")


def _hint(place: Place) -> str:
    if place.scheme == "az":
        return "; set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or another login"
    return ""
