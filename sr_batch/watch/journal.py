"""The last outcome of every source: a table in the state file of the output folder.

With it a restart need not read ten thousand files again, and ``status`` prints it. The ledger
knows the outputs; if this table is lost, sources are only compared with their outputs once more.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from sr_batch.batch.job import ALREADY_DONE
from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.files.stamp import Stamp
from sr_batch.files.state_db import Rows, StateFile

Status = Literal["done", "skipped", "failed", "waiting"]

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outcomes (source BLOB PRIMARY KEY, stamp TEXT NOT NULL,"
    " status TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,"
    " pixels INTEGER NOT NULL, finished REAL NOT NULL) WITHOUT ROWID"
)
_ALL = "SELECT source, stamp, status, error, attempts, pixels, finished FROM outcomes"
_FAILED = "SELECT source FROM outcomes WHERE status = 'failed'"
_WAITING = _ALL + " WHERE status = 'waiting'"
_RECORD = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)"
_OLD = "SELECT source FROM outcomes WHERE finished < ?"
_FORGET = "DELETE FROM outcomes WHERE source = ?"

# Sources that --after has moved or deleted. Another file may come under the name of each.
_REMOVED_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS removed (source BLOB NOT NULL, stamp TEXT NOT NULL,"
    " status TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,"
    " pixels INTEGER NOT NULL, finished REAL NOT NULL, place BLOB NOT NULL,"
    " PRIMARY KEY (source, stamp)) WITHOUT ROWID"
)
_REMOVED = (
    "SELECT source, place, stamp, status, error, attempts, pixels, finished FROM removed"
    " ORDER BY finished"
)
_REMOVED_OF = _REMOVED.replace(" ORDER", " WHERE source = ? OR source > ? AND source < ? ORDER")
_RECORD_REMOVED = "INSERT OR REPLACE INTO removed VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET_REMOVED = "DELETE FROM removed WHERE source = ? AND stamp = ?"
_PRUNE_REMOVED = "DELETE FROM removed WHERE status != 'failed' AND finished < ?"


@dataclass(frozen=True)
class Outcome:
    """The last outcome of a source.

    Attributes:
        stamp: The stamp of the source at that time.
        status: ``done`` means that its output exists. ``waiting`` means that it failed for a
            reason that may pass, and is retried after the pause that belongs to its attempts.
        error: One line; empty if it did not fail.
        attempts: How often it has failed with this stamp.
        pixels: Pixels of the input, 0 if not known.
        finished: Time of the outcome, in seconds since 1970.
    """

    stamp: str
    status: Status
    error: str
    attempts: int
    pixels: int
    finished: float


@dataclass(frozen=True)
class Removed:
    """A source that ``--after`` has moved or deleted.

    Attributes:
        source: Its path in the watched folder, where it no longer is.
        place: Where it was moved; None if it was deleted.
        outcome: Its last outcome.
    """

    source: Path
    place: Path | None
    outcome: Outcome


def outcome_of(
    result: JobResult, status: Status, stamp: Stamp, attempts: int, finished: float
) -> Outcome:
    """The outcome that ``result`` is for its source."""
    return Outcome(
        stamp=str(stamp),
        status=status,
        error=result.error if isinstance(result, Failed) else "",
        attempts=attempts,
        pixels=result.input_size.pixels if isinstance(result, Done) else 0,
        finished=finished,
    )


def final_status(result: JobResult) -> Status:
    """The status of a source that is not retried."""
    if isinstance(result, Failed):
        return "failed"
    skipped = isinstance(result, Skipped) and result.reason != ALREADY_DONE
    return "skipped" if skipped else "done"


class Journal:
    """The outcomes of the output folder ``root``."""

    def __init__(self, root: Path, notify: Callable[[str], None]) -> None:
        self._state = StateFile(root, _SCHEMA, notify)
        self._removed = StateFile(root, _REMOVED_SCHEMA, notify)

    def all(self) -> dict[Path, Outcome]:
        """Every source with its last outcome, without those that were removed."""
        return _outcomes(self._state.read(_ALL))

    def waiting(self) -> dict[Path, Outcome]:
        """The sources that failed and are retried."""
        return _outcomes(self._state.read(_WAITING))

    def failed(self) -> set[Path]:
        """The sources that failed and are not retried."""
        return {Path(os.fsdecode(source)) for (source,) in self._state.read(_FAILED)}

    def record(self, outcomes: Mapping[Path, Outcome]) -> None:
        """Store each as the last outcome of its source.

        Raises:
            StorageError: the disk is full or failing.
        """
        rows = [(os.fsencode(source), *astuple(outcome)) for source, outcome in outcomes.items()]
        self._state.write(_RECORD, *rows)

    def forget(self, sources: Iterable[Path]) -> None:
        """Delete the outcomes of ``sources``, so that a watch takes these files again.

        Raises:
            StorageError: the disk is full or failing.
        """
        self._state.write(_FORGET, *[(os.fsencode(source),) for source in sources])

    def removed(self) -> list[Removed]:
        """Every source that was moved or deleted, the oldest first."""
        return [_removed(row) for row in self._removed.read(_REMOVED)]

    def removed_of(self, name: Path) -> list[Removed]:
        """As :meth:`removed`, of the sources ``name`` and ``name`` with any suffix."""
        key = os.fsencode(name)
        rows = self._removed.read(_REMOVED_OF, key, key + b".", key + b"/")  # "/" follows "."
        return [_removed(row) for row in rows]

    def record_removed(self, sources: Collection[Removed]) -> None:
        """Store, just before they are moved or deleted, that ``sources`` are.

        If the watch is killed before that, each is an unknown source again.

        Raises:
            StorageError: the disk is full or failing.
        """
        self.forget(each.source for each in sources)
        rows = [
            (
                os.fsencode(each.source),
                *astuple(each.outcome),
                os.fsencode(each.place) if each.place else b"",
            )
            for each in sources
        ]
        self._removed.write(_RECORD_REMOVED, *rows)

    def forget_removed(self, sources: Iterable[Removed]) -> None:
        """Delete ``sources``, which are back in the watched folder, or were never removed.

        Raises:
            StorageError: the disk is full or failing.
        """
        rows = [(os.fsencode(each.source), each.outcome.stamp) for each in sources]
        self._removed.write(_FORGET_REMOVED, *rows)

    def prune(self, present: Collection[Path], before: float) -> None:
        """Delete outcomes older than ``before``, in seconds since 1970, of files not ``present``.

        A failed source that was moved stays, so that ``retry`` finds it.

        Raises:
            StorageError: the disk is full or failing.
        """
        old = [Path(os.fsdecode(source)) for (source,) in self._state.read(_OLD, before)]
        self.forget(source for source in old if source not in present)
        self._removed.write(_PRUNE_REMOVED, (before,))


def _outcomes(rows: Rows) -> dict[Path, Outcome]:
    return {
        Path(os.fsdecode(source)): Outcome(stamp, cast(Status, status), *rest)
        for source, stamp, status, *rest in rows
    }


def _removed(row: tuple[Any, ...]) -> Removed:
    source, place, stamp, status, *rest = row
    return Removed(
        Path(os.fsdecode(source)),
        Path(os.fsdecode(place)) if place else None,
        Outcome(stamp, cast(Status, status), *rest),
    )
