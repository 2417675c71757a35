"""The private folder of a server: what clients sent, and what was made of it.

It lies in the folder for temporary files (``TMPDIR``), only this user can look into it, and it is
deleted at the end. The folder of a server that was killed is deleted by the next one.
"""

import os
import secrets
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from filelock import FileLock, Timeout

from sr_batch.core.errors import StorageError
from sr_batch.files.disk_errors import is_full
from sr_batch.serve.problems import Problem

_PREFIX = "sr-batch-serve-"
_LOCK = "lock"
_FULL = "the disk space of this server is used up: delete jobs, or try again later"


class StoredFile:
    """A file in the store. It is written once, then read, then removed.

    Attributes:
        path: Its place; its name says nothing.
        size: Bytes so far.
    """

    def __init__(self, store: "Store", path: Path) -> None:
        self.path = path
        self.size = 0
        self._store = store
        self._file: BinaryIO | None = path.open("xb")

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``. Raises Problem (507) if the quota, or the disk, has no more space."""
        assert self._file
        self._store.take(len(data))
        self.size += len(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise _problem(error) from error

    def close(self) -> None:
        """End the writing. Raises Problem (507) if the disk is full."""
        file, self._file = self._file, None
        try:
            if file:
                file.close()
        except OSError as error:
            raise _problem(error) from error

    def read(self) -> bytes:
        """All bytes."""
        return self.path.read_bytes()

    def remove(self) -> None:
        """Delete it; does nothing the second time."""
        with suppress(Problem):
            self.close()
        self._store.give(self.size)
        self.size = 0
        self.path.unlink(missing_ok=True)


class Store:
    """Files of one server. Thread-safe. Leaving its context deletes them all.

    Args:
        quota: Bytes of all files together.
        parent: Where the folder is made.

    Raises:
        StorageError: it cannot be made.
    """

    def __init__(self, quota: int, parent: Path | None = None) -> None:
        parent = parent or Path(tempfile.gettempdir())
        _sweep(parent)
        self.quota = quota
        self.used = 0
        self._guard = threading.Lock()
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            self._lock = FileLock(self.folder / _LOCK)
            self._lock.acquire()
        except OSError as error:
            raise StorageError(
                f"{parent}: no folder for pictures can be made there: {error.strerror};"
                " choose another folder with TMPDIR"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self) -> StoredFile:
        """A new, empty file. Raises Problem (507) if the disk is full."""
        try:
            return StoredFile(self, self.folder / secrets.token_hex(16))
        except OSError as error:
            raise _problem(error) from error

    def keep(self, data: bytes) -> StoredFile:
        """A new file of ``data``. Raises Problem (507) if there is no space."""
        file = self.create()
        try:
            file.write(data)
            file.close()
        except Problem:
            file.remove()
            raise
        return file

    def take(self, count: int) -> None:
        """Count ``count`` more bytes. Raises Problem (507) if they are too many."""
        with self._guard:
            if self.used + count > self.quota:
                raise Problem(507, _FULL)
            self.used += count

    def give(self, count: int) -> None:
        """Count ``count`` bytes less."""
        with self._guard:
            self.used -= count


def _problem(error: OSError) -> Problem:
    why = error.strerror or str(error)
    if is_full(error):
        why = "the disk of this server is full: delete jobs, or try again later"
    elif isinstance(error, FileNotFoundError):
        why = "the folder of this server was deleted: it must be started again"
    return Problem(507, f"the file could not be stored: {why}")


def _sweep(parent: Path) -> None:
    """Delete the folders of servers that ended without doing so. Others' are left alone."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            if folder.is_symlink() or not _is_mine(folder):
                continue
            with FileLock(folder / _LOCK, blocking=False):
                pass
            shutil.rmtree(folder, ignore_errors=True)


def _is_mine(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
