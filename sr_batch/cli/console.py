"""Text for people goes to standard error, one line a message."""

import sys

from sr_batch.core.results import one_line


def say(text: str) -> None:
    """Print one line on standard error, whatever the file it names is called."""
    if sys.stderr:  # None when it was closed; print would then take standard output
        print(one_line(text), file=sys.stderr, flush=True)


def has_terminal() -> bool:
    """Whether standard error is a terminal."""
    return bool(sys.stderr) and sys.stderr.isatty()
