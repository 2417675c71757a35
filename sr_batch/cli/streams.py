"""Standard streams that are closed, or that cannot be written."""

import os
import sys

from sr_batch.files.atomic_write import output_lost

_STREAMS = (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))


def open_closed_streams() -> None:
    """Give standard streams that the caller closed (``>&-``) a file of their own.

    Otherwise the next file that is opened, an output or a database, would get the stream's number,
    and with it all that a library prints. Reading from a closed standard input and writing to a
    closed standard output remain errors; what is written to a closed standard error is dropped.
    """
    for number, (name, flags) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest free number, which is this one
            os.set_inheritable(number, True)
            stream = open(number, "r" if name == "stdin" else "w", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def require_written() -> None:
    """Raise StorageError if standard output has text that cannot be written."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise output_lost(error) from error
