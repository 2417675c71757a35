"""Limits the memory that the images in flight use together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryGate:
    """Lets jobs in while their bytes together stay within ``limit``; one job may always enter."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, count: int) -> Iterator[None]:
        """Wait until there is memory for ``count`` bytes, and count them until the block ends."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + count <= self._limit)
            self._held += count
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()
