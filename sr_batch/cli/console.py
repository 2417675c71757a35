"""Messages for people: one line each, on standard error."""

import sys
from contextlib import suppress

from sr_batch.core.results import one_line


def say(text: str) -> None:
    """Print one line on standard error; control characters of file names are escaped.

    A standard error that cannot be written, such as a full disk, must not stop the work.
    """
    with suppress(OSError):
        print(one_line(text), file=sys.stderr, flush=True)


def has_terminal() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr.isatty()
