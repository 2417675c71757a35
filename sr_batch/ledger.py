"""What is already done: one SQLite file in the output folder, judged by content, never by time.

An entry says: this output was made from that content by that recipe and has this content. It is
written just *before* the output takes its name. So a file of ours never stands there unrecorded,
and one whose writing was cut short differs from its entry and is made again.

Every call opens the file anew: this makes it safe for threads and processes alike, and holds
no open file per folder. The plain rollback journal is used, because write-ahead logging does not
work on network shares and needs write permission even to read.
"""

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sr_batch.errors import StorageError
from sr_batch.results import one_line

FOLDER = ".sr-batch"
_FILE = "state.sqlite"
_ASIDE = "state.sqlite.corrupt"
_PATIENCE = 30.0  # seconds to wait for another process's commit

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outputs (path BLOB PRIMARY KEY, source TEXT NOT NULL,"
    " recipe TEXT NOT NULL, output TEXT NOT NULL, origin BLOB NOT NULL) WITHOUT ROWID"
)
_FIND = "SELECT source, recipe, output, origin FROM outputs WHERE path = ?"
_RECORD = "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)"
_PATHS = "SELECT path FROM outputs"

# Primary result codes, https://sqlite.org/rescode.html; an extended code's low byte is one.
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Entry:
    """How an output came about.

    Attributes:
        source: Hash of the input's content.
        recipe: Hash of everything else that changes the output.
        output: Hash of the output's content.
        origin: Where the input lies as seen from the output folder. It tells a changed input from
            another one of the same name, and says nothing about what the output holds.
    """

    source: str
    recipe: str
    output: str
    origin: Path = field(compare=False)


class Ledger:
    """The state file of one output folder.

    A broken or unusable state file never stops the work: it is said once and set aside, or done
    without. ``root`` is the output folder; nothing is made there before the first record.
    """

    def __init__(self, root: Path, notify: Callable[[str], None]) -> None:
        self._root = root
        self._file = root / FOLDER / _FILE
        self._place = one_line(str(self._file.absolute()))
        self._notify = notify
        self._lock = threading.Lock()
        self._usable = True

    def find(self, target: Path) -> Entry | None:
        """What is known of ``target``, a path inside the root.

        Raises:
            StorageError: the disk is full or failing.
        """
        rows = self._read(_FIND, self._key(target), fatal=_DISK)
        if not rows:
            return None
        source, recipe, output, origin = rows[0]
        return Entry(source, recipe, output, Path(os.fsdecode(origin)))

    def paths(self) -> list[Path]:
        """Every output ever recorded here."""
        return [self._root / os.fsdecode(path) for (path,) in self._read(_PATHS)]

    def record(self, target: Path, entry: Entry) -> None:
        """Keep ``entry`` for ``target``, durable when this returns.

        Raises:
            StorageError: the disk is full or failing.
        """
        key, origin = self._key(target), os.fsencode(entry.origin)
        values = (key, entry.source, entry.recipe, entry.output, origin)
        with self._lock:
            for _ in range(2):  # a second time after a corrupt file was set aside
                if self._usable and self._ask(_RECORD, values, fatal=_DISK) is not None:
                    return

    def _key(self, target: Path) -> bytes:
        return os.fsencode(target.relative_to(self._root).as_posix())

    def _read(self, query: str, *values: bytes, fatal: Collection[int] = ()) -> Rows:
        with self._lock:
            if not self._usable or not os.path.lexists(self._file):
                return []
            return self._ask(query, values, fatal) or []

    def _ask(
        self, query: str, values: tuple[bytes | str, ...], fatal: Collection[int] = ()
    ) -> Rows | None:
        """The rows of ``query``; None if work can go on without them, which has been said."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._file, timeout=_PATIENCE, isolation_level=None)
            with closing(connection):
                connection.execute(_SCHEMA)
                return connection.execute(query, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            code = _code(error)
            if code in fatal:
                raise StorageError(
                    f"{self._place}: {error}; make room on this disk or choose another -o, then"
                    " run the same command again: it goes on where it stopped"
                ) from error
            self._do_without(code, str(error))
            return None

    def _do_without(self, code: int, what: str) -> None:
        if code in _CORRUPT and self._set_aside():
            self._notify(f"{self._place}: {what}; set aside as {_ASIDE} and begun anew")
        else:
            self._usable = False
            self._notify(f"{self._place}: {what}; going on without it, so a rerun starts afresh")

    def _set_aside(self) -> bool:
        """Rename the file. SQLite drops a journal that is left when it makes the next one."""
        try:
            self._file.replace(self._file.with_name(_ASIDE))
        except OSError:
            return False
        return True


def _code(error: sqlite3.Error | OSError) -> int:
    """SQLite's primary code for ``error``; the folder of the state file fails as the file would."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_CANTOPEN
