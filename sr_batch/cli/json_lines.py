"""Writes JSON lines for programs: on standard output, and into the file of ``--report``."""

import json
from io import FileIO
from pathlib import Path

from sr_batch.core.errors import StorageError, UnreadableImage, UsageError
from sr_batch.files.atomic_write import write_output
from sr_batch.files.part_file import write_all
from sr_batch.files.reading import PIPE, read_head, reason
from sr_batch.stores.location import require_path


def print_json(record: dict[str, object]) -> None:
    """Print ``record`` as one line.

    Raises:
        StorageError: standard output is closed.
    """
    write_output(PIPE, _line(record))


class JsonLines:
    """Writes each record to standard output, to a file, or to both.

    Args:
        to_output: Whether to print the records.
        file: Gets the records, too; None for no file. An earlier report there is replaced.

    Raises:
        UsageError: ``file`` cannot be written.
    """

    def __init__(self, to_output: bool, file: Path | None) -> None:
        self._to_output = to_output
        self._file = _opened(file) if file else None

    def write(self, record: dict[str, object]) -> None:
        """Write ``record`` as one line.

        Raises:
            StorageError: the file cannot take it; it gets no record after that. Or standard output
                is closed.
        """
        if self._file:
            self._write(self._file, _line(record))
        if self._to_output:
            print_json(record)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _write(self, file: FileIO, line: bytes) -> None:
        try:
            write_all(file, line)
        except OSError as error:
            self._file = None
            raise StorageError(f"--report {file.name} is not written: {reason(error)}") from error


def _opened(file: Path) -> FileIO:
    """``file`` for writing. What is in it is replaced if it is an earlier report."""
    require_path(file, "--report writes a file on this machine; give a path")
    try:
        if file.is_file() and read_head(file, 1) not in (b"", b"{"):
            raise UsageError(f"--report {file}: it exists and is not a report; choose another name")
        return FileIO(file, "w")
    except (OSError, UnreadableImage) as error:
        raise UsageError(f"--report {file}: it cannot be written: {reason(error)}") from error


def _line(record: dict[str, object]) -> bytes:
    return json.dumps(record).encode() + b"\n"
