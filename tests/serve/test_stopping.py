"""Work that nobody waits for ends within a second, and a server leaves nothing behind."""

import asyncio
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import sr_batch
from sr_batch.codec import encode_image, read_image
from sr_batch.core.image import Image
from sr_batch.serve import server
from sr_batch.serve.door import Door
from sr_batch.serve.events import Events
from sr_batch.serve.queue import Queue
from tests.cli.conftest import ENVIRONMENT, finish, start
from tests.serve.conftest import BASE, JOBS, OPTIONS, PATIENCE, Served, noise, picture, running

SOON = 2.0  # seconds: one, and one more for a busy machine
LONG = {"model": "edsr", "scale": "4", "self_ensemble": "true", "precision": "fp32"}
LARGE = (160, 160)
LARGE_FILE = encode_image(Image(np.zeros((2000, 2500, 3), np.uint8)), "png", 90)  # 15 MB as BMP


def until(reached: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait; how long it took."""
    started = time.monotonic()
    while not reached():
        assert time.monotonic() - started < seconds
        time.sleep(0.01)
    return time.monotonic() - started


def running_jobs(served: Served) -> int:
    """Jobs in work, those of waiting requests among them."""
    lines = served.client.get("/metrics").text.splitlines()
    line = next(line for line in lines if 'jobs{status="running"}' in line)
    return int(line.split()[-1])


@pytest.fixture(scope="module")
def opened(served: Served) -> Served:
    """The server, once the network of `LONG` is open: that cannot be stopped."""
    job = served.add(picture(8, 8), **LONG)["id"]
    served.wait_for(job, "done")
    return served


def test_cancel_stops_a_job_within_a_tile(opened: Served) -> None:
    served = opened
    job = served.add(picture(*LARGE), **LONG)["id"]
    served.wait_for(job, "running")
    time.sleep(0.5)  # into a tile
    canceled = served.client.post(f"{JOBS}/{job}/cancel").json()
    assert canceled["status"] == "canceled"
    # The next start succeeds once the worker has let go of the job.
    again = f"{JOBS}/{job}/start"
    small = {"model": "espcn"}
    took = until(lambda: served.client.post(again, json=small).status_code == 202)
    assert took < SOON
    assert served.wait_for(job, "done")["output"]["width"] == 320


def test_a_client_that_leaves_stops_its_work(opened: Served) -> None:
    served = opened
    until(lambda: running_jobs(served) == 0)
    address = httpx.URL(served.address)
    body = picture(*LARGE)
    query = "&".join(f"{name}={value}" for name, value in LONG.items())
    head = (
        f"POST /api/v1/upscale?{query} HTTP/1.1\r\nHost: {address.netloc.decode()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.host, address.port or 80)) as connection:
        connection.sendall(head.encode() + body)
        until(lambda: running_jobs(served) == 1)
        time.sleep(0.5)  # into a tile
    assert until(lambda: running_jobs(served) == 0) < SOON


def test_deleting_all_leaves_what_is_not_finished(served: Served) -> None:
    held = served.add(picture(), hold="1")["id"]
    done = served.add(picture())["id"]
    served.wait_for(done, "done")
    assert served.client.delete(JOBS).status_code == 204
    left = {job["id"] for job in served.client.get(JOBS).json()["jobs"]}
    assert held in left
    assert done not in left


def test_a_stream_tells_all_states_until_a_job_is_gone(served: Served) -> None:
    job = served.add(picture(), hold="1", name="streamed.png")["id"]
    seen: list[tuple[str, Any]] = []
    with served.client.stream("GET", "/api/v1/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            if not line.startswith("data: "):
                continue
            data = json.loads(line.removeprefix("data: "))
            if data["id"] != job:
                continue
            seen.append((kind, data.get("status")))
            if data.get("status") == "held":
                served.client.post(f"{JOBS}/{job}/start")
            elif data.get("status") == "done":
                served.client.delete(f"{JOBS}/{job}")
            elif kind == "gone":
                break
    assert seen[0] == ("job", "held")
    assert seen[-2:] == [("job", "done"), ("gone", None)]


def test_a_stream_sends_only_the_last_state_of_many() -> None:
    async def run() -> list[str]:
        events = Events()
        queue = Queue(events.changed)
        stream = events.stream(queue)
        texts = [await anext(stream)]
        job: Any = type("Known", (), {"id": "a", "to_json": lambda self, pace: {"id": "a"}})()
        queue.knows = lambda job: True  # type: ignore[method-assign]
        queue.pace = lambda job: None  # type: ignore[method-assign]
        for _ in range(100):
            events.changed(job)
        texts.append(await anext(stream))
        events.close()
        texts += [text async for text in stream]
        return texts

    texts = asyncio.run(run())
    assert [text.count("event: job") for text in texts[:2]] == [0, 1]
    assert len(texts) <= 3


def test_many_clients_at_once_get_their_own_pictures(served: Served) -> None:
    images = [noise(20 + seed, 16, seed) for seed in range(8)]
    expected = [sr_batch.upscale(image, "espcn").color for image in images]

    everyone = httpx.Limits(max_connections=64)
    with (
        httpx.Client(base_url=served.address, timeout=PATIENCE, limits=everyone) as client,
        ThreadPoolExecutor(64) as pool,
    ):

        def ask(number: int) -> bool:
            content = encode_image(images[number % 8], "png", 95)
            answer = client.post("/api/v1/upscale", content=content)
            assert answer.status_code == 200, answer.text
            made = read_image(answer.content, "", 10**6).color
            return bool((made == expected[number % 8]).all())

        assert all(pool.map(ask, range(64)))


def test_idle_networks_are_released(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Door(OPTIONS, BASE, print, tmp_path) as door:
        job = door.accept(door.store.keep(picture()), "a", {})
        until(lambda: job.status == "done")
        assert door.networks == 1
        until(lambda: job.stop is None)
        door.tidy()
        assert door.networks == 1
        object.__setattr__(door.options, "idle", 0.0)
        door.tidy()
        object.__setattr__(door.options, "idle", OPTIONS.idle)
        assert door.networks == 0
    assert list(tmp_path.iterdir()) == []
    after = set(threading.enumerate()) - before
    assert not [thread for thread in after if thread.name in ("job", "tidy")]


def test_a_stop_during_an_upload_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_GRACE", 0.2)
    with running(OPTIONS, BASE, tmp_path) as served:
        address = httpx.URL(served.address)
        host = address.netloc.decode()
        head = f"POST {JOBS} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n"
        files = len([*tmp_path.rglob("*")])
        connection = socket.create_connection((address.host, address.port or 80), PATIENCE)
        connection.sendall(head.encode() + b"begun")
        until(lambda: len([*tmp_path.rglob("*")]) > files)  # the upload has its file
    with connection:
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
    assert answer.startswith("HTTP/1.1 503 ")
    assert "application/problem+json" in answer
    assert "the server is being stopped" in answer
    assert list(tmp_path.iterdir()) == []


# The real process


def line_of(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout
    return process.stdout.readline().decode()


def test_a_signal_ends_a_busy_server_and_its_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "TMPDIR", str(tmp_path))
    process = start("serve", "--port", "0", "--device", "cpu", cwd=tmp_path)
    address = line_of(process).split()[2]
    with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
        done = Served(address, client).add(LARGE_FILE, scale="1", model="espcn", format="bmp")["id"]
        Served(address, client).wait_for(done, "done")
        client.post(JOBS, params=LONG, content=picture(*LARGE))
        with (
            client.stream("GET", f"{JOBS}/{done}/result") as result,
            client.stream("GET", "/api/v1/results.zip") as archive,
            client.stream("GET", "/api/v1/events") as stream,
        ):
            for download in (result, archive):  # more is not read: they never end by themselves
                assert next(download.iter_raw())
            texts = stream.iter_text()
            next(texts)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            for _ in texts:
                pass
        finished = finish(process)
    assert time.monotonic() - started < 10
    assert finished.code == 0
    assert list(tmp_path.glob("sr-batch*")) == []


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = finish(start("serve", "--port", str(port), cwd=tmp_path))
    assert finished.code == 2
    assert finished.err.count("\n") == 1
    assert f"--port {port}" in finished.err
