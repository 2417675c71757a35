"""The hidden file that an output is written into, before it takes the output's name.

The name of an output therefore never belongs to half a file, whatever ends the process or fills the
disk. A hidden file is locked while it is open, so that :func:`sweep` in another process can tell it
from the file of a killed run.
"""

import errno
import io
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sr_batch.core.errors import UnreadableImage, UnwritableOutput
from sr_batch.files.disk_errors import disk_errors
from sr_batch.files.reading import display_name, kind_of_file, open_regular

if sys.platform != "win32":
    import fcntl

_PREFIX, _SUFFIX = ".sr-batch-", ".part"
_BINARY = getattr(os, "O_BINARY", 0)
_ATTEMPTS = 10  # one sweep ruins one attempt, and a run sweeps a folder once


class PartFile:
    """An open hidden file that will become the output ``target``. Made by :func:`part_file`.

    Attributes:
        path: Of the hidden file.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._data = b""
        self.path, self._file = create_part(target.parent)

    def write(self, data: bytes) -> None:
        """Write ``data``, which is all of the output."""
        self._data = data
        write_all(self._file, data)

    def sync(self) -> None:
        """Wait until the bytes, the permissions and the times are on the disk."""
        os.fsync(self._file.fileno())

    def take_name(self) -> None:
        """Close the file, then rename it to the output.

        In this order, a program that listens to the folder hears of the output once, when it is
        whole. The lock ends when the file is closed: if another process sweeps it before it is
        renamed, it is written again.
        """
        for attempts_left in reversed(range(_ATTEMPTS)):
            status = os.fstat(self._file.fileno())
            self._file.close()
            require_only_file(self._target)  # it may have been made while the output was written
            try:
                self.path.replace(self._target)
                break
            except FileNotFoundError:
                if not attempts_left:
                    raise
                self._write_again(status)
        _sync_folder(self._target.parent)

    def remove(self) -> None:
        """Close the file and remove it, unless it was renamed."""
        self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write_again(self, before: os.stat_result) -> None:
        self.path, self._file = create_part(self._target.parent)
        self.write(self._data)
        self.path.chmod(stat.S_IMODE(before.st_mode))
        os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.sync()


@contextmanager
def part_file(target: Path, size: int) -> Iterator[PartFile]:
    """A hidden file beside ``target``, which is removed at the end unless it took its name.

    If ``target`` is a symbolic link, its target is replaced, not the link. Folders are made as
    needed. Errors of the system in the block are translated, too.

    Args:
        target: The output, of ``size`` bytes.
        size: For messages.

    Raises:
        StorageError: the disk is full, failing or read-only: every other output would fail, too.
        UnwritableOutput: this one cannot be written, or something that is not a file has its name.
    """
    with disk_errors(target, size):
        place = resolved(target)
        require_only_file(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(place)
        try:
            yield part
        finally:
            part.remove()


def require_only_file(target: Path) -> None:
    """Refuse to replace a folder, a pipe, a socket or a device. Root could replace a device.

    Args:
        target: A path that :func:`resolved` returned.

    Raises:
        UnwritableOutput: something that is not a regular file has this name.
    """
    try:
        mode = target.lstat().st_mode
    except OSError:
        return  # nothing is there, or the system allows no file there either
    if not stat.S_ISREG(mode):
        raise UnwritableOutput(
            f"{display_name(target)} is {kind_of_file(mode)}, not a file, and is kept:"
            " choose another place with -o"
        )


def resolved(target: Path) -> Path:
    """The path that an output called ``target`` really gets: symbolic links are followed."""
    return Path(os.path.realpath(target))


def write_all(file: BinaryIO | io.FileIO, data: bytes) -> None:
    """Write ``data`` to ``file``, in several steps if the system takes less at once.

    Raises:
        OSError: it was not written whole.
    """
    view = memoryview(data)
    while view:
        if (written := file.write(view)) is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        view = view[written:]


def sweep(folder: Path) -> None:
    """Remove the hidden files that killed runs left in ``folder``; locked ones are kept."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return
    for name in names:
        if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
            _remove_unless_locked(folder / name)


def create_part(folder: Path) -> tuple[Path, io.FileIO]:
    """A new hidden file in ``folder``, locked. Its name is short, however long the target's is.

    Raises:
        OSError: no file can be created there.
    """
    while True:
        path = folder / f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        file = io.FileIO(descriptor, "wb")
        _lock(descriptor)
        if os.fstat(descriptor).st_nlink:
            return path, file
        file.close()  # another process swept it before it was locked


def _lock(descriptor: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):  # not every network file system has locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _remove_unless_locked(path: Path) -> None:
    if sys.platform == "win32":
        return  # it has no such locks, so files in use cannot be told from others
    with suppress(OSError, UnreadableImage), open_regular(path) as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, if the system can sync a folder."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(OSError):  # some network file systems refuse; the file itself is safe
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
