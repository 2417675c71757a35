"""Outputs, written whole or not at all.

An output is written into a hidden file in its own folder, synced, and only then takes its final
name. So a name never stands for half a file, whatever ends the process or fills the disk.
"""

import errno
import io
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sr_batch.core.errors import StorageError, UnreadableImage, UnwritableOutput
from sr_batch.files.reading import PIPE, display_name, is_folder, open_regular

if sys.platform != "win32":
    import fcntl

_PART_PREFIX, _PART_SUFFIX = ".sr-batch-", ".part"
_BINARY = getattr(os, "O_BINARY", 0)

# What no output after this one would survive either; everything else concerns one output.
_FATAL = {
    errno.ENOSPC: "the disk of {folder} is full",
    errno.EDQUOT: "the disk quota in {folder} is used up",
    errno.EFBIG: "{folder} takes no file of that size (see ulimit -f)",
    errno.EROFS: "{folder} is on a read-only file system",
    errno.EIO: "the disk of {folder} reports an error",
}


def final(target: Path) -> Path:
    """Where an output called ``target`` really comes to stand: behind links."""
    return Path(os.path.realpath(target))


def require_writable(target: Path) -> None:
    """Find out before the work, and without a trace, whether ``target`` may be written.

    Raises:
        UnwritableOutput: its folder, or the one that would hold it, takes no new file.
    """
    folder = next(path for path in final(target).parents if os.path.lexists(path))
    effective = os.access in os.supports_effective_ids
    if not is_folder(folder) or not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        raise UnwritableOutput(
            f"{display_name(target)}: no file can be made in {display_name(folder)};"
            " choose another place with -o"
        )


def write_output(
    target: Path,
    data: bytes,
    announce: Callable[[], None] = lambda: None,
    finish: Callable[[Path], None] = lambda _: None,
) -> None:
    """Make ``target`` hold exactly ``data``, or leave what was there. ``PIPE`` is standard output.

    The target of a symbolic link is replaced, not the link. Folders are made as needed.

    Args:
        target: Where the bytes go.
        data: A complete encoded file.
        announce: Called when the bytes are safe on the disk, just before they take their name;
            what it raises leaves ``target`` as it was.
        finish: Given the hidden file once it is written, to set its time and permissions.

    Raises:
        StorageError: the disk is full, failing or read-only: no other output would fare better.
        UnwritableOutput: this one cannot be written.
    """
    if target == PIPE:
        announce()
        _write_stdout(data)
    else:
        _write_file(target, data, announce, finish)


def imitate(path: Path, source: Path, times: bool) -> tuple[str, ...]:
    """Give ``path`` the permissions of ``source``, and its times. Returns notes on what failed."""
    try:
        status = source.stat()
        if sys.platform != "win32":
            path.chmod(stat.S_IMODE(status.st_mode) & 0o777)
        if times:
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    except OSError as error:
        return (f"times and permissions are not copied: {error.strerror or error}",)
    return ()


def sweep(folder: Path) -> None:
    """Remove what killed runs left half written in ``folder``; files being written are kept."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return
    for name in names:
        if name.startswith(_PART_PREFIX) and name.endswith(_PART_SUFFIX):
            _remove_if_stale(folder / name)


@contextmanager
def _writing(target: Path, size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _write_error(error, target, size) from error


def _write_error(error: OSError, target: Path, size: int) -> StorageError | UnwritableOutput:
    what = f"{display_name(target)} ({size / 1e6:.1f} MB) is not written"
    if error.errno in _FATAL:
        why = _FATAL[error.errno].format(folder=display_name(target.parent.absolute()))
        return StorageError(
            f"{what}: {why}; make room or choose another -o, then run the same command again:"
            " it goes on where it stopped"
        )
    return UnwritableOutput(f"{what}: {error.strerror or error}; choose another place with -o")


def _write_file(
    target: Path, data: bytes, announce: Callable[[], None], finish: Callable[[Path], None]
) -> None:
    with _writing(target, len(data)):
        place = final(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        with _part(place.parent) as (file, part):
            _write_all(file, data)
            finish(part)
            os.fsync(file.fileno())
            announce()
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there
            part.replace(place)
        _sync_folder(place.parent)


def _write_stdout(data: bytes) -> None:
    try:
        _write_all(sys.stdout.buffer, data)  # unbuffered Python writes short there, too
        sys.stdout.buffer.flush()
    except OSError as error:
        # What is left in the buffer must not fail a second time when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise StorageError(
            f"standard output is not written whole: {error.strerror or error}"
        ) from error


@contextmanager
def _part(folder: Path) -> Iterator[tuple[io.FileIO, Path]]:
    """A new hidden file in ``folder``, gone at the end unless it was renamed.

    Its name is short whatever the target's is, and it is locked while it is open, so that
    :func:`sweep` in another process can tell it from one whose writer was killed.
    """
    while True:
        part = folder / f"{_PART_PREFIX}{secrets.token_hex(6)}{_PART_SUFFIX}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        file = io.FileIO(descriptor, "wb")
        _lock(descriptor)
        if os.fstat(descriptor).st_nlink:
            break
        file.close()  # swept between its creation and the lock
    try:
        yield file, part
    finally:
        file.close()
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _write_all(file: BinaryIO | io.FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        if (written := file.write(view)) is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        view = view[written:]


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can sync a folder."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(OSError):  # some network file systems refuse; the file itself is safe
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):  # not every network file system has locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _remove_if_stale(part: Path) -> None:
    if sys.platform == "win32":
        return  # without these locks stale and live cannot be told apart
    with suppress(OSError, UnreadableImage), open_regular(part) as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
