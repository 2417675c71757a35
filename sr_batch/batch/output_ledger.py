"""The ledger: a table of finished outputs in the output folder's state file.

An entry says which content and which recipe an output was made from, and its own content. Times do
not count. The entry is written just *before* the output takes its name. So an output is never there
without an entry. If the run is killed between the two, the file that is still there is the one that
the entry says it replaces, and the output is made again. Any other content was written by somebody
else.

The entry of the folder itself states which size and network its outputs are made with, if the
folder was chosen by :mod:`sr_batch.batch.default_folder`.
"""

import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.files.state_db import StateFile

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outputs (path BLOB PRIMARY KEY, source TEXT NOT NULL,"
    " recipe TEXT NOT NULL, output TEXT NOT NULL, origin BLOB NOT NULL) WITHOUT ROWID"
)
_FIND = "SELECT source, recipe, output, origin FROM outputs WHERE path = ?"
_RECORD = "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)"
_PATHS = "SELECT path FROM outputs"
_ONE = "SELECT path FROM outputs LIMIT 1"
_KNOWS = "SELECT path FROM outputs WHERE path = ?"
_SOURCES = "SELECT path, source FROM outputs"
_OF_ORIGIN = "SELECT path FROM outputs WHERE origin = ?"
_CLAIM = "INSERT OR IGNORE INTO outputs VALUES (?, '', ?, '', x'')"
_FOLDER = b"."


@dataclass(frozen=True)
class Entry:
    """How an output was made.

    Attributes:
        source: Hash of the input's content.
        recipe: Hash of everything else that changes the output.
        output: Hash of the output's content.
        origin: Path of the input as seen from the output folder. It tells a changed input from
            another one of the same name. It does not affect the output's content.
        replaced: Hash of the earlier output that this one replaced; empty if there was none.
    """

    source: str
    recipe: str
    output: str
    origin: Path = field(compare=False)
    replaced: str = field(default="", compare=False)

    def knows(self, content: str) -> bool:
        """Whether the file with the hash ``content`` is this output or the one it replaced."""
        return content != "" and content in (self.output, self.replaced)


class Ledger:
    """The outputs of one folder; ``root`` is that folder."""

    def __init__(self, root: Path, notify: Callable[[str], None]) -> None:
        self._root = root
        self._state = StateFile(root, _SCHEMA, notify)

    def find(self, target: Path) -> Entry | None:
        """The entry for ``target``, a path inside the root; None if there is none.

        Raises:
            StorageError: the disk is full or failing.
        """
        rows = self._state.read(_FIND, self._key(target), fatal=True)
        if not rows:
            return None
        source, recipe, outputs, origin = rows[0]
        output, _, replaced = outputs.partition(" ")
        return Entry(source, recipe, output, Path(os.fsdecode(origin)), replaced)

    def paths(self) -> list[Path]:
        """Every output that was ever recorded here."""
        return [self._root / os.fsdecode(path) for (path,) in self._state.read(_PATHS)]

    def is_empty(self) -> bool:
        """Whether no output was ever recorded here."""
        return not self._state.read(_ONE)

    def known(self, paths: Collection[Path]) -> set[Path]:
        """Those of ``paths``, all inside the root, that were ever recorded here as outputs."""
        rows = self._state.read_many(_KNOWS, [(self._key(path),) for path in paths])
        return {self._root / os.fsdecode(path) for (path,) in rows}

    def sources(self) -> dict[Path, str]:
        """Every output that was ever recorded here, with the hash of its input's content."""
        rows = self._state.read(_SOURCES)
        return {self._root / os.fsdecode(path): source for path, source in rows}

    def made_from(self, origin: Path) -> list[Path]:
        """Every output that was ever made from the input ``origin``, whatever it held."""
        rows = self._state.read(_OF_ORIGIN, os.fsencode(origin))
        return [self._root / os.fsdecode(path) for (path,) in rows]

    def record(self, target: Path, entry: Entry) -> None:
        """Record ``entry`` for ``target``; it is on the disk when this returns.

        Raises:
            StorageError: the disk is full or failing.
        """
        key, origin = self._key(target), os.fsencode(entry.origin)
        # Both hashes in one column: state files have the same columns in every version.
        outputs = f"{entry.output} {entry.replaced}".rstrip()
        self._state.write(_RECORD, (key, entry.source, entry.recipe, outputs, origin))

    def owner(self) -> str | None:
        """Which size and network the folder belongs to; None if it belongs to none."""
        rows = self._state.read(_FIND, _FOLDER)
        return rows[0][1] if rows else None

    def claim(self, owner: str) -> bool:
        """Let the folder belong to ``owner``, unless it has one already. Whether it does now.

        Raises:
            StorageError: the disk is full or failing.
        """
        self._state.write(_CLAIM, (_FOLDER, owner))
        return self.owner() in (owner, None)  # None: there is no usable state file

    def _key(self, target: Path) -> bytes:
        return os.fsencode(target.relative_to(self._root).as_posix())


class Ledgers:
    """The ledgers of all output folders of a run. Thread-safe."""

    def __init__(self, opened: Mapping[Path, Ledger], notify: Callable[[str], None]) -> None:
        self._ledgers = dict(opened)
        self._notify = notify
        self._lock = threading.Lock()

    def of(self, root: Path) -> Ledger:
        """The ledger of the output folder ``root``."""
        with self._lock:
            return self._ledgers.setdefault(root, Ledger(root, self._notify))
