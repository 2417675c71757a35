"""One server for all tests of a module, at a real socket, and small pictures to send."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import numpy as np
import pytest

from sr_batch.codec import encode_image
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.serve.server import serve
from sr_batch.serve.settings import ServeOptions

# Small limits, so that small pictures reach them.
OPTIONS = ServeOptions(port=0, max_body=1.0, max_output_pixels=2_000_000)
BASE = UpscaleOptions(model="espcn", max_pixels=500_000, jobs=2)
JOBS = "/api/v1/jobs"
PATIENCE = 60.0


def noise(width: int, height: int, seed: int = 0) -> Image:
    """A picture without flat parts."""
    random = np.random.default_rng(seed)
    return Image(random.integers(0, 256, (height, width, 3), np.uint8))


def picture(width: int = 24, height: int = 16, kind: str = "png", seed: int = 0) -> bytes:
    return encode_image(noise(width, height, seed), kind, 90)


@dataclass(frozen=True)
class Served:
    """A server that runs, and a client of it."""

    address: str
    client: httpx.Client

    def wait_for(self, job: str, *statuses: str) -> dict[str, Any]:
        """The JSON of a job once it has one of ``statuses``."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.client.get(f"{JOBS}/{job}").json()
            if found["status"] in statuses:
                return found
            time.sleep(0.02)
        raise AssertionError(f"still {found}")

    def add(self, content: bytes, **query: Any) -> dict[str, Any]:
        """A job that was added."""
        answer = self.client.post(JOBS, params=query, content=content)
        assert answer.status_code == 202, answer.text
        added: dict[str, Any] = answer.json()
        return added


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with running(OPTIONS, BASE, tmp_path_factory.mktemp("serve")) as server:
        yield server


class running:  # noqa: N801 - reads as a verb
    """A server in a thread, with its files in ``folder``."""

    def __init__(self, options: ServeOptions, base: UpscaleOptions, folder: Path) -> None:
        self._stop = threading.Event()
        self._started: Queue[str] = Queue()
        self._thread = threading.Thread(
            target=serve, args=(options, base, print, self._started.put, self._stop, folder)
        )

    def __enter__(self) -> Served:
        self._thread.start()
        address = self._started.get(timeout=PATIENCE)
        self._client = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)
        return Served(address.rstrip("/"), self._client)

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
