"""What the system tells of a real folder, and what is done when it tells too much."""

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

from sr_batch.watch import hints as module
from sr_batch.watch.hints import Hints

PATIENCE = 20


@pytest.fixture
def hints(tmp_path: Path) -> Hints:
    """Not begun: a test tells it by itself."""
    return Hints(tmp_path, lambda: None)


def test_tells_what_the_system_tells(tmp_path: Path) -> None:
    woken = threading.Event()
    with Hints(tmp_path, woken.set) as hints:
        assert hints.take() == ({}, True)  # nothing is known of what was there before
        (tmp_path / "a.png").write_bytes(b"words")
        found: dict[Path, bool] = {}
        while not found.get(tmp_path / "a.png"):
            assert woken.wait(PATIENCE)
            woken.clear()
            found |= hints.take()[0]
        (tmp_path / "folder").mkdir()
        lost = False
        while not lost:
            assert woken.wait(PATIENCE)
            woken.clear()
            lost = hints.take()[1]


def test_knows_what_is_whole(hints: Hints) -> None:
    hints.take()
    hints.on_any_event(FileModifiedEvent("/in/being written"))
    hints.on_any_event(FileClosedEvent("/in/closed"))
    hints.on_any_event(FileMovedEvent("/in/a.part", "/in/moved"))
    hints.on_any_event(FileDeletedEvent("/in/gone"))
    whole = {"being written": False, "closed": True, "moved": True, "gone": False}
    assert hints.take() == ({Path("/in", name): yes for name, yes in whole.items()}, False)
    assert hints.take() == ({}, False)


def test_a_warning_of_watchdog_asks_for_a_look_at_everything(tmp_path: Path) -> None:
    woken = threading.Event()
    with Hints(tmp_path, woken.set) as hints:
        hints.take()
        woken.clear()
        logging.getLogger("watchdog.observers").warning("events were lost")
        assert woken.is_set()
        assert hints.take() == ({}, True)
        assert hints.take() == ({}, False)


def test_a_file_that_is_opened_again_is_not_whole(hints: Hints) -> None:
    hints.on_any_event(FileClosedEvent("/in/a"))
    hints.on_any_event(FileModifiedEvent("/in/a"))
    assert hints.take()[0] == {Path("/in/a"): False}


def test_asks_for_a_look_where_a_folder_is_new(hints: Hints) -> None:
    hints.take()
    hints.on_any_event(DirModifiedEvent("/in"))
    assert hints.take() == ({}, False)
    hints.on_any_event(DirCreatedEvent("/in/new"))
    assert hints.take() == ({}, True)


def test_holds_no_more_than_it_may_and_asks_for_a_look(
    hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    hints.take()
    for number in range(10):
        hints.on_any_event(FileClosedEvent(f"/in/{number}"))
    hints.on_any_event(FileClosedEvent("/in/0"))  # known: no more than before
    changed, lost = hints.take()
    assert (len(changed), lost) == (10, False)
    for number in range(25):
        hints.on_any_event(FileClosedEvent(f"/in/{number}"))
    changed, lost = hints.take()
    assert len(changed) <= 10
    assert lost


def test_a_name_that_is_no_text_is_kept(hints: Hints) -> None:
    hints.on_any_event(FileClosedEvent(b"/in/\xff.png"))
    assert bytes(next(iter(hints.take()[0]))) == b"/in/\xff.png"


def test_a_folder_that_cannot_be_watched_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"), Hints(tmp_path / "none", lambda: None):
        pass
