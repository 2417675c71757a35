"""A real cluster of a head and two nodes, and a real server of S3: what kills do to a run."""

import os
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sr_batch.core.errors import ClusterLost
from sr_batch.core.results import Done, Failed, JobResult
from sr_batch.distributed import ray_engine
from sr_batch.distributed.ray_child import RayChild
from tests.distributed.memory_store import picture
from tests.distributed.ray_nodes import ENVIRONMENT, HEAD, NODES, RayNodes, kill, ray_nodes
from tests.distributed.ray_work import Work, names
from tests.distributed.ray_worker import DEADLY
from tests.object_server import Bucket, ObjectServer, bucket, object_server

__all__ = ["bucket", "object_server"]

pytestmark = [pytest.mark.slow, pytest.mark.alone]

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
    """The first of two ports that are free, below those that Ray takes for workers."""
    for first in range(5000 + os.getpid() % 2400 * 2, 9998, 2):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("0.0.0.0", first))
                other.bind(("0.0.0.0", first + 1))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


@pytest.fixture
def work(bucket: Bucket, nodes: RayNodes) -> Work:
    return Work(bucket, nodes, IMAGES)


def take(run: Iterator[JobResult], count: int) -> list[JobResult]:
    return [next(run) for _ in range(count)]


def test_killed_workers_and_nodes_and_an_image_that_kills_lose_nothing(work: Work) -> None:
    work.bucket.put(f"in/00020-{DEADLY}.png", picture(5))
    run = work.on_the_cluster()
    results = take(run, 10)
    kill(work.nodes.workers()[0])
    results += take(run, 20)
    work.nodes.kill_node(NODES[1])
    results += run
    work.nodes.start_node(NODES[1])
    (failed,) = [result for result in results if isinstance(result, Failed)]
    assert failed.input == f"{work.bucket.url}/in/00020-{DEADLY}.png"
    assert failed.error.startswith(
        f"{failed.input}: its worker ended without an answer 3 times, while it worked on nothing"
        " else ("
    )
    assert names(results) == sorted(
        [f"{n:05}.png" for n in range(IMAGES)] + [f"00020-{DEADLY}.png"]
    )
    work.require_whole()


def test_a_driver_that_is_killed_is_started_again(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[RayChild] = []

    class Remembered(RayChild):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    monkeypatch.setattr(ray_engine, "RayChild", Remembered)
    run = work.on_the_cluster()
    results = take(run, 20)
    kill(started[0].pid)
    results += run
    assert len(started) == 2
    assert "the driver of the cluster has ended, and is started again" in work.said
    assert names(results) == [f"{number:05}.png" for number in range(IMAGES)]
    work.require_whole()


def test_two_drivers_at_once_write_every_output_once(work: Work) -> None:
    outside = f"ray://{HEAD}:{work.nodes.client_port}"
    with ThreadPoolExecutor(2) as pool:
        started = zip("12", (work.nodes.address, outside), strict=True)
        runs = list(pool.map(lambda each: list(work.on_the_cluster(*each)), started))
    for results in runs:
        assert names(results) == [f"{number:05}.png" for number in range(IMAGES)]
    assert sum(isinstance(result, Done) for results in runs for result in results) == IMAGES
    work.require_whole()


def test_a_lost_cluster_ends_the_run_with_the_results_so_far(work: Work) -> None:
    run = work.on_the_cluster()
    results = take(run, 10)
    work.nodes.kill_head()
    with pytest.raises(ClusterLost, match="run the same command again to go on"):
        results += run
    assert names(results) == [f"{number:05}.png" for number in range(IMAGES)]
    work.here()
    work.require_whole()
