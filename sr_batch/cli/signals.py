"""SIGINT and SIGTERM during a batch: the first one stops it cleanly, the second one at once."""

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
    """Whether a signal has asked the run to stop.

    Attributes:
        event: Set by the first signal; background work checks it.
        signal: Number of the first signal; None until it comes.
    """

    event: threading.Event = field(default_factory=threading.Event)
    signal: int | None = None

    @property
    def exit_code(self) -> int | None:
        """128 + the signal, as shells expect; None if no signal came."""
        return None if self.signal is None else 128 + self.signal

    def _receive(self, number: int, frame: FrameType | None) -> None:
        # The next signal may interrupt this handler, so set first what it checks.
        if self.signal is not None:
            if has_terminal():
                _tell(_SHOW_CURSOR)
            os._exit(128 + number)
        self.signal = number
        self.event.set()
        _tell(b"stopping; press Ctrl-C once more to stop at once\n")


class Hangup:
    """Whether SIGHUP has asked the watch to read its settings again."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._asked = False

    def taken(self) -> bool:
        """Whether it has, and no signal to stop came; resets the request."""
        asked, self._asked = self._asked and self._stop.signal is None, False
        if asked:
            self._stop.event.clear()
        return asked

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._stop.event.set()


@contextmanager
def again_on_hangup(stop: Stop) -> Iterator[Hangup]:
    """Let SIGHUP interrupt the work as well, while the block runs. Main thread only."""
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
    # Not print: the handler may have interrupted a write to the same buffered stream.
    with suppress(OSError):
        os.write(sys.stderr.fileno(), text)


@contextmanager
def stop_on_signals(stop: Stop | None = None) -> Iterator[Stop]:
    """Turn SIGINT and SIGTERM into ``stop`` while the block runs. Main thread only."""
    stop = stop or Stop()
    before = {
        number: signal.signal(number, stop._receive) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
