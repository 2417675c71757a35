"""Conditions on Google's storage, which compare generations, over a small server of this kind."""

import json
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sr_batch.stores.location import Place, place_of
from sr_batch.stores.object_store import ObjectStore
from sr_batch.stores.probe import probe_output
from sr_batch.stores.store import Taken


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    account = tmp_path / "account.json"
    keys = dict.fromkeys(("private_key", "private_key_id", "client_email"), "")
    account.write_text(json.dumps({**keys, "disable_oauth": True}))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(account))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stored": {}}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield place_of("gs://bucket/out", f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_only_the_expected_object_is_replaced(place: Place) -> None:
    probe_output(place)
    store = ObjectStore(place)
    first = store.publish("a.png", b"one", None, {}, "image/png")
    with pytest.raises(Taken):
        store.publish("a.png", b"two", None, {}, "image/png")
    store.publish("a.png", b"two", first, {}, "image/png")
    for key in ("a.png", "gone.png"):
        with pytest.raises(Taken):
            store.publish(key, b"three", first, {}, "image/png")
    assert store.read("a.png", None, 10) == b"two"


class _Handler(BaseHTTPRequestHandler):
    """Keeps objects with the number of their version, the generation."""

    protocol_version = "HTTP/1.1"
    stored: dict[str, tuple[int, bytes]]

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        generation, _ = self.stored.get(self.path, (0, b""))
        wanted = self.headers["x-goog-if-generation-match"]
        if wanted not in (None, str(generation)):
            self._answer(412, 0, b"")
            return
        self.stored[self.path] = (generation + 1, content)
        self._answer(200, generation + 1, b"")

    def do_GET(self) -> None:
        generation, content = self.stored.get(self.path, (0, b""))
        self._answer(200 if generation else 404, generation, content)

    do_HEAD = do_GET  # noqa: N815

    def do_DELETE(self) -> None:
        self.stored.pop(self.path, None)
        self._answer(204, 0, b"")

    def _answer(self, status: int, generation: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", f'"tag-{generation}"')
        self.send_header("x-goog-generation", str(generation))
        self.send_header("Last-Modified", formatdate(usegmt=True))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass
