"""Serves health and metrics over HTTP on the loopback interface.

The only importer of prometheus_client.
"""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.core.results import Done, JobResult
from sr_batch.watch.listener import Listener

HOST = "127.0.0.1"
# Longer than the longest step of an image, such as writing a huge PNG.
STALE = 120.0
_TICK = 0.1  # seconds between two checks for a shutdown

_Response = tuple[int, str, bytes]
_TEXT = "text/plain; charset=utf-8"


class MetricsServer(Listener):
    """Counts what a watch reports, and answers requests for it. Use as a context manager.

    Args:
        port: On the loopback interface; 0 takes any free port.
        clock: Seconds of a clock that never goes back; tests pass their own.

    Attributes:
        port: The port it listens on.

    Raises:
        UsageError: ``port`` is not available, or prometheus-client is not installed.
    """

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = _Metrics(self._age)
        self._clock = clock
        self._alive = clock()
        self._looked = clock()
        try:
            self._server = ThreadingHTTPServer((HOST, port), self._handler())
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"--serve {port}: {why}; choose another port") from error
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_TICK,))

    def __enter__(self) -> "MetricsServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add(self, result: JobResult) -> None:
        self._metrics.add(result)

    def look(self, folder: Path, waiting: int) -> None:
        self._metrics.waiting.labels(str(folder)).set(waiting)
        self._alive = self._looked = self._clock()

    def alive(self) -> None:
        self._alive = self._clock()

    def reload(self) -> None:
        self._metrics.waiting.clear()
        self.alive()

    def answer(self, path: str) -> _Response:
        """HTTP status, content type and body for a request of ``path``."""
        if path == "/healthz":
            still = self._clock() - self._alive
            if still > STALE:
                return 503, _TEXT, f"no progress for {still:.0f} s\n".encode()
            return 200, _TEXT, b"ok\n"
        if path == "/metrics":
            return 200, *self._metrics.page()
        return 404, _TEXT, b"not found: ask for /healthz or /metrics\n"

    def _age(self) -> float:
        return self._clock() - self._looked

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds for a slow client

            def do_GET(self) -> None:
                status, kind, content = answer(self.path.partition("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Do not log requests."""

        return Handler


class _Metrics:
    """The metrics, in their own registry."""

    def __init__(self, age: Callable[[], float]) -> None:
        try:
            import prometheus_client as client
        except ImportError as error:
            needs = pip("install", "prometheus-client")
            raise UsageError(f"--serve needs prometheus-client: {needs}") from error
        self._registry = client.CollectorRegistry()
        client.ProcessCollector(registry=self._registry)
        registry = self._registry
        self._files = client.Counter(
            "sr_batch_files", "Files by result.", ["status"], registry=registry
        )
        for status in ("done", "skipped", "failed"):
            self._files.labels(
                status
            )  # Prometheus needs the 0 before the first file to compute a rate
        self._pixels = client.Counter(
            "sr_batch_input_pixels", "Pixels of the inputs that were enlarged.", registry=registry
        )
        self._seconds = client.Counter(
            "sr_batch_image_seconds",
            "Seconds spent on the images that were enlarged.",
            registry=registry,
        )
        self.waiting = client.Gauge(
            "sr_batch_waiting_files",
            "Files that were seen and are not done.",
            ["folder"],
            registry=registry,
        )
        look = client.Gauge(
            "sr_batch_last_look_age_seconds",
            "Seconds since a folder was last checked.",
            registry=registry,
        )
        look.set_function(age)

    def add(self, result: JobResult) -> None:
        self._files.labels(result.status).inc()
        if isinstance(result, Done):
            self._pixels.inc(result.input_size.pixels)
            self._seconds.inc(result.seconds)

    def page(self) -> tuple[str, bytes]:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return CONTENT_TYPE_LATEST, generate_latest(self._registry)
