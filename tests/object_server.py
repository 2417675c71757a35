"""A real server of S3 on loopback, moto in this process: each bucket counts the versions of a key.

``from tests.object_server import bucket, object_server`` gives a test both fixtures.
"""

import itertools
import logging
import os
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}
_NUMBERS = itertools.count(1)
_HEADERS = {
    "Authorization": (  # moto reads the service from it
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request,"
        " SignedHeaders=host, Signature=0"
    ),
    "Content-Type": "application/octet-stream",
}
_VERSIONING = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Status>Enabled</Status></VersioningConfiguration>"
)


@dataclass(frozen=True)
class ObjectServer:
    """A server that runs, ``http://127.0.0.1:PORT``."""

    endpoint: str

    def make_bucket(
        self, name: str, versioned: bool = True, headers: Mapping[str, str] | None = None
    ) -> "Bucket":
        made = Bucket(self.endpoint, name)
        made.request("PUT", headers=headers)
        if versioned:
            made.request("PUT", query="versioning", data=_VERSIONING)
        return made


@dataclass(frozen=True)
class Version:
    """One version of an object, or a marker that it was deleted."""

    key: str
    etag: str
    size: int
    latest: bool


@dataclass(frozen=True)
class Bucket:
    """A bucket, reached by plain requests: moto does not look at signatures."""

    endpoint: str
    name: str

    @property
    def url(self) -> str:
        """``s3://NAME``, what the command line takes."""
        return f"s3://{self.name}"

    def put(self, key: str, data: bytes, facts: Mapping[str, str] | None = None) -> str:
        """Store an object without any condition; returns its ETag."""
        headers = {f"x-amz-meta-{name}": value for name, value in (facts or {}).items()}
        return str(self.request("PUT", key, data, headers)[1]["ETag"])

    def get(self, key: str) -> bytes:
        return self.request("GET", key)[0]

    def headers(self, key: str) -> Mapping[str, str]:
        """All headers of an object, its metadata among them, with names in lower case."""
        return {name.lower(): value for name, value in self.request("HEAD", key)[1].items()}

    def delete(self, key: str) -> None:
        self.request("DELETE", key)

    def versions(self) -> list[Version]:
        """Every version of every key, so that each PUT counts."""
        page = ElementTree.fromstring(self.request("GET", query="versions&max-keys=100000")[0])
        return [
            Version(
                each.findtext("{*}Key", ""),
                each.findtext("{*}ETag", ""),
                int(each.findtext("{*}Size", "0")),
                each.findtext("{*}IsLatest") == "true",
            )
            for each in page.iterfind("{*}Version")
        ]

    def keys(self) -> list[str]:
        """The keys that exist now, in their order."""
        return sorted(each.key for each in self.versions() if each.latest)

    def request(
        self,
        method: str,
        key: str = "",
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> tuple[bytes, Mapping[str, str]]:
        path = f"{self.name}/{quote(key)}" if key else self.name
        address = f"{self.endpoint}/{path}?{query}"
        asked = urllib.request.Request(
            address, data, {**_HEADERS, **(headers or {})}, method=method
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.read(), dict(answer.headers)


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    """One server for the whole session, with credentials for it in the environment."""
    with running_server() as server:
        yield server


@contextmanager
def running_server() -> Iterator[ObjectServer]:
    """A server in this process, with credentials for it in the environment."""
    from moto.moto_server.werkzeug_app import (  # takes 2 seconds
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = _one_change_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            for name, value in CREDENTIALS.items():
                patch.setenv(name, value)
            yield ObjectServer(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _one_change_at_a_time(application: Any) -> Any:
    """``application``, with a check of a condition and the change that follows as one step.

    Servers of S3 promise that; moto alone lets two threads pass the check.
    """
    lock = threading.Lock()

    def locked(environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return application(environ, start_response)
        with lock:
            return application(environ, start_response)

    return locked


@pytest.fixture
def bucket(object_server: ObjectServer) -> Bucket:
    """An empty bucket with versions."""
    return object_server.make_bucket(f"bucket-{next(_NUMBERS)}")
