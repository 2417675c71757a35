"""Messages for people: one line each, on standard error."""

import sys

from sr_batch.core.results import one_line


def say(text: str) -> None:
    """Print one line on standard error; control characters of file names are escaped."""
    if sys.stderr:  # None if it is closed; print would then use standard output
        print(one_line(text), file=sys.stderr, flush=True)


def has_terminal() -> bool:
    """Whether standard error is a terminal."""
    return bool(sys.stderr) and sys.stderr.isatty()
