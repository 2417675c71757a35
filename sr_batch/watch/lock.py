"""A lock that allows one watch per output folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.files.reading import display_name
from sr_batch.files.state_db import FOLDER

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FILE = "watch.lock"


@contextmanager
def sole_watch(output: Path) -> Iterator[None]:
    """Lock ``output`` while the block runs. The system releases the lock if the process dies.

    Raises:
        UsageError: another process holds the lock; the message has its process number.
    """
    path = output / FOLDER / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise UsageError(
                f"another watch, process {holder(output)}, already writes to"
                f" {display_name(output)}: stop it, or choose another -o"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def holder(output: Path) -> int | None:
    """The number of the process that holds the lock of ``output``; None if there is none."""
    try:
        descriptor = os.open(output / FOLDER / _FILE, os.O_RDWR)
    except OSError:
        return None
    try:
        _lock(descriptor)
    except OSError:
        content = os.read(descriptor, 20).strip()
        return int(content) if content.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(
            descriptor, 1000, os.SEEK_SET
        )  # behind the process number, which others must be able to read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
