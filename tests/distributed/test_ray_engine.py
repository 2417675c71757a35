"""The run's side of a cluster: what it makes of the messages of a driver, and of its end."""

import itertools
import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from sr_batch.core.errors import ClusterLost, SrBatchError, StorageError, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, JobResult, NotRun, Skipped
from sr_batch.distributed import ray_engine
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import RayAddress, ray_address
from sr_batch.distributed.ray_messages import (
    Begin,
    Connected,
    Ended,
    Finished,
    FromDriver,
    RaySettings,
    Said,
    Stop,
    Tasks,
    ToDriver,
    Wanted,
)
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.stores.location import Place
from sr_batch.stores.store import Item, Unreachable

SPEC = WorkerSpec((Place("s3://bucket/in"),), Place("s3://bucket/out"), UpscaleOptions(), "run")
Script = Callable[["FakeChild", ToDriver], None]


class FakeChild:
    """A driver that follows a script."""

    def __init__(self, script: Script) -> None:
        self.heard: queue.SimpleQueue[FromDriver | None] = queue.SimpleQueue()
        self.told: list[ToDriver] = []
        self.is_closed = False
        self._script = script

    def say(self, *messages: FromDriver | None) -> None:
        for message in messages:
            self.heard.put(message)

    def tell(self, message: ToDriver) -> None:
        self.told.append(message)
        self._script(self, message)

    def close(self) -> None:
        self.is_closed = True


def result(number: int) -> JobResult:
    return Skipped(f"s3://bucket/in/{number}.png", None, "done")


def obey(child: FakeChild, message: ToDriver) -> None:
    """Carry out everything, three jobs at a time."""
    if isinstance(message, Begin):
        child.say(Connected("head:8265"), Wanted(3))
    if isinstance(message, Tasks):
        done = tuple((one.number, result(one.number)) for one in message.tasks)
        child.say(Finished(done, 10), *([Ended()] if message.last else [Wanted(3)]))


def die(child: FakeChild, message: ToDriver) -> None:
    """Take three jobs, carry out one, and end."""
    if isinstance(message, Begin):
        child.say(Connected(""), Wanted(3))
    if isinstance(message, Tasks):
        child.say(Finished(((message.tasks[0].number, result(0)),)), None)


def jobs(count: int) -> Iterator[KeyedJob]:
    for number in range(count):
        yield KeyedJob(Item(f"{number}.png", 1, "v", 0.0))


class Run:
    """One run of the engine whose drivers follow ``scripts``, one after the other."""

    def __init__(self, patch: pytest.MonkeyPatch, *scripts: Script) -> None:
        self.children: list[FakeChild] = []
        self.said: list[str] = []
        self.pixels = 0
        self.stop = threading.Event()
        self._scripts = iter(scripts)
        patch.setattr(ray_engine, "RayChild", self._start)

    def __call__(self, inputs: Iterator[KeyedJob]) -> Iterator[JobResult]:
        settings = RaySettings(ray_address("local"))
        engine = ray_engine.ray_engine(settings, self._advance, self.said.append)
        return engine(SPEC, inputs, self.stop)

    def until_error(self, inputs: Iterator[KeyedJob]) -> tuple[list[JobResult], SrBatchError]:
        results = []
        with pytest.raises(SrBatchError) as caught:
            for each in self(inputs):
                results.append(each)  # noqa: PERF402 - kept when the error comes
        return results, caught.value

    def _start(self) -> FakeChild:
        self.children.append(FakeChild(next(self._scripts)))
        return self.children[-1]

    def _advance(self, pixels: int) -> None:
        self.pixels += pixels


def test_every_job_has_one_result_and_the_driver_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, obey)
    assert list(run(jobs(7))) == [result(number) for number in range(7)]
    assert run.said == ["the dashboard of the cluster: http://head:8265"]
    assert run.pixels == 30
    assert run.children[0].is_closed


def test_only_what_a_driver_asks_for_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, obey)
    listed: list[int] = []

    def endless() -> Iterator[KeyedJob]:
        for number in itertools.count():
            listed.append(number)
            yield KeyedJob(Item(f"{number}.png", 1, "v", 0.0))

    results = run(endless())
    assert [next(results) for _ in range(3)] == [result(number) for number in range(3)]
    assert len(listed) == 3
    results.close()  # type: ignore[attr-defined]
    assert run.children[0].is_closed


def test_another_driver_gets_the_jobs_that_a_killed_one_has_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Run(monkeypatch, die, obey)
    assert sorted(each.input for each in run(jobs(5))) == [result(n).input for n in range(5)]
    assert run.said[0] == "the driver of the cluster has ended, and is started again"
    again = run.children[1].told[1]
    assert isinstance(again, Tasks) and [one.number for one in again.tasks] == [1, 2]


def test_drivers_that_end_without_any_result_are_not_started_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def useless(child: FakeChild, message: ToDriver) -> None:
        child.say(Connected(""), None)

    run = Run(monkeypatch, *[useless] * 9)
    assert run.until_error(jobs(5))[1].exit_code == 5
    assert len(run.children) == 3


def test_a_lost_cluster_is_an_error_after_one_result_for_each_job_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(self: RayAddress, seconds: float = 5) -> None:
        if run.children:
            raise Unreachable("gone")

    monkeypatch.setattr(RayAddress, "check", unreachable)
    run = Run(monkeypatch, die)
    results, error = run.until_error(jobs(5))
    assert isinstance(error, ClusterLost) and error.exit_code == 5
    assert str(error) == (
        "the cluster local is lost: when it is back, run the same command again to go on"
    )
    assert results == [
        result(0),
        *(NotRun(f"s3://bucket/in/{n}.png", None, f"the run ended: {error}") for n in (1, 2)),
    ]


def test_a_cluster_that_takes_no_other_driver_in_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(child: FakeChild, message: ToDriver) -> None:
        if isinstance(message, Begin):
            child.say(Ended("Ray does not connect", 4))

    run = Run(monkeypatch, die, refuse, refuse, refuse)
    results, error = run.until_error(jobs(5))
    assert (len(results), type(error), len(run.children)) == (3, ClusterLost, 4)


def test_workers_that_reach_no_store_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(child: FakeChild, message: ToDriver) -> None:
        child.say(Connected(""), Ended("no worker can begin", 4))

    results, error = Run(monkeypatch, unreachable).until_error(jobs(5))
    assert (results, str(error), type(error)) == ([], "no worker can begin", Unreachable)


def test_a_cluster_of_its_own_that_does_not_start_is_not_taken_for_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results, error = Run(monkeypatch, lambda child, message: child.say(None)).until_error(jobs(5))
    assert (results, type(error)) == ([], Unreachable)
    assert str(error) == "--address local: Ray did not start here"


def test_a_driver_that_cannot_begin_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(child: FakeChild, message: ToDriver) -> None:
        child.say(Said("a note"), Ended("no such model", 2))

    results, error = Run(monkeypatch, refuse).until_error(jobs(5))
    assert (results, str(error), type(error)) == ([], "no such model", UsageError)


def test_a_full_store_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(child: FakeChild, message: ToDriver) -> None:
        obey(child, message) if isinstance(message, Begin) else None
        if isinstance(message, Tasks):
            failed = Failed("s3://bucket/in/0.png", None, "the bucket is full", "disk")
            child.say(Finished(((0, failed),)), Ended())

    results, error = Run(monkeypatch, full).until_error(jobs(5))
    assert (str(error), type(error)) == ("the bucket is full", StorageError)
    assert [each.status for each in results] == ["failed", "not_run", "not_run"]


def test_a_listing_that_fails_ends_the_run_after_the_results_of_what_it_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing() -> Iterator[KeyedJob]:
        yield from jobs(4)
        raise Unreachable("the server is gone")

    results, error = Run(monkeypatch, obey).until_error(failing())
    assert (len(results), str(error)) == (4, "the server is gone")


def test_a_stop_is_passed_on_and_what_was_not_begun_is_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end_on_stop(child: FakeChild, message: ToDriver) -> None:
        if isinstance(message, Stop):
            child.say(Ended())
        else:
            die(child, message) if isinstance(message, Begin) else run.stop.set()

    run = Run(monkeypatch, end_on_stop)
    assert list(run(jobs(9))) == [
        NotRun(f"s3://bucket/in/{number}.png", None, "the run was stopped") for number in range(3)
    ]
