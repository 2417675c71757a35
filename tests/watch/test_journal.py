import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch.batch.output_ledger import Ledger
from sr_batch.files.state_db import FOLDER
from sr_batch.watch.journal import Journal, Outcome, Removed, Status


def outcome(status: Status = "done", finished: float = 5.0, error: str = "") -> Outcome:
    return Outcome("1 2 3 4", status, error, 3, 96, finished)


def test_stores_the_last_outcome_of_every_source(tmp_path: Path) -> None:
    journal = Journal(tmp_path, pytest.fail)
    hostile = Path(os.fsdecode(b"in/\xff\n.png"))
    kept = {Path("a"): outcome(), hostile: outcome("failed", 1.5, "damaged")}
    journal.record({Path("a"): outcome("waiting")})
    for source, each in kept.items():
        journal.record({source: each})
    assert Journal(tmp_path, pytest.fail).all() == kept
    assert journal.failed() == {hostile}


def test_forgets_thousands_of_sources_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path, pytest.fail)
    journal.record({Path("kept"): outcome()})
    rows = [(f"{n}".encode(), "s", "done", "", 0, 0, 0.0) for n in range(1700)]
    connection = sqlite3.connect(tmp_path / FOLDER / "state.sqlite")
    with connection:
        connection.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    assert len(journal.all()) == 1701
    journal.forget(Path(str(n)) for n in range(1700))
    assert journal.all().keys() == {Path("kept")}
    journal.forget([])


def test_prunes_sources_that_are_missing_and_old(tmp_path: Path) -> None:
    journal = Journal(tmp_path, pytest.fail)
    for name, finished in (("old", 10), ("old and present", 10), ("young", 20)):
        journal.record({Path(name): outcome(finished=finished)})
    journal.prune({Path("old and present")}, 20)
    assert {str(source) for source in journal.all()} == {"old and present", "young"}


def test_a_source_that_is_removed_leaves_its_name_to_others(tmp_path: Path) -> None:
    journal = Journal(tmp_path, pytest.fail)
    hostile = Path(os.fsdecode(b"in/\xff\n.png"))
    first = Removed(hostile, None, outcome(finished=1))
    second = Removed(hostile, Path("in_failed/2"), replace(outcome("failed", 2), stamp="5 6 7 8"))
    journal.record({hostile: outcome()})
    journal.record_removed([first, second])
    assert journal.all() == {}
    assert Journal(tmp_path, pytest.fail).removed() == [first, second]
    journal.prune(set(), 20)
    assert journal.removed() == [second]  # retry needs it
    journal.forget_removed([second])
    assert journal.removed() == []


def test_reads_a_state_file_without_removed_sources(tmp_path: Path) -> None:
    """As earlier versions wrote it."""
    journal = Journal(tmp_path, pytest.fail)
    journal.record({Path("a"): outcome()})
    connection = sqlite3.connect(tmp_path / FOLDER / "state.sqlite")
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert ("removed",) not in tables
    assert (list(journal.all()), journal.removed()) == ([Path("a")], [])


def test_shares_the_state_file_with_the_ledger(tmp_path: Path) -> None:
    Journal(tmp_path, pytest.fail).record({Path("a"): outcome()})
    assert not Ledger(tmp_path, pytest.fail).paths()
    assert Journal(tmp_path, pytest.fail).all()


def test_reading_creates_no_file(tmp_path: Path) -> None:
    assert Journal(tmp_path, pytest.fail).all() == {}
    assert not any(tmp_path.iterdir())


def test_a_broken_state_file_is_set_aside_and_replaced(tmp_path: Path) -> None:
    lines: list[str] = []
    journal = Journal(tmp_path, lines.append)
    journal.record({Path("a"): outcome()})
    (tmp_path / FOLDER / "state.sqlite").write_bytes(b"no database " * 200)
    assert journal.all() == {}
    journal.record({Path("b"): outcome()})
    assert journal.all().keys() == {Path("b")}
    (line,) = lines
    assert "renamed to state.sqlite.corrupt, and a new one was started" in line
    assert (tmp_path / FOLDER / "state.sqlite.corrupt").exists()
