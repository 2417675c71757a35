"""Bodies, pictures and disks: what is too much is refused before it costs anything."""

import asyncio
import io
import re
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request

from sr_batch.serve import connection
from sr_batch.serve.body import receive
from sr_batch.serve.problems import Problem
from sr_batch.serve.store import Store
from tests.serve.conftest import JOBS, PATIENCE, Served, picture

UPSCALE = "/api/v1/upscale"
MB = 1_000_000


def png_bomb(width: int, height: int) -> bytes:
    """A small PNG whose pixels would take gigabytes."""
    rows = zlib.compress(bytes(1 << 20))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pieces(count: int, size: int = 100_000) -> Iterator[bytes]:
    """A body of unknown length."""
    for _ in range(count):
        yield bytes(size)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


def test_refuses_a_pixel_bomb_by_its_header(served: Served) -> None:
    status, detail = refused(served.client.post(UPSCALE, content=png_bomb(60_000, 60_000)))
    assert (status, "limit of 500,000" in detail) == (413, True)
    assert "--" not in detail


def test_refuses_outputs_with_too_many_pixels(served: Served) -> None:
    answer = served.client.post(JOBS, content=picture(200, 200), params={"scale": 8})
    status, detail = refused(answer)
    assert (status, "2,560,000" in detail, "2,000,000" in detail) == (413, True, True)


def test_refuses_a_body_by_its_stated_length(served: Served) -> None:
    answer = served.client.post(JOBS, content=bytes(MB + 1))
    assert refused(answer) == (413, "the body has more than 1 MB, the limit of this server")


@pytest.mark.parametrize("path", [JOBS, UPSCALE])
def test_counts_a_body_of_unknown_length(served: Served, path: str) -> None:
    assert refused(served.client.post(path, content=pieces(11)))[0] == 413


def test_counts_a_form_of_unknown_length(served: Served) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = (piece for part in ([head], pieces(11)) for piece in part)
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert refused(served.client.post(JOBS, content=body, headers=kind))[0] == 413


def test_refused_bodies_leave_no_files(served: Served, tmp_path: Path) -> None:
    before = stored(served)
    for _ in range(3):
        served.client.post(JOBS, content=pieces(11))
        served.client.post(JOBS, content=b"no picture")
    assert stored(served) == before


def stored(served: Served) -> str:
    metrics = served.client.get("/metrics").text
    return next(line for line in metrics.splitlines() if line.startswith("sr_batch_serve_stored"))


class Client:
    """Sends the messages of a body, and then nothing for ever."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)

    async def __call__(self) -> dict[str, Any]:
        if not self._chunks:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": self._chunks.pop(0), "more_body": True}


def request_of(client: Any, headers: dict[str, str] | None = None) -> Request:
    raw = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
    return Request({"type": "http", "headers": raw}, client)


def test_a_client_that_falls_silent_is_not_waited_for(tmp_path: Path) -> None:
    with Store(MB, tmp_path) as store:
        with pytest.raises(Problem) as error:
            asyncio.run(receive(request_of(Client(b"a", b"b")), store, MB, patience=0.05))
        assert error.value.status == 408
        assert store.used == 0


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"", []),
        (b"GET / HT", [b"408"]),
        (b"\x16\x03\x01\r\n\r\n", [b"400"]),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /", [b"421", b"408"]),
    ],
)
def test_headers_must_arrive_in_time(
    sent: bytes, statuses: list[bytes], served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEADERS_SECONDS", 0.05)
    address = httpx.URL(served.address)
    with socket.create_connection((address.host, address.port or 80), PATIENCE) as client:
        client.sendall(sent)
        answers = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == statuses
    assert answers.count(b"application/problem+json") == len(statuses)
    assert (b"did not arrive in time" in answers) == (b"408" in statuses)


def test_a_client_that_leaves_while_it_sends_leaves_no_file(tmp_path: Path) -> None:
    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with Store(MB, tmp_path) as store:
        with pytest.raises(ClientDisconnect):
            asyncio.run(receive(request_of(leave), store, MB))
        assert [path.name for path in store.folder.iterdir()] == ["lock"]


def test_a_disk_quota_ends_a_body_while_it_arrives(tmp_path: Path) -> None:
    with Store(1000, tmp_path) as store:
        with pytest.raises(Problem) as error:
            asyncio.run(receive(request_of(Client(bytes(600), bytes(600))), store, MB))
        assert error.value.status == 507
        assert store.used == 0


FORM = {"content-type": "multipart/form-data; boundary=x"}
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
DAMAGED: list[tuple[dict[str, str], bytes, int]] = [
    ({"content-type": "multipart/form-data"}, b"", 400),
    (FORM, b"no form", 400),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="scale"\r\n\r\n2\r\n--x--\r\n', 400),
    (FORM, FILE + b"1\r\n" + FILE + b"2\r\n--x--\r\n", 400),
    (FORM, FILE + b"cut", 400),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + bytes(3000), 413),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="a"\r\n' + b"A: b\r\n" * 99, 400),
    (FORM, b"--x\r\n\r\n\r\n" * 99, 413),
    ({"content-type": f"multipart/form-data; boundary={'x' * 999}"}, b"", 400),
]


@pytest.mark.parametrize(("headers", "body", "status"), DAMAGED)
def test_refuses_damaged_forms(
    headers: dict[str, str],
    body: bytes,
    status: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def send() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    with Store(MB, tmp_path) as store:
        with pytest.raises(Problem) as error:
            asyncio.run(receive(request_of(send, headers), store, MB))
        assert error.value.status == status
        assert store.used == 0
    assert not caplog.records  # clients could fill the terminal


def test_reads_a_form_that_arrives_byte_by_byte(tmp_path: Path) -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="scale"\r\n\r\n3\r\n'
    body = io.BytesIO(field + FILE + b"a\r\nb\r\n--x--\r\n")

    async def send() -> dict[str, Any]:
        piece = body.read(1)
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    with Store(MB, tmp_path) as store:
        received = asyncio.run(receive(request_of(send, FORM), store, MB))
        assert received.file.read() == b"a\r\nb"
        assert (received.name, received.fields) == ("a.png", {"scale": "3"})
