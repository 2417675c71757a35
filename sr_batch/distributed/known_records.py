"""The records of all manifests, in a temporary file: flat memory for millions of outputs."""

import sqlite3
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from sr_batch.distributed.records import Made, Record

_SCHEMA = (
    "CREATE TABLE records (key BLOB, version TEXT, source TEXT, source_version TEXT,"
    " content TEXT, recipe TEXT, run TEXT, PRIMARY KEY (key, version)) WITHOUT ROWID"
)
_INSERT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
_FIND = "SELECT * FROM records WHERE key = ? ORDER BY version = ? DESC LIMIT 1"


class KnownRecords:
    """Finds records by the keys of outputs. Use as a context manager, in one thread at a time."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        # Without a name: SQLite makes a file once its cache is full, and removes it at the end.
        self._rows = sqlite3.connect("", check_same_thread=False)
        self._rows.execute(_SCHEMA)
        self._rows.executemany(_INSERT, map(_row, records))
        self._is_empty = self._rows.execute("SELECT key FROM records LIMIT 1").fetchone() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.close()

    def find(self, key: str, version: str = "") -> Record | None:
        """A record of the output ``key``: that of ``version``, if there is one."""
        if self._is_empty:
            return None
        row = self._rows.execute(_FIND, (_bytes(key), version)).fetchone()
        return Record(key, row[1], Made(*row[2:])) if row else None


def _row(record: Record) -> tuple[bytes | str, ...]:
    made = record.made
    own = (made.source, made.version, made.content, made.recipe, made.run)
    return (_bytes(record.key), record.version, *own)


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")
