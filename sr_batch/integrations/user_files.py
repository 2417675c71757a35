"""Reads, writes and removes a file in the user's settings, with errors for the command line."""

from pathlib import Path

from sr_batch.core.errors import StorageError, UnwritableOutput, UsageError
from sr_batch.files.atomic_write import imitate
from sr_batch.files.part_file import part_file
from sr_batch.files.reading import display_name


def read(path: Path) -> bytes | None:
    """The bytes of ``path``; None if the file does not exist.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{display_name(path)} cannot be read: {error.strerror}") from error


def write(path: Path, content: bytes, executable: bool = False) -> None:
    """Write ``path`` completely or not at all. An existing file keeps its permissions.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with part_file(path, len(content)) as part:
            part.write(content)
            if path.exists():
                imitate(part.path, path, times=False)
            if executable:
                part.path.chmod(part.path.stat().st_mode | 0o111)
            part.sync()
            part.take_name()
    except (StorageError, UnwritableOutput) as error:
        cause = getattr(error.__cause__, "strerror", None) or error
        raise UsageError(f"{display_name(path)} cannot be written: {cause}") from error


def remove(path: Path) -> None:
    """Remove the file ``path``.

    Raises:
        UsageError: it cannot be removed.
    """
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(f"{display_name(path)} cannot be removed: {error.strerror}") from error
