"""How one watch treats failures: retries, a full disk, colliding outputs."""

import threading
from itertools import pairwise
from pathlib import Path

import pytest

from sr_batch.core.errors import OutOfMemory, StorageError
from sr_batch.core.options import After, UpscaleOptions
from sr_batch.core.results import Failed
from sr_batch.watch.journal import Journal
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import count, tree
from tests.watch.driver import Driver, failing

pytestmark = pytest.mark.usefixtures("here")


def test_a_young_damaged_file_is_retried() -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    Path("in").mkdir()
    Path("in/a.png").write_bytes(whole[:500])
    driver = Driver()
    assert driver.run(5) == []
    assert driver.results == []
    assert driver.lines[0].startswith("waiting: ")
    assert driver.lines[0].endswith("damaged png (it has no end); retrying in 10 s")
    Path("in/a.png").write_bytes(whole)
    assert driver.run(40) == ["a.png"]
    assert count(driver.results) == {"done": 1}


def test_a_file_that_stays_damaged_is_recorded_as_failed() -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    Path("in").mkdir()
    Path("in/a.png").write_bytes(whole[:500])
    driver = Driver()
    driver.run(450)
    assert count(driver.results) == {"failed": 1}
    assert 2 <= len(driver.lines) <= 4
    driver.start()
    driver.run(40)
    assert count(driver.results) == {"failed": 1}
    (outcome,) = Journal(Path("out"), pytest.fail).all().values()
    assert outcome.status == "failed"
    assert "a.png" in outcome.error


def test_restarts_do_not_shorten_the_pauses() -> None:
    """A service manager may restart the watch every few seconds."""
    save_picture(Path("in/a.png"))
    driver = Driver(failing(3, OutOfMemory("out of memory")))
    tried: list[float] = []
    for _ in range(75):
        before = len(driver.lines)
        driver.run(2)
        if len(driver.lines) > before:
            tried.append(driver.seconds)
        driver.gone += 2
        driver.start()
    assert count(driver.results) == {"done": 1}
    first, second, third = tried
    assert 8 <= second - first <= 14
    assert 28 <= third - second <= 34
    assert "retrying in 90 s" in driver.lines[-1]


def test_a_changed_file_is_retried_at_once_after_a_restart() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(failing(3, OutOfMemory("out of memory")))
    driver.run(130)
    assert len(driver.lines) == 3
    driver.gone += 10
    driver.start()
    assert driver.run(4) == []
    save_picture(Path("in/a.png"), 1)
    assert driver.run(40) == ["a.png"]  # 80 s are left of the pause


def test_a_file_that_is_not_an_image_fails_at_once() -> None:
    Path("in").mkdir()
    Path("in/a.jpg").write_text("text")
    driver = Driver()
    driver.run(3)
    assert count(driver.results) == {"failed": 1}


def test_a_file_that_ran_out_of_memory_is_retried() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(failing(2, OutOfMemory("out of memory")))
    assert driver.run(60) == ["a.png"]
    assert len(driver.lines) == 2
    assert count(driver.results) == {"done": 1}


def test_scans_keep_the_pauses_between_retries() -> None:
    save_picture(Path("in/a.png"))
    tries: list[float] = []

    def fail(name: str) -> None:
        tries.append(driver.seconds)
        raise OutOfMemory("out of memory")

    driver = Driver(FakeUpscaler(before=fail), {"rescan": 5.0})
    driver.started += 10**6  # the file is old, as each scan sees
    driver.run(500)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses == [10, 30, 90, 270]


def test_the_number_of_retries_is_limited() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(failing(99, OutOfMemory("out of memory")))
    driver.run(900)
    assert count(driver.results) == {"failed": 1}
    assert len(driver.lines) == 4


def test_a_full_disk_pauses_the_watch_and_loses_nothing() -> None:
    for seed in range(5):
        save_picture(Path(f"in/{seed}.png"), seed)
    driver = Driver(failing(3, StorageError("the disk is full")))
    assert driver.run(8) == []
    assert driver.lines == ["stopped: the disk is full"]
    driver.run(80)
    assert tree("out") == [f"{seed}.png" for seed in range(5)]
    assert count(driver.results) == {"done": 5}


def test_an_output_collision_fails_only_one_file() -> None:
    for name in ("a.png", "a.bmp", "b.png"):
        save_picture(Path("in") / name, seed=len(name))
    driver = Driver(pair={"options": UpscaleOptions(format="png")})
    driver.turn()
    assert count(driver.results) == {"done": 2, "failed": 1}
    (failed,) = [result for result in driver.results if isinstance(result, Failed)]
    assert "was made from another input" in failed.error
    assert [name for name in tree("out") if name.endswith(".png")] == ["a.png", "b.png"]


def test_a_failure_deleted_from_the_journal_is_retried() -> None:
    Path("in").mkdir()
    Path("in/a.jpg").write_text("text")
    driver = Driver()
    driver.run(3)
    journal = Journal(Path("out"), pytest.fail)
    journal.forget(journal.failed())
    driver.run(40)
    assert count(driver.results) == {"failed": 2}


def test_a_file_deleted_before_its_turn_is_not_a_failure() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    driver.watch.look()
    driver.seconds += 3
    batch = driver.watch.take()
    Path("in/a.png").unlink()
    driver.watch.work(batch, driver.upscaler, threading.Event())
    assert driver.go_on(40) == []
    assert (driver.results, driver.lines) == ([], [])


@pytest.mark.parametrize("after", ["keep", "move", "delete"])
def test_a_changed_output_is_kept_and_no_failure_is_repeated(after: After) -> None:
    source = save_picture(Path("in/a.png"))
    driver = Driver()
    driver.turn()
    edited = save_picture(Path("out/a.png"), seed=9, size=(12, 8)).read_bytes()
    driver.pair = {"after": after, "options": UpscaleOptions(verify=True)}
    driver.start()
    source.touch()
    assert [driver.turn() for _ in range(9)] == [[]] * 9
    assert count(driver.results) == {"done": 1, "skipped": 1}
    assert tree("in") == ["a.png"]  # an output that is not ours proves nothing about its source
    save_picture(source, seed=5)
    turns = [driver.turn() for _ in range(9)]
    assert Path("out/a.png").read_bytes() == edited
    if after == "keep":
        assert turns == [[]] * 9
        assert count(driver.results) == {"done": 1, "skipped": 1, "failed": 1}
    else:  # another picture of this name has an output of its own
        assert turns == [["a.png"], *[[]] * 8]
        assert tree("out") == ["a.png", "a_2.png"]
    places = {"keep": ["in/a.png"], "move": ["in_done/a.png"], "delete": []}
    assert [str(path) for path in Path().glob("in*/a.png")] == places[after]
