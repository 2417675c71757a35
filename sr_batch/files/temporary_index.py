"""A table of a run in a temporary file, for what would take too much memory as a dict.

SQLite keeps a small part of it in memory, and removes the file when the process ends in any way.
"""

import sqlite3

from sr_batch.core.errors import StorageError

_SCHEMA = (
    "CREATE TABLE names (key BLOB, path BLOB, source BLOB, PRIMARY KEY (key, path)) WITHOUT ROWID"
)


class TemporaryIndex:
    """Pairs of values by a key, of which several pairs may have the same. For one thread at a time.

    Keys that are added in their order, or nearly so, are added quickest.
    """

    def __init__(self) -> None:
        # An empty name is a file of its own that SQLite deletes at once. It needs no journal:
        # nobody reads it after the run.
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute(_SCHEMA)
        self._table.execute("BEGIN")

    def close(self) -> None:
        """Remove the table."""
        self._table.close()

    def add(self, key: bytes, path: bytes, source: bytes) -> None:
        """Add a pair, unless the key has one with this ``path``.

        Raises:
            StorageError: the disk is full or failing.
        """
        row = (key, path, source)
        try:
            self._table.execute("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", row)
        except sqlite3.Error as error:
            raise _full(error) from error

    def find(self, key: bytes) -> list[tuple[bytes, bytes]]:
        """All pairs of ``key``.

        Raises:
            StorageError: the disk is failing.
        """
        query = "SELECT path, source FROM names WHERE key = ?"
        try:
            return self._table.execute(query, (key,)).fetchall()
        except sqlite3.Error as error:
            raise _full(error) from error


def _full(error: sqlite3.Error) -> StorageError:
    return StorageError(
        f"a table of this run, in the folder for temporary files: {error}; free some"
        " space there, or choose another folder with the variable SQLITE_TMPDIR"
    )
