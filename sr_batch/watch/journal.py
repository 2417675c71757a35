"""What a watch made of each source: a table in the output folder's state file.

It saves reading ten thousand files after every restart, and is what ``status`` prints. What an
output holds is the ledger's business; without this table work is only looked at once more.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal, cast

from sr_batch.files.state_db import StateFile

Status = Literal["done", "failed", "waiting"]

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outcomes (source BLOB PRIMARY KEY, stamp TEXT NOT NULL,"
    " status TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,"
    " pixels INTEGER NOT NULL, finished REAL NOT NULL) WITHOUT ROWID"
)
_ALL = "SELECT source, stamp, status, error, attempts, pixels, finished FROM outcomes"
_FAILED = "SELECT source FROM outcomes WHERE status = 'failed'"
_RECORD = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)"
_OLD = "SELECT source FROM outcomes WHERE finished < ?"
_FORGET = "DELETE FROM outcomes WHERE source = ?"


@dataclass(frozen=True)
class Outcome:
    """The last that happened to a source.

    Attributes:
        stamp: What the source looked like then.
        status: ``waiting`` failed for a reason that may pass, and is tried again.
        error: One line; empty if there was none.
        attempts: How often it has failed like this.
        pixels: Of the input, 0 if not known.
        finished: When, in seconds since 1970.
    """

    stamp: str
    status: Status
    error: str
    attempts: int
    pixels: int
    finished: float


class Journal:
    """The outcomes in one output folder; ``root`` is that folder."""

    def __init__(self, root: Path, notify: Callable[[str], None]) -> None:
        self._state = StateFile(root, _SCHEMA, notify)

    def all(self) -> dict[Path, Outcome]:
        """Every source that is known."""
        return {
            Path(os.fsdecode(source)): Outcome(stamp, cast(Status, status), *rest)
            for source, stamp, status, *rest in self._state.read(_ALL)
        }

    def failed(self) -> set[Path]:
        """The sources that are not tried again."""
        return {Path(os.fsdecode(source)) for (source,) in self._state.read(_FAILED)}

    def record(self, outcomes: Mapping[Path, Outcome]) -> None:
        """Keep each as the last of its source.

        Raises:
            StorageError: the disk is full or failing.
        """
        rows = [(os.fsencode(source), *astuple(outcome)) for source, outcome in outcomes.items()]
        self._state.write(_RECORD, *rows)

    def forget(self, sources: Iterable[Path]) -> None:
        """Know nothing of ``sources`` any more, so that they are looked at again.

        Raises:
            StorageError: the disk is full or failing.
        """
        self._state.write(_FORGET, *[(os.fsencode(source),) for source in sources])

    def prune(self, there: Collection[Path], before: float) -> None:
        """Forget what is not ``there`` and was finished ``before``, in seconds since 1970.

        Raises:
            StorageError: the disk is full or failing.
        """
        old = [Path(os.fsdecode(source)) for (source,) in self._state.read(_OLD, before)]
        self.forget(source for source in old if source not in there)
