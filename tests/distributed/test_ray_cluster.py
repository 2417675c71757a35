"""A real cluster of a head and two nodes, and a real server of S3: what kills do to a run."""

import os
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sr_batch.core.errors import ClusterLost
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult
from sr_batch.distributed import ray_child
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import ray_address
from sr_batch.distributed.ray_engine import ray_engine
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.opening import open_store
from tests.distributed.memory_store import picture
from tests.distributed.ray_nodes import ENVIRONMENT, NODES, RayNodes, kill, ray_nodes
from tests.distributed.ray_worker import DEADLY, OPENER, open_fake_worker
from tests.object_server import Bucket, ObjectServer, bucket, object_server

__all__ = ["bucket", "object_server"]

pytestmark = pytest.mark.slow

IMAGES = 80


@pytest.fixture(scope="module")
def nodes(object_server: ObjectServer) -> Iterator[RayNodes]:
    """Two nodes with two logical cores each. They have the credentials of the server."""
    folder = tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp")
    with pytest.MonkeyPatch.context() as patch, folder as path:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with ray_nodes(Path(path, "r"), free_ports()) as started:
            yield started


def free_ports() -> int:
    """The first of 16 ports that are free, below those that Ray takes for workers."""
    for first in range(5000 + os.getpid() % 300 * 16, 9900, 16):
        with ExitStack() as stack:
            try:
                for port in range(first, first + 16):
                    stack.enter_context(socket.socket()).bind(("0.0.0.0", port))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


@dataclass
class Work:
    """Images in a bucket, and runs over them."""

    bucket: Bucket
    nodes: RayNodes
    pixels: int = 0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(IMAGES):
            self.bucket.put(f"in/{number:03}.png", picture(number))

    def place(self, prefix: str) -> Place:
        return place_of(f"{self.bucket.url}/{prefix}", self.bucket.endpoint)

    def spec(self, run: str, output: str = "out") -> WorkerSpec:
        return WorkerSpec((self.place("in"),), self.place(output), UpscaleOptions(), run)

    def jobs(self) -> Iterator[KeyedJob]:
        return map(KeyedJob, open_store(self.place("in")).list())

    def on_the_cluster(self, run: str = "1", address: str = "") -> Iterator[JobResult]:
        to = ray_address(address or self.nodes.address)
        engine = ray_engine(RaySettings(to, workers=2, opener=OPENER), self._add, self.said.append)
        return engine(self.spec(run), self.jobs(), threading.Event())

    def here(self, output: str = "out") -> list[JobResult]:
        """A run in this process, without a cluster."""
        spec, halt = self.spec("here", output), threading.Event()
        with open_fake_worker(spec, halt, self._add, self.said.append) as worker:
            return [worker(job) for job in self.jobs() if DEADLY not in job.source.key]

    def require_whole(self) -> None:
        """Every output was written once, and is what a run in this process writes."""
        self.here("alone")
        written = Counter(each.key for each in self.bucket.versions())
        for number in range(IMAGES):
            out, alone = (f"{folder}/{number:03}.png" for folder in ("out", "alone"))
            assert written[out] == 1
            assert self.bucket.get(out) == self.bucket.get(alone)

    def _add(self, pixels: int) -> None:
        self.pixels += pixels


@pytest.fixture
def work(bucket: Bucket, nodes: RayNodes) -> Work:
    return Work(bucket, nodes)


def names(results: list[JobResult]) -> list[str]:
    return sorted(result.input.rpartition("/")[2] for result in results)


def take(run: Iterator[JobResult], count: int) -> list[JobResult]:
    return [next(run) for _ in range(count)]


def test_killed_workers_and_nodes_and_an_image_that_kills_lose_nothing(work: Work) -> None:
    work.bucket.put(f"in/020-{DEADLY}.png", picture(5))
    run = work.on_the_cluster()
    results = take(run, 10)
    kill(work.nodes.workers()[0])
    results += take(run, 20)
    work.nodes.kill_node(NODES[1])
    results += run
    work.nodes.start_node(NODES[1])
    (failed,) = [result for result in results if isinstance(result, Failed)]
    assert failed.error.startswith(
        f"{work.bucket.url}/in/020-{DEADLY}.png: its worker ended without an answer 3 times, while"
        " it worked on nothing else ("
    )
    assert names(results) == sorted([f"{n:03}.png" for n in range(IMAGES)] + [f"020-{DEADLY}.png"])
    work.require_whole()


def test_a_driver_that_is_killed_is_started_again(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Remembered(subprocess.Popen[bytes]):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(ray_child.subprocess, "Popen", Remembered)
    run = work.on_the_cluster(address=f"ray://127.0.0.2:{work.nodes.client_port}")
    results = take(run, 20)
    started[0].kill()
    results += run
    assert len(started) == 2
    assert "the driver of the cluster has ended, and is started again" in work.said
    assert names(results) == [f"{number:03}.png" for number in range(IMAGES)]
    work.require_whole()


def test_two_drivers_at_once_write_every_output_once(work: Work) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda run: list(work.on_the_cluster(run)), "12"))
    for results in runs:
        assert names(results) == [f"{number:03}.png" for number in range(IMAGES)]
    assert sum(isinstance(result, Done) for results in runs for result in results) == IMAGES
    work.require_whole()


def test_a_lost_cluster_ends_the_run_with_the_results_so_far(work: Work) -> None:
    run = work.on_the_cluster()
    results = take(run, 10)
    work.nodes.kill_head()
    with pytest.raises(ClusterLost, match="run the same command again to go on"):
        results += run
    assert names(results) == [f"{number:03}.png" for number in range(IMAGES)]
    work.here()
    work.require_whole()
