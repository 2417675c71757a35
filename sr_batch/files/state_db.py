"""The SQLite file in an output folder's ``.sr-batch``, which keeps what later runs need to know.

Every call opens the file again. This is safe for threads and processes, and no file stays open per
folder. SQLite uses its plain rollback journal, because write-ahead logging does not work on network
shares and needs write permission even to read.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sr_batch.core.errors import StorageError
from sr_batch.core.results import one_line
from sr_batch.files.disk_errors import CONTINUES, is_full
from sr_batch.files.reading import reason

FOLDER = ".sr-batch"
_FILE = "state.sqlite"
_ASIDE = "state.sqlite.corrupt"
_PATIENCE = 30.0  # seconds to wait for another process's commit

# Primary result codes, https://sqlite.org/rescode.html; an extended code's low byte is one.
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}

Value = bytes | str | int | float
Rows = list[tuple[Any, ...]]


class StateFile:
    """One table in the state file of an output folder.

    A broken or unusable file never stops the work. The user is told once; a broken file is renamed
    and a new one started, and the run goes on without one that cannot be used.

    Args:
        root: The output folder; nothing is made there before the first record.
        schema: The statement that creates the table if it does not exist.
        notify: Told, in one line, what is wrong with the file.
    """

    def __init__(self, root: Path, schema: str, notify: Callable[[str], None]) -> None:
        self._schema = schema
        self._file = root / FOLDER / _FILE
        self._place = one_line(str(self._file.absolute()))
        self._notify = notify
        self._lock = threading.Lock()
        self._usable = True

    def read(self, query: str, *values: Value, fatal: bool = False) -> Rows:
        """The rows of ``query``; none if there is no file, or it cannot be used.

        Raises:
            StorageError: the disk is full or failing, and ``fatal`` is set.
        """
        return self.read_many(query, [values], fatal)

    def read_many(self, query: str, rows: Sequence[Sequence[Value]], fatal: bool = False) -> Rows:
        """As :meth:`read`, for several sets of values together."""
        with self._lock:
            if not self._usable or not os.path.lexists(self._file):
                return []
            return self._ask(query, rows, _DISK if fatal else ()) or []

    def write(self, command: str, *rows: Sequence[Value]) -> None:
        """Carry out ``command`` for all of ``rows`` or for none; on the disk when this returns.

        Raises:
            StorageError: the disk is full or failing.
        """
        if not rows:
            return
        with self._lock:
            for _ in range(2):  # a second time after a corrupt file was renamed
                if self._usable and self._ask(command, rows, _DISK) is not None:
                    return

    def _ask(
        self, query: str, rows: Sequence[Sequence[Value]], fatal: Collection[int]
    ) -> Rows | None:
        """The rows of ``query``; None if the work goes on without them; the user was told."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._file, timeout=_PATIENCE, isolation_level=None)
            with closing(connection):
                connection.execute(self._schema)
                with connection:
                    connection.execute("BEGIN")
                    return [found for row in rows for found in connection.execute(query, row)]
        except (sqlite3.Error, OSError) as error:
            code = _code(error)
            if code in fatal:
                raise StorageError(
                    f"{self._place}: {reason(error)}; free some space on this disk or choose"
                    f" another -o, {CONTINUES}"
                ) from error
            self._do_without(code, reason(error))
            return None

    def _do_without(self, code: int, what: str) -> None:
        if code in _CORRUPT and self._set_aside():
            self._notify(f"{self._place}: {what}; renamed to {_ASIDE}, and a new one was started")
        else:
            self._usable = False
            self._notify(
                f"{self._place}: {what}; continuing without it, so the next run will not know what"
                " is already done"
            )

    def _set_aside(self) -> bool:
        """Rename the file. SQLite drops a journal that is left over when it makes the next file."""
        try:
            self._file.replace(self._file.with_name(_ASIDE))
        except OSError:
            return False
        return True


def _code(error: sqlite3.Error | OSError) -> int:
    """SQLite's primary code for ``error``; an error of the folder counts as one of the file."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    return sqlite3.SQLITE_FULL if is_full(error) else sqlite3.SQLITE_CANTOPEN
