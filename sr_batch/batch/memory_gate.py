"""What the images in work may hold together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ByteGate:
    """Lets holders in while their bytes stay within ``limit`` together; one may always enter."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, count: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + count <= self._limit)
            self._held += count
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()
