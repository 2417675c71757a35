"""SIGINT and SIGTERM during a batch: the first asks it to stop, the second leaves at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from sr_batch.cli.console import has_terminal

_SHOW_CURSOR = b"\x1b[?25h"  # the progress bar hides it


@dataclass
class Stop:
    """Whether the run was asked to stop.

    Attributes:
        event: Set by the first signal; what works in the background looks at it.
        signal: Number of the signal that came; None when none did.
    """

    event: threading.Event = field(default_factory=threading.Event)
    signal: int | None = None

    @property
    def exit_code(self) -> int | None:
        """What a shell expects of a process that a signal ended; None when none did."""
        return None if self.signal is None else 128 + self.signal

    def _receive(self, number: int, frame: FrameType | None) -> None:
        # The next signal may come in the midst of this: what it looks at is set first.
        if self.signal is not None:
            if has_terminal():
                _tell(_SHOW_CURSOR)
            os._exit(128 + number)
        self.signal = number
        self.event.set()
        _tell(b"stopping; once more to leave at once\n")


class Hangup:
    """Whether SIGHUP asked to begin anew."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._asked = False

    def taken(self) -> bool:
        """Whether it did, and nothing asked to end; forgotten here."""
        asked, self._asked = self._asked and self._stop.signal is None, False
        if asked:
            self._stop.event.clear()
        return asked

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._stop.event.set()


@contextmanager
def again_on_hangup(stop: Stop) -> Iterator[Hangup]:
    """End the work in hand on SIGHUP, too, while the block runs; main thread only."""
    hangup = Hangup(stop)
    if not hasattr(signal, "SIGHUP"):
        yield hangup
        return
    before = signal.signal(signal.SIGHUP, hangup._receive)
    try:
        yield hangup
    finally:
        signal.signal(signal.SIGHUP, before)


def _tell(text: bytes) -> None:
    # Not print: a handler must not enter a buffered stream that it may have interrupted.
    if sys.stderr:
        with suppress(OSError):
            os.write(sys.stderr.fileno(), text)


@contextmanager
def stop_on_signals(stop: Stop | None = None) -> Iterator[Stop]:
    """Turn SIGINT and SIGTERM into ``stop`` while the block runs; main thread only."""
    stop = stop or Stop()
    before = {
        number: signal.signal(number, stop._receive) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
