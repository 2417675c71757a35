"""What ``status`` shows of the work of a watch."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sr_batch.core.errors import OutOfMemory, StorageError
from sr_batch.watch.activity import Activity, Now, Working, activity_of
from sr_batch.watch.clock import Clock
from tests.fakes import FakeUpscaler, save_picture
from tests.watch.conftest import Watching
from tests.watch.driver import Driver, failing
from tests.watch.test_watching import status


def now() -> Now:
    found = activity_of(Path.cwd() / "out", os.getpid())
    assert found
    return found


@pytest.mark.usefixtures("here")
def test_tells_what_is_settling_queued_and_in_work() -> None:
    seen: list[Now] = []

    one_by_one = threading.Lock()  # four threads work at the same time

    def look(name: str) -> None:
        with one_by_one:
            driver.seconds += 1
            driver.watch._activity.refresh()  # as at every step of a long picture
            seen.append(now())

    driver = Driver(FakeUpscaler(before=look))
    for number in range(40):
        save_picture(Path(f"in/{number}.png"), number)
    driver.go_on(0)
    driver.go_on(1)
    assert now() == Now(40, 0, ())
    driver.go_on(3)
    assert len(seen) == 40
    first = seen[0]
    ahead = [Working(Path.cwd() / f"in/{n}.png", driver.started) for n in (0, 1, 10, 11)]
    assert first.working[0] in ahead  # whose thread is first, the system decides
    assert 1 <= len(first.working) <= 4  # threads
    assert 39 <= first.queued + len(first.working) <= 40  # one may be finished already
    assert seen[-1].queued == 0
    driver.go_on(1)
    assert now() == Now(0, 0, ())


@pytest.mark.usefixtures("here")
def test_a_file_that_is_retried_is_not_queued() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(failing(1, OutOfMemory("out of memory")))
    driver.run(5)
    assert now() == Now(0, 0, ())
    driver.run(10)
    assert driver.upscaler.names


@pytest.mark.usefixtures("here")
def test_files_that_wait_for_a_full_disk_are_queued() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(failing(1, StorageError("the disk is full")))
    driver.run(5)
    assert now() == Now(0, 1, ())


@pytest.mark.usefixtures("here")
def test_an_earlier_process_of_the_same_number_is_not_believed() -> None:
    activity = Activity(Path("out"), Clock())
    activity.begin([Path("a.png")])
    activity.seen(3, 4)
    Activity(Path("out"), Clock())
    assert activity_of(Path("out"), os.getpid()) == Now(0, 0, ())
    assert activity_of(Path("out"), os.getpid() + 1) is None


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"process": 1}', '{"process": 1, "working": 3}'])
def test_a_damaged_file_says_nothing(text: str) -> None:
    Path("out/.sr-batch").mkdir(parents=True)
    Path("out/.sr-batch/watch.now.json").write_text(text)
    assert activity_of(Path("out"), 1) is None


def record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(status(folder, "status", "--json").stdout)
    return found


def works_on_others(folder: Path, watch: Watching, name: str) -> bool:
    """Whether the file ``name`` waits for a retry, and others are in work."""
    found = activity_of(folder / "out", watch.process.pid)
    in_work = {each.source.name for each in found.working} if found else set()
    waits = any(event["event"] == "waiting" for event in watch.events)
    return waits and bool(in_work) and name not in in_work


@pytest.mark.slow
def test_status_shows_the_work_of_a_living_process_alone(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    (tmp_path / "in/0.png").parent.mkdir()
    (tmp_path / "in/0.png").write_bytes(bytes(100))
    for number in range(1, 4):
        save_picture(tmp_path / f"in/{number}.png", number, (800, 600))
    # The file of the activity is written at most twice a second, and after each tile.
    watch = watching("--no-isolate", "--model", "edsr", "--tile", "64")
    watch.wait(lambda: works_on_others(tmp_path, watch, "0.png"))
    watch.process.send_signal(signal.SIGSTOP)  # so that it is in the middle of its work for long
    found = record(tmp_path)
    big = {str(tmp_path / f"in/{number}.png") for number in range(1, 4)}
    assert {each["input"] for each in found["working"]} <= big
    assert all(0 <= time.time() - each["since"] < 180 for each in found["working"])
    assert (found["process"], found["waiting"]) == (watch.process.pid, 1)
    (retry,) = found["retries"]
    assert retry["input"] == str(tmp_path / "in/0.png")
    lines = status(tmp_path).stdout.splitlines()
    assert lines[1].startswith("in work: ")
    assert any(line.startswith("in work since ") and "/in/" in line for line in lines)
    assert any(line.startswith("next retry at ") and "/in/0.png" in line for line in lines)

    watch.end(signal.SIGKILL)
    found = record(tmp_path)
    assert (found["process"], found["working"], found["queued"]) == (None, [], None)
    assert found["retries"] == [retry]
    assert "in work" not in status(tmp_path).stdout


def test_reads_the_state_of_an_earlier_version(tmp_path: Path) -> None:
    (tmp_path / "out/.sr-batch").mkdir(parents=True)
    connection = sqlite3.connect(tmp_path / "out/.sr-batch/state.sqlite")
    with connection:
        connection.execute(
            "CREATE TABLE outcomes (source BLOB PRIMARY KEY, stamp TEXT NOT NULL, status TEXT NOT"
            " NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL, pixels INTEGER NOT NULL,"
            " finished REAL NOT NULL) WITHOUT ROWID"
        )
        connection.execute("INSERT INTO outcomes VALUES (x'61', '1', 'waiting', 'e', 2, 0, 100)")
    connection.close()
    found = record(tmp_path)
    assert found["waiting"] == 1
    assert found["retries"] == [{"input": "a", "due": 130.0}]
