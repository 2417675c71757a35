"""Events of a real folder, and what happens when there are too many."""

import logging
import threading
from pathlib import Path

import pytest
from watchdog.events import (
    DirCreatedEvent,
    DirModifiedEvent,
    FileClosedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
)

from sr_batch.watch import file_events
from sr_batch.watch.file_events import FileEvents

TIMEOUT = 20


@pytest.fixture
def events(tmp_path: Path) -> FileEvents:
    """Not started: the test calls it."""
    return FileEvents(tmp_path, lambda: None)


def test_reports_files_and_new_folders(tmp_path: Path) -> None:
    woken = threading.Event()
    with FileEvents(tmp_path, woken.set) as events:
        assert events.take() == ({}, True)  # files from before are unknown
        (tmp_path / "a.png").write_bytes(b"text")
        found: dict[Path, bool] = {}
        while not found.get(tmp_path / "a.png"):
            assert woken.wait(TIMEOUT)
            woken.clear()
            found |= events.take()[0]
        (tmp_path / "folder").mkdir()
        scan_needed = False
        while not scan_needed:
            assert woken.wait(TIMEOUT)
            woken.clear()
            scan_needed = events.take()[1]


def test_knows_which_files_are_complete(events: FileEvents) -> None:
    events.take()
    events.on_any_event(FileModifiedEvent("/in/being written"))
    events.on_any_event(FileClosedEvent("/in/closed"))
    events.on_any_event(FileMovedEvent("/in/a.part", "/in/moved"))
    events.on_any_event(FileDeletedEvent("/in/gone"))
    complete = {"being written": False, "closed": True, "moved": True, "gone": False}
    assert events.take() == ({Path("/in", name): yes for name, yes in complete.items()}, False)
    assert events.take() == ({}, False)


def test_a_warning_of_watchdog_asks_for_a_scan(tmp_path: Path) -> None:
    woken = threading.Event()
    with FileEvents(tmp_path, woken.set) as events:
        events.take()
        woken.clear()
        logging.getLogger("watchdog.observers").warning("events were lost")
        assert woken.is_set()
        assert events.take() == ({}, True)
        assert events.take() == ({}, False)


def test_a_file_that_is_written_again_is_not_complete(events: FileEvents) -> None:
    events.on_any_event(FileClosedEvent("/in/a"))
    events.on_any_event(FileModifiedEvent("/in/a"))
    assert events.take()[0] == {Path("/in/a"): False}


def test_a_new_folder_asks_for_a_scan(events: FileEvents) -> None:
    events.take()
    events.on_any_event(DirModifiedEvent("/in"))
    assert events.take() == ({}, False)
    events.on_any_event(DirCreatedEvent("/in/new"))
    assert events.take() == ({}, True)


def test_too_many_files_ask_for_a_scan(events: FileEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_events, "_MAX_FILES", 10)
    events.take()
    for number in range(10):
        events.on_any_event(FileClosedEvent(f"/in/{number}"))
    events.on_any_event(FileClosedEvent("/in/0"))  # already counted
    changed, scan_needed = events.take()
    assert (len(changed), scan_needed) == (10, False)
    for number in range(25):
        events.on_any_event(FileClosedEvent(f"/in/{number}"))
    changed, scan_needed = events.take()
    assert len(changed) <= 10
    assert scan_needed


def test_keeps_a_name_that_is_not_valid_unicode(events: FileEvents) -> None:
    events.on_any_event(FileClosedEvent(b"/in/\xff.png"))
    assert bytes(next(iter(events.take()[0]))) == b"/in/\xff.png"


def test_a_folder_that_cannot_be_watched_raises_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"), FileEvents(tmp_path / "none", lambda: None):
        pass
