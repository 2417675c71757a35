"""Gives memory that was freed back to the operating system."""

import ctypes
import sys
from contextlib import suppress


def return_free_memory() -> None:
    """Ask the C library to give freed memory back. Does nothing where it has no such function.

    The C library of Linux keeps what was freed for later use: hundreds of megabytes after a large
    network was closed.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)
