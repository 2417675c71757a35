"""What a run says when the disk is full, whichever of its files does not fit."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sr_batch.core.errors import StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk in the block, which writes to ``folder``, into one line.

    TensorBoard writes from a thread. Its error is raised at the next point, so that the report of
    Python's threads is not shown as well.

    Raises:
        StorageError: the disk is full.
    """
    show = threading.excepthook

    def show_others(arguments: threading.ExceptHookArgs) -> None:
        if not is_full(arguments.exc_value):
            show(arguments)

    threading.excepthook = show_others
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise StorageError(
            f"{error.filename or folder}: {error.strerror}: the run cannot go on. Its last "
            "checkpoint, if there is one, is kept. Free some space, then run the same command again"
        ) from error
    finally:
        threading.excepthook = show


def is_full(error: BaseException | None) -> bool:
    """Whether ``error`` says that a disk is full, or a quota or a limit of file sizes reached."""
    return isinstance(error, OSError) and error.errno in _FULL
