"""Reads regular files and standard input, but nothing that could block or never end."""

import errno
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sr_batch.core.errors import ImageTooLarge, UnreadableImage
from sr_batch.core.results import one_line
from sr_batch.files.stamp import Stamp

PIPE = Path("-")
_CHUNK = 1 << 20
_MOST_BYTES_PER_PIXEL = 8  # 16-bit RGBA: no file needs more for its pixels
_BYTES_BESIDE_PIXELS = 64 << 20
_BINARY = getattr(os, "O_BINARY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)


def display_name(path: Path) -> str:
    """``path`` for messages, on one line; for a link with its target."""
    if path == PIPE:
        return "standard input"
    # ImageMagick passes links whose own names mean nothing. Path's methods may raise here.
    is_link = os.path.islink(path) and os.path.exists(path)  # noqa: PTH110, PTH114
    return one_line(f"{path} (a link to {os.path.realpath(path)})" if is_link else str(path))


def read_source(source: Path, limit: int) -> bytes:
    """All bytes of a regular file, or of standard input for ``PIPE``.

    Raises:
        UnreadableImage: missing, not permitted, not a regular file, or one that is being written;
            a standard input that is closed.
        ImageTooLarge: more than ``limit`` bytes.
    """
    if source == PIPE:
        with _reading(source):
            data = _read_up_to(sys.stdin.buffer, limit + 1)
    else:
        with open_regular(source) as file:
            before = _stamp(file)
            data = _read_up_to(file, limit + 1)
            if _stamp(file) != before:
                raise UnreadableImage(
                    f"{display_name(source)}: it changed while it was read; run the same command"
                    " again when no program writes to it"
                )
    if len(data) > limit:
        raise ImageTooLarge(
            f"{display_name(source)}: over {limit / 1e6:.0f} MB, more than an image within the"
            " pixel limit needs; if it is an image, raise --max-pixels"
        )
    return data


def most_bytes(pixels: int) -> int:
    """An upper limit for the bytes in the file of an image of ``pixels``."""
    return pixels * _MOST_BYTES_PER_PIXEL + _BYTES_BESIDE_PIXELS


def read_head(source: Path, count: int) -> bytes:
    """The first ``count`` bytes of a regular file, fewer if it is shorter.

    Raises:
        UnreadableImage: missing, not permitted, not a regular file.
    """
    with open_regular(source) as file:
        return _read_up_to(file, count)


def content_hash(data: bytes) -> str:
    """The hash that identifies a content in the ledger."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def file_hash(path: Path) -> str | None:
    """The :func:`content_hash` of a file, read in pieces; None if it cannot be read."""
    digest = hashlib.blake2b(digest_size=32)
    try:
        with open_regular(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except UnreadableImage:
        return None
    return digest.hexdigest()


def require_regular(path: Path) -> None:
    """Refuse all but regular files, without opening them: a pipe would block for ever.

    Raises:
        UnreadableImage: missing, not permitted, a folder, a pipe, a socket or a device.
    """
    with _reading(path):
        mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise UnreadableImage(f"{display_name(path)}: {kind_of_file(mode)}, not a file")


def kind_of_file(mode: int) -> str:
    """What has the mode ``mode`` and is not a regular file: a folder, a pipe, a device."""
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISLNK, "a link to itself"),
    )
    return next((kind for holds, kind in kinds if holds(mode)), "a device")


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a regular file, links followed; None if there is none, or no access to it."""
    try:
        status = os.stat(path)  # noqa: PTH116 - Path.stat costs twice as much, over every file
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder; also False if there is no permission to look."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir may raise


def reason(error: Exception) -> str:
    """Why the system or a library refused to read or write, for messages."""
    if not isinstance(error, OSError):
        return str(error)
    return "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading bytes. An ``OSError`` in the block is translated, too.

    Raises:
        UnreadableImage: missing, not permitted, not a regular file, a failing disk.
    """
    require_regular(path)
    with _reading(path):
        # The file may have been replaced by a pipe: opening it must not wait for a writer.
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
        raise UnreadableImage(f"{display_name(path)}: {reason(error)}") from error
    except ValueError as error:  # a null byte in the path
        raise UnreadableImage(f"{display_name(path)}: {error}") from error


def _stamp(file: BinaryIO) -> tuple[int, int]:
    """Size and time, which writing to an open file changes."""
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _read_up_to(file: BinaryIO, count: int) -> bytes:
    buffer = io.BytesIO()
    while buffer.tell() < count and (chunk := file.read(min(_CHUNK, count - buffer.tell()))):
        buffer.write(chunk)
    return buffer.getvalue()
