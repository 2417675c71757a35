"""Places that hold pictures: ``s3://bucket/prefix``, ``gs://``, ``az://``, ``file://``, folders."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sr_batch.core.errors import UsageError, did_you_mean
from sr_batch.core.results import one_line

_OBJECTS = ("s3", "gs", "az")
_SCHEMES = (*_OBJECTS, "file")
_OTHER_NAMES = {
    "s3a": "s3",
    "s3n": "s3",
    "gcs": "gs",
    "azure": "az",
    "abfs": "az",
    "abfss": "az",
    "adl": "az",
}
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_ONE_SLASH = re.compile(rf"({'|'.join(_SCHEMES)}):/(?!/)", re.IGNORECASE)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}


@dataclass(frozen=True)
class Place:
    """Where items are: a bucket below a prefix, or a folder. Made by :func:`place_of`.

    Attributes:
        url: ``s3://bucket/prefix`` without a slash at its end, or the path of a folder.
        endpoint: The server, ``http://host:port``; empty for the one of the provider.
    """

    url: str
    endpoint: str = ""

    @property
    def scheme(self) -> str:
        """``s3``, ``gs`` or ``az``; empty for a folder."""
        found = _URL.fullmatch(self.url)
        return found[1] if found else ""

    @property
    def is_remote(self) -> bool:
        """Whether it is a bucket."""
        return bool(self.scheme)

    @property
    def bucket(self) -> str:
        """The bucket, or the container of Azure."""
        return self._rest.partition("/")[0]

    @property
    def prefix(self) -> str:
        """The keys of its items begin with this and a slash; empty for the whole bucket."""
        return self._rest.partition("/")[2]

    @property
    def folder(self) -> Path:
        """The folder, for a place that is not a bucket."""
        return Path(self.url)

    def split(self) -> tuple["Place", str]:
        """The place above it, and its last name: for a URL that names one object."""
        above, _, name = self.url.rpartition("/")
        return Place(above, self.endpoint), name

    def below(self, key: str) -> str:
        """The URL or path of one item, for messages and results."""
        return f"{self.url}/{key}" if self.is_remote else str(self.folder / key)

    @property
    def _rest(self) -> str:
        return self.url.partition("://")[2]


def is_url(text: str) -> bool:
    """Whether ``text`` is meant as a URL, of a known scheme or not, and not as a path."""
    return bool(_URL.fullmatch(text) or _ONE_SLASH.match(text))


def require_path(given: str | Path, what: str) -> None:
    """Check that ``given`` is a path. A `Path` made from a URL has lost a slash.

    Raises:
        UsageError: it is a URL; ``what`` says why that cannot be.
    """
    if is_url(text := str(given)):
        shown = _ONE_SLASH.sub(r"\1://", text, count=1)
        raise UsageError(f"{one_line(shown)}: {what}")


def place_of(text: str, endpoint: str = "") -> Place:
    """The place that ``text`` names, a URL or a path.

    Args:
        text: As the user gave it. What follows ``s3://``, ``gs://`` and ``az://`` is not
            percent-decoded, as keys may hold any character; ``file://`` is.
        endpoint: Of ``--endpoint-url``; empty takes the environment variable of the provider.

    Raises:
        UsageError: an unknown scheme, a missing bucket, a prefix or endpoint that cannot be used.
    """
    shown = one_line(text)
    if slash := _ONE_SLASH.match(text):
        raise UsageError(
            f"{shown}: a URL has two slashes: {one_line(f'{slash[1]}://{text[slash.end() :]}')}"
        )
    found = _URL.fullmatch(text)
    if not found:
        return Place(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme == "file":
        return _file_place(shown, rest)
    if scheme not in _OBJECTS:
        raise UsageError(f"{shown}: {_unknown(scheme)}")
    return _bucket_place(scheme, rest, shown, endpoint or _from_environment(scheme))


def check_endpoint(endpoint: str) -> str:
    """``endpoint`` without a slash at its end.

    Raises:
        UsageError: it is not ``http://HOST[:PORT]`` or ``https://HOST[:PORT]``.
    """
    shown = f"--endpoint-url {one_line(endpoint)}"
    if "://" not in endpoint:
        raise UsageError(f"{shown}: it must begin with http:// or https://")
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{shown}: {error}") from error
    if parts.username or parts.password:
        raise UsageError(
            "--endpoint-url: put the credentials into environment variables such as"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not into the URL"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{shown}: it must be http://HOST:PORT or https://HOST:PORT")
    if parts.query or parts.fragment or _CONTROL.search(endpoint) or " " in endpoint:
        raise UsageError(f"{shown}: it must be http://HOST:PORT or https://HOST:PORT")
    return endpoint.rstrip("/")


def unusable(key: str) -> str | None:
    """Why no object with this key can be read or written; None if it can.

    The library for object storage does not express such keys, and would reach another object.
    """
    if _CONTROL.search(key):
        return "its name has a control character"
    parts = key.split("/")
    if "" in parts:
        return "its name begins or ends with a slash, or has two in a row"
    if "." in parts or ".." in parts:
        return 'its name has a part "." or ".."'
    return None


def _unknown(scheme: str) -> str:
    if scheme in ("http", "https"):
        return "give s3://BUCKET/PREFIX, and the server with --endpoint-url"
    if scheme in _OTHER_NAMES:
        return f"did you mean {_OTHER_NAMES[scheme]}://?"
    known = ", ".join(f"{each}://" for each in _SCHEMES)
    return f"no such kind of place: {did_you_mean(scheme, _SCHEMES, 0.5)}use one of {known}"


def _file_place(shown: str, rest: str) -> Place:
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise UsageError(f"{shown}: a file URL has three slashes: file:///folder")
    path = unquote(slash + path)
    if re.match(r"/[A-Za-z]:", path) and os.name == "nt":
        path = path[1:]
    return Place(path)


def _bucket_place(scheme: str, rest: str, shown: str, endpoint: str) -> Place:
    bucket, _, prefix = rest.partition("/")
    if "@" in bucket:
        raise UsageError(
            f"{scheme}://: put the credentials into environment variables, not into the URL"
        )
    if not bucket:
        raise UsageError(f"{shown}: the bucket is missing: {scheme}://BUCKET/PREFIX")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"{shown}: {one_line(bucket)} cannot be the name of a bucket")
    prefix = prefix.removesuffix("/")
    if prefix and (why := unusable(prefix)):
        raise UsageError(f"{shown}: {why}, which sr-batch cannot use as a prefix")
    url = f"{scheme}://{bucket}/{prefix}".removesuffix("/")
    return Place(url, check_endpoint(endpoint) if endpoint else "")


def _from_environment(scheme: str) -> str:
    return next((os.environ[name] for name in _ENDPOINTS[scheme] if os.environ.get(name)), "")
