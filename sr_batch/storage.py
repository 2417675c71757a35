"""Bytes in and out of the file system: whole files only, and the system's errors in our words.

An output is written into a hidden file in its own folder, synced, and only then takes its final
name. So a name never stands for half a file, whatever ends the process or fills the disk.
"""

import errno
import hashlib
import io
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sr_batch.errors import ImageTooLarge, StorageError, UnreadableImage, UnwritableOutput
from sr_batch.results import one_line

if sys.platform != "win32":
    import fcntl

PIPE = Path("-")
_PART_PREFIX, _PART_SUFFIX = ".sr-batch-", ".part"
_CHUNK = 1 << 20
_BINARY = getattr(os, "O_BINARY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)

# What no output after this one would survive either; everything else concerns one output.
_FATAL = {
    errno.ENOSPC: "the disk of {folder} is full",
    errno.EDQUOT: "the disk quota in {folder} is used up",
    errno.EFBIG: "{folder} takes no file of that size (see ulimit -f)",
    errno.EROFS: "{folder} is on a read-only file system",
    errno.EIO: "the disk of {folder} reports an error",
}


def display_name(path: Path) -> str:
    """``path`` for messages, on one line."""
    return "standard input" if path == PIPE else one_line(str(path))


def read_source(source: Path, limit: int) -> bytes:
    """All bytes of a regular file, or of standard input for ``PIPE``.

    Raises:
        UnreadableImage: missing, not permitted, no regular file.
        ImageTooLarge: more than ``limit`` bytes.
    """
    if source == PIPE:
        data = _read_up_to(sys.stdin.buffer, limit + 1)
    else:
        with _open_regular(source) as file:
            data = _read_up_to(file, limit + 1)
    if len(data) > limit:
        raise ImageTooLarge(
            f"{display_name(source)}: over {limit / 1e6:.0f} MB, more than an image within the"
            " pixel limit takes; raise --max-pixels if it is one"
        )
    return data


def read_head(source: Path, count: int) -> bytes:
    """The first ``count`` bytes of a regular file, fewer if it is shorter.

    Raises:
        UnreadableImage: missing, not permitted, no regular file.
    """
    with _open_regular(source) as file:
        return _read_up_to(file, count)


def content_hash(data: bytes) -> str:
    """What tells one content from another in the ledger."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def file_hash(path: Path) -> str | None:
    """:func:`content_hash` of a file, read in pieces; None if it cannot be read."""
    digest = hashlib.blake2b(digest_size=32)
    try:
        with _open_regular(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except (UnreadableImage, OSError):
        return None
    return digest.hexdigest()


def require_regular(path: Path) -> None:
    """Refuse what is no regular file, without opening it: a pipe would block for ever.

    Raises:
        UnreadableImage: missing, not permitted, a folder, a pipe, a socket or a device.
    """
    with _reading(path):
        mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise UnreadableImage(f"{display_name(path)}: {_kind(mode)}, not a file")


def is_folder(path: Path) -> bool:
    """Whether a folder is there; False also where that cannot be found out."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir may raise


def write_output(target: Path, data: bytes, announce: Callable[[], None] = lambda: None) -> None:
    """Make ``target`` hold exactly ``data``, or leave what was there. ``PIPE`` is standard output.

    The target of a symbolic link is replaced, not the link. Folders are made as needed.

    Args:
        target: Where the bytes go.
        data: A complete encoded file.
        announce: Called when the bytes are safe on the disk, just before they take their name;
            what it raises leaves ``target`` as it was.

    Raises:
        StorageError: the disk is full, failing or read-only: no other output would fare better.
        UnwritableOutput: this one cannot be written.
    """
    if target == PIPE:
        announce()
        _write_stdout(data)
    else:
        _write_file(target, data, announce)


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
def _open_regular(path: Path) -> Iterator[BinaryIO]:
    require_regular(path)
    with _reading(path):
        # A pipe may have taken the file's place since: opening must not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | _BINARY | _NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnreadableImage(f"{display_name(path)}: not a file")
            yield file


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnreadableImage(f"{display_name(path)}: {_words(error)}") from error
    except ValueError as error:  # a null byte in the path
        raise UnreadableImage(f"{display_name(path)}: {error}") from error


def _read_up_to(file: BinaryIO, count: int) -> bytes:
    buffer = io.BytesIO()
    while buffer.tell() < count and (chunk := file.read(min(_CHUNK, count - buffer.tell()))):
        buffer.write(chunk)
    return buffer.getvalue()


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((kind for holds, kind in kinds if holds(mode)), "a device")


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__


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
    return UnwritableOutput(f"{what}: {_words(error)}; choose another place with -o")


def _write_file(target: Path, data: bytes, announce: Callable[[], None]) -> None:
    with _writing(target, len(data)):
        final = Path(os.path.realpath(target))
        final.parent.mkdir(parents=True, exist_ok=True)
        with _part(final.parent) as (file, part):
            _write_all(file, data)
            os.fsync(file.fileno())
            announce()
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there
            part.replace(final)
        _sync_folder(final.parent)


def _write_stdout(data: bytes) -> None:
    try:
        _write_all(sys.stdout.buffer, data)  # unbuffered Python writes short there, too
        sys.stdout.buffer.flush()
    except OSError as error:
        # What is left in the buffer must not fail a second time when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise StorageError(f"standard output is not written whole: {_words(error)}") from error


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
    with suppress(OSError, UnreadableImage), _open_regular(part) as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
