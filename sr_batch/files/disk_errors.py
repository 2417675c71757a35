"""What happens when the disk is full, fails or is read-only: which errors end the run, and how.

A `StorageError` ends the run, because every later output would meet the same problem. An
`UnwritableOutput` concerns one output, and the run goes on.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sr_batch.core.byte_count import rough_bytes
from sr_batch.core.errors import StorageError, UnwritableOutput
from sr_batch.files.reading import display_name

CONTINUES = "then run the same command again: it continues where it stopped"

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FATAL = {
    errno.ENOSPC: "the disk that holds {folder} is full",
    errno.EDQUOT: "the disk quota in {folder} is used up",
    errno.EFBIG: "{folder} does not accept files of that size (see ulimit -f)",
    errno.EROFS: "{folder} is on a read-only file system",
    errno.EIO: "the disk that holds {folder} reports an error",
}


def is_full(error: OSError) -> bool:
    """Whether the disk or the user's quota has no space left."""
    return error.errno in _FULL


@contextmanager
def disk_errors(target: Path, size: int) -> Iterator[None]:
    """Translate errors of the system in the block, which writes ``size`` bytes to ``target``.

    Raises:
        StorageError: the disk is full, failing or read-only: every other output would fail, too.
        UnwritableOutput: this one cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise _write_error(error, target, size) from error


def _write_error(error: OSError, target: Path, size: int) -> StorageError | UnwritableOutput:
    what = f"{display_name(target)} ({rough_bytes(size)}) could not be written"
    if error.errno in _FATAL:
        why = _FATAL[error.errno].format(folder=display_name(target.parent.absolute()))
        return StorageError(f"{what}: {why}; free some space or choose another -o, {CONTINUES}")
    return UnwritableOutput(f"{what}: {error.strerror or error}; choose another place with -o")
