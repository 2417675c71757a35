"""Limits the memory that the images in flight use together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sr_batch.core.errors import Stopped

_TICK = 0.1  # seconds between two looks at the stop event


class MemoryGate:
    """Lets jobs in, in their order, while their bytes together stay within ``limit``.

    No job counts for more than three quarters of it, so that small jobs go on beside a large one.
    Others pass a job that waits only if all jobs inside use at most the last quarter.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = limit // 4
        self._held = 0
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, count: int, stop: threading.Event | None = None) -> Iterator[None]:
        """Wait until there is memory for ``count`` bytes, and count them until the block ends.

        Raises:
            Stopped: ``stop`` was set before.
        """
        count = min(count, self._limit - self._rest)
        with self._changed:
            self._wait(count, stop)
            self._held += count
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return len(self._waiting)

    def _wait(self, count: int, stop: threading.Event | None) -> None:
        ticket = object()
        self._waiting.append(ticket)
        try:
            while not self._changed.wait_for(lambda: self._fits(count, ticket), _TICK):
                if stop and stop.is_set():
                    raise Stopped
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()

    def _fits(self, count: int, ticket: object) -> bool:
        is_first = self._waiting[0] is ticket
        return not self._held or self._held + count <= (self._limit if is_first else self._rest)
