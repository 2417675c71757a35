"""A real cluster of a head and two nodes, and a real server of S3: what kills do to a run."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from sr_batch.core.errors import ClusterLost
from sr_batch.core.results import Failed, JobResult
from sr_batch.distributed import ray_engine
from sr_batch.distributed.ray_child import RayChild
from sr_batch.stores.store import Unreachable
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
    """Two nodes with a logical core each. They have the credentials of the server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ENVIRONMENT | {GATE: str(gate)}).items():
            patch.setenv(name, value)
        with ray_nodes(folder / "r") as started:
            yield started


@pytest.fixture
def work(bucket: Bucket, nodes: RayNodes) -> Work:
    return Work(bucket, nodes, IMAGES)


@contextmanager
def closed(gate: Path) -> Iterator[None]:
    gate.touch()
    try:
        yield
    finally:
        gate.unlink(missing_ok=True)


def test_driver_worker_and_node_are_killed_a_node_joins_another_gets_sigterm_and_an_image_kills(
    work: Work, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of that happens while images are in work; nothing is lost, and nothing made twice."""
    started: list[RayChild] = []

    class Remembered(RayChild):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    monkeypatch.setattr(ray_engine, "RayChild", Remembered)
    work.bucket.put(f"in/00020-{DEADLY}.png", picture(5))
    nodes, first, second = work.nodes, *NODES
    with ThreadPoolExecutor(1) as pool:
        with closed(gate):
            run = pool.submit(list, work.on_the_cluster())
            before = in_work(nodes, first, second)
            kill(started[0].pid)
            until(lambda: not before & set(nodes.workers()), "the end of its workers")
            in_work(nodes, first, second)
            killed = set(nodes.workers(first))
            kill(*killed, *nodes.raylets(second))
            until(lambda: not nodes.workers(second), "the end of its worker")
            nodes.start_again(second, cores=2)
            nodes.wait_for(second)
            assert killed.isdisjoint(in_work(nodes, first, second))
            nodes.terminate(first)
            until(lambda: any("about to be taken away" in text for text in work.said), "a note")
            assert nodes.workers(first, ".work")  # it may finish what it has
        results = run.result()
    until(lambda: not nodes.raylets(first), "the end of the node")
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


def in_work(nodes: RayNodes, *addresses: str) -> set[int]:
    """Wait until there is a worker on each node that has images."""
    until(lambda: all(nodes.workers(each, ".work") for each in addresses), "workers")
    return set(nodes.workers())


def has_come_or_ended(nodes: RayNodes, command: "subprocess.Popen[str]") -> bool:
    return len(nodes.workers(call=".work")) == 2 or command.poll() is not None


def both_in_work(work: Work, address: str) -> "subprocess.Popen[str]":
    """A command outside of the cluster that has a worker, as another run has.

    A busy head may answer the command too late.
    """
    for _ in range(3):
        command = work.command(address)
        until(partial(has_come_or_ended, work.nodes, command), "a worker for each run")
        if command.poll() is None:
            return command
        said, problem = command.communicate()
        assert command.returncode == Unreachable.exit_code, (said, problem)
    raise AssertionError("the head does not answer")


def test_two_runs_at_once_end_when_the_head_is_lost_and_have_written_every_output_once(
    work: Work, gate: Path
) -> None:
    """One of them is a command outside of the cluster."""
    nodes = work.nodes
    outside = f"ray://{HEAD}:{nodes.client_port}"
    results: list[JobResult] = []
    with ThreadPoolExecutor(1) as pool, closed(gate):
        run = pool.submit(extend, results, work.on_the_cluster(workers=1))
        command = both_in_work(work, outside)
        gate.unlink()
        until(lambda: len(results) >= 8, "results")
        kill(*nodes.heads())
        with pytest.raises(ClusterLost, match="run the same command again to go on"):
            run.result()
    said, problem = command.communicate(timeout=120)
    *others, sums = map(json.loads, said.splitlines())
    assert command.returncode == sums["exit_code"] == ClusterLost.exit_code, problem
    assert f"the cluster {outside} is lost" in problem
    assert sums["planned"] == len(others) == sum(sums[each] for each in STATUSES)
    assert names(results) == [f"{number:05}.png" for number in range(len(results))]
    work.here()
    work.require_whole()


def extend(results: list[JobResult], run: Iterator[JobResult]) -> None:
    for result in run:
        results.append(result)  # noqa: PERF402 - kept when the error comes
