"""Signs that a file is not finished, though it has not changed for a while.

A program may still have it open for writing, which Linux knows. Or its space was reserved, and the
data is still to come: it is empty, or it starts with zeros.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sr_batch.core.errors import UnreadableImage
from sr_batch.files.reading import read_head

if sys.platform == "linux":
    import fcntl

_PROCESSES = Path("/proc")
_HEAD_BYTES = 16  # no image starts with so many zeros


def is_blank(path: Path) -> bool:
    """Whether ``path`` is empty or starts with zeros."""
    try:
        return not any(read_head(path, _HEAD_BYTES))
    except UnreadableImage:
        return False


def is_being_written(path: Path) -> bool:
    """Whether a program has ``path`` open for writing.

    False also means that the system cannot tell: on other systems, on a network share for writers
    on other machines, and for programs of other users if the file belongs to another user, too.
    """
    if sys.platform != "linux":
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        by_lease = _refuses_lease(descriptor)
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return _is_in_process(status.st_dev, status.st_ino) if by_lease is None else by_lease


def _refuses_lease(descriptor: int) -> bool | None:
    """Whether the system refuses a read lease because of a writer; None if it has no leases here.

    A lease lasts for microseconds. A writer that opens the file meanwhile waits for its end, and
    the system sends a signal, which must not be the usual one: that would end this process.
    """
    if sys.platform != "linux":
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # ignored by default
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # the file of another user, or a file system without leases
        return None
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _is_in_process(device: int, inode: int) -> bool:
    """Whether a process, of those that may be looked into, has the file open for writing."""
    return any(
        (status.st_dev, status.st_ino) == (device, inode) and _writes(entry)
        for entry, status in _open_files()
    )


def _open_files() -> Iterator[tuple[Path, os.stat_result]]:
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # of another user, or gone
            for entry in (process / "fd").iterdir():
                with suppress(OSError):
                    yield entry, entry.stat()


def _writes(entry: Path) -> bool:
    """Whether ``entry``, a file in a process's folder ``fd``, was opened for writing."""
    try:
        lines = (entry.parent.with_name("fdinfo") / entry.name).read_text().splitlines()
    except OSError:
        return False
    flags = next((line.split()[1] for line in lines if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
