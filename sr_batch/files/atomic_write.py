"""Writes outputs whole or not at all."""

import os
import stat
import sys
from pathlib import Path

from sr_batch.core.errors import StorageError, UnwritableOutput
from sr_batch.files.part_file import part_file, resolved, write_all
from sr_batch.files.reading import PIPE, display_name, is_folder, reason


def write_output(target: Path, data: bytes) -> None:
    """Make ``target`` hold exactly ``data``, or leave what was there.

    Args:
        target: Where the bytes go; ``PIPE`` is standard output. If it is a symbolic link, its
            target is replaced, not the link. Folders are made as needed.
        data: A complete encoded file.

    Raises:
        StorageError: the disk is full, failing or read-only: every other output would fail, too.
        UnwritableOutput: this one cannot be written.
    """
    if target == PIPE:
        _write_stdout(data)
        return
    with part_file(target, len(data)) as part:
        part.write(data)
        part.sync()
        part.take_name()


def require_writable_folder(target: Path) -> None:
    """Find out before the work, and without a trace, whether ``target`` may be written.

    Raises:
        UnwritableOutput: its folder, or the one that would hold it, takes no new file.
    """
    folder = next(path for path in resolved(target).parents if os.path.lexists(path))
    effective = os.access in os.supports_effective_ids
    if not is_folder(folder) or not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        raise UnwritableOutput(
            f"{display_name(target)}: no file can be created in {display_name(folder)};"
            " choose another place with -o"
        )


def imitate(path: Path, source: Path, times: bool) -> tuple[str, ...]:
    """Give ``path`` the permissions of ``source``, and its ``times``. Returns notes on failures."""
    try:
        status = source.stat()
        if sys.platform != "win32":
            path.chmod(stat.S_IMODE(status.st_mode) & 0o777)
        if times:
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    except OSError as error:
        return (f"times and permissions could not be copied: {error.strerror or error}",)
    return ()


def output_lost(error: OSError) -> StorageError:
    """Drop what standard output could not write, and make the error that says so."""
    # Bytes left in the buffer must not fail a second time when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return StorageError(f"standard output could not be written completely: {reason(error)}")


def _write_stdout(data: bytes) -> None:
    try:
        write_all(sys.stdout.buffer, data)  # unbuffered Python writes short there, too
        sys.stdout.buffer.flush()
    except OSError as error:
        raise output_lost(error) from error
