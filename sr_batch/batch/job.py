"""One input and the output that is to be made of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.geometry import Size

Notify = Callable[[str], None]
"""Told, in one line, about a problem that does not stop the run, such as a broken state file."""

log_warning: Notify = logging.getLogger("sr_batch").warning

# Reasons why an input is skipped.
LARGE_ENOUGH = "already large enough"
ALREADY_DONE = "already done"
NOT_READ = "not read: "
EDITED = "the output was changed since and is kept; --existing overwrite makes it again"
TAKEN = "another file has its name"


@dataclass(frozen=True)
class Job:
    """One image to make.

    Attributes:
        source: The input; ``PIPE`` for standard input.
        target: The output; ``PIPE`` for standard output.
        root: The output folder whose ledger records ``target``; ``PIPE`` if nothing is recorded.
        format: Format to write; ``keep`` only for standard input, whose format is not known yet.
        pixels: Of the input, 0 if not known yet.
        bytes: Likely size of the output, 0 if not known yet.
        keep_others: Keep an output that was made from another content of the same input, too.
        sizes: Of the input's pictures, empty if not known yet.
    """

    source: Path
    target: Path
    root: Path
    format: str
    pixels: int
    bytes: int = 0
    keep_others: bool = False
    sizes: tuple[Size, ...] = ()
