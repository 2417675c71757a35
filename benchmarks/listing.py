"""What a bucket of a million objects costs to list: a server of pages, and the store that reads."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from benchmarks.setting import Row, Setting

COUNT = 1_000_000
SECONDS = 15.0
MEGABYTES = 200

_PAGE = 1000
_PAGES = COUNT // _PAGE
_LAST = f"{_PAGES - 1:04d}/{COUNT - 1:08d}.jpg"
_ENTRIES = "".join(
    f"<Contents><Key>photos/FOLDER/NUMBER{place:03d}.jpg</Key>"
    "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    f"<ETag>&quot;{0:024x}NUMBER{place:03d}&quot;</ETag><Size>300000</Size></Contents>"
    for place in range(_PAGE)
)
_LIST = """
import sys, time
from sr_batch.inference.model_memory import peak_bytes
from sr_batch.stores.location import place_of
from sr_batch.stores.opening import open_store
count, last = 0, ""
for item in open_store(place_of("s3://bucket/photos", sys.argv[1])).list():
    count, last = count + 1, item.key
print(count, last, peak_bytes(), time.process_time())
"""
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def listing(setting: Setting) -> Iterator[Row]:
    """List all keys in a process of its own; the server is another one."""
    with _server() as endpoint:
        started = time.perf_counter()
        told = subprocess.run(
            [sys.executable, "-c", _LIST, endpoint],
            capture_output=True,
            check=True,
            text=True,
            env=_CREDENTIALS,
        )
        seconds = time.perf_counter() - started
    count, last, peak, cpu = told.stdout.split()
    if (int(count), last) != (COUNT, _LAST):
        raise RuntimeError(f"{count} keys, the last one {last}")
    megabytes = int(peak) / 1e6
    yield Row(f"LIST of {COUNT:,} keys", f"{seconds:.1f} s", "<= 15 s", seconds <= SECONDS)
    yield Row("its CPU time, without the server", f"{float(cpu):.1f} s", "", True)
    within = megabytes <= MEGABYTES
    yield Row("its peak memory", f"{megabytes:.0f} MB", f"<= {MEGABYTES} MB", within)


@contextmanager
def _server() -> Iterator[str]:
    """The address of a server that answers every listing of a bucket of ``COUNT`` objects."""
    command = [sys.executable, "-c", "from benchmarks.listing import serve_pages; serve_pages()"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.kill()
        process.communicate()


def serve_pages() -> None:
    """Print the address, then answer until the end of the process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        content = _page(int(query.get("continuation-token", ["-1"])[0]) + 1)
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def _page(number: int) -> bytes:
    """A page is made from a pattern, so that the server leaves its core to the client."""
    entries = _ENTRIES.replace("FOLDER", f"{number:04d}").replace("NUMBER", f"{number:05d}")
    last = f"<NextContinuationToken>{number}</NextContinuationToken>"
    more = number < _PAGES - 1
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{last if more else ''}{entries}"
        "</ListBucketResult>"
    ).encode()
