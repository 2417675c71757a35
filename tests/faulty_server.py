"""A server of S3 with faults: it passes requests on to a sound one, and one rule meddles."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_CONDITIONS = ("If-None-Match", "If-Match")


@dataclass
class Asked:
    """A request on its way; a rule may change it."""

    method: str
    path: str
    headers: dict[str, str]


Rule = Callable[[Asked], "tuple[int, str] | str | None"]
"""Answers a request with a status and a code, passes it on (None), or ``lose`` s the answer."""

LOSE = "lose"


@dataclass
class Faulty:
    """A server with faults, and what it was asked."""

    endpoint: str = ""
    asked: list[Asked] = field(default_factory=list)


def ignore_conditions(asked: Asked) -> None:
    """Replace what is there, as servers do that do not know conditions."""
    for name in _CONDITIONS:
        asked.headers.pop(name, None)
        asked.headers.pop(name.lower(), None)


class Times:
    """Answer the first ``count`` requests of one method, and pass on all others."""

    def __init__(self, count: int, method: str, answer: tuple[int, str] | str) -> None:
        self._left, self._method, self._answer = count, method, answer
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> tuple[int, str] | str | None:
        with self._lock:
            if asked.method != self._method or not self._left:
                return None
            self._left -= 1
            return self._answer


@contextmanager
def faulty_server(sound: str, rule: Rule) -> Iterator[Faulty]:
    """A server in front of the ``sound`` one, ``http://HOST:PORT``, that obeys ``rule``."""
    faulty = Faulty()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(sound, rule, faulty))
    faulty.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(sound: str, rule: Rule, faulty: Faulty) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            asked = Asked(self.command, self.path, dict(self.headers.items()))
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            faulty.asked.append(asked)
            verdict = rule(asked)
            if isinstance(verdict, tuple):
                status, code = verdict
                told = f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode()
                self.reply(status, {}, told)
                return
            status, headers, content = _passed_on(sound, asked, body)
            if verdict == LOSE:
                self.close_connection = True
            else:
                self.reply(status, headers, content)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815

        def reply(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("connection", "date", "server", "transfer-encoding"):
                    self.send_header(name, value)
            if "content-length" not in map(str.lower, headers):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def _passed_on(sound: str, asked: Asked, body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(sound).netloc, timeout=30)
    try:
        connection.request(asked.method, asked.path, body, asked.headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers.items()), answer.read()
    finally:
        connection.close()
