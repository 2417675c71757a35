"""A real cluster of a head and two nodes, and a real server of S3: what kills do to a run."""

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sr_batch.core.errors import ClusterLost
from sr_batch.core.results import Failed, JobResult
from sr_batch.distributed import ray_engine
from sr_batch.distributed.ray_child import RayChild
from tests.distributed.memory_store import picture
from tests.distributed.ray_nodes import (
    ENVIRONMENT,
    HEAD,
    NODES,
    RayNodes,
    kill,
    ray_nodes,
    until,
)
from tests.distributed.ray_work import Work, names
from tests.distributed.ray_worker import DEADLY, GATE
from tests.object_server import Bucket, ObjectServer, bucket, object_server

__all__ = ["bucket", "object_server"]

pytestmark = [pytest.mark.slow, pytest.mark.alone]

IMAGES = 80
STATUSES = ("done", "skipped", "failed", "not_run")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def gate(folder: Path) -> Path:
    """No image begins while this file exists."""
    return folder / "gate"


@pytest.fixture(scope="module")
def nodes(object_server: ObjectServer, folder: Path, gate: Path) -> Iterator[RayNodes]:
    """Two nodes with two logical cores each. They have the credentials of the server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ENVIRONMENT | {GATE: str(gate)}).items():
            patch.setenv(name, value)
        with ray_nodes(folder / "r") as started:
            yield started


@pytest.fixture
def work(bucket: Bucket, nodes: RayNodes) -> Work:
    return Work(bucket, nodes, IMAGES)


def take(run: Iterator[JobResult], count: int) -> list[JobResult]:
    return [next(run) for _ in range(count)]


def test_killed_workers_nodes_and_drivers_and_an_image_that_kills_lose_nothing(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[RayChild] = []

    class Remembered(RayChild):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    monkeypatch.setattr(ray_engine, "RayChild", Remembered)
    work.bucket.put(f"in/00020-{DEADLY}.png", picture(5))
    run = work.on_the_cluster()
    results = take(run, 10)
    kill(work.nodes.workers()[0])
    results += take(run, 15)
    kill(*work.nodes.raylets(NODES[1]))
    results += take(run, 15)
    kill(started[0].pid)
    results += run
    work.nodes.start_again(NODES[1])
    assert len(started) == 2
    assert "the driver of the cluster has ended, and is started again" in work.said
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


def test_two_runs_at_once_end_when_the_head_is_lost_and_have_written_every_output_once(
    work: Work, gate: Path
) -> None:
    """One of them is a command outside of the cluster."""
    work.nodes.wait_for(NODES[1])
    gate.touch()
    outside = f"ray://{HEAD}:{work.nodes.client_port}"
    command = work.command(outside)
    with ThreadPoolExecutor(1) as pool:
        run = work.on_the_cluster()
        first = pool.submit(take, run, 20)
        until(lambda: len(work.nodes.workers()) == 4, "four workers")
        gate.unlink()
        results = first.result()
    kill(*work.nodes.heads())
    with pytest.raises(ClusterLost, match="run the same command again to go on"):
        results += run
    said, problem = command.communicate(timeout=120)
    assert command.returncode == ClusterLost.exit_code, problem
    *others, sums = map(json.loads, said.splitlines())
    assert f"the cluster {outside} is lost" in problem
    assert sums["planned"] == len(others) == sum(sums[each] for each in STATUSES)
    assert sums["exit_code"] == ClusterLost.exit_code
    assert names(results) == [f"{number:05}.png" for number in range(IMAGES)]
    work.here()
    work.require_whole()
