"""A lock that allows one watch per output folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sr_batch.core.errors import UsageError
from sr_batch.files.reading import display_name
from sr_batch.files.state_db import FOLDER

_LOCK = "watch.lock"
_PROCESS = "watch.pid"  # beside the lock, because on Windows nobody can read a locked file


@contextmanager
def sole_watch(output: Path) -> Iterator[None]:
    """Lock ``output`` while the block runs. The system releases the lock if the process dies.

    Raises:
        UsageError: another process holds the lock; the message has its process number.
    """
    folder = output / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / _LOCK, blocking=False):
            (folder / _PROCESS).write_text(f"{os.getpid()}\n", encoding="ascii")
            yield
    except Timeout as error:
        raise UsageError(
            f"another watch, process {holder(output)}, already writes to"
            f" {display_name(output)}: stop it, or choose another -o"
        ) from error


def holder(output: Path) -> int | None:
    """The number of the process that holds the lock of ``output``; None if there is none."""
    folder = output / FOLDER
    if not (folder / _LOCK).exists():
        return None
    try:
        with FileLock(folder / _LOCK, blocking=False):
            return None
    except Timeout:
        return _process_in(folder / _PROCESS)
    except OSError:
        return None


def _process_in(path: Path) -> int | None:
    try:
        content = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(content) if content.isdigit() else None
