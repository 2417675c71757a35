"""Ends network calls that nobody waits for any more, or that take far too long.

ONNX Runtime ends a call between two operators once its ``RunOptions`` say so. One thread looks at
all calls in flight.
"""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sr_batch.core.cpu import cores

Clock = Callable[[], float]

_TICK = 0.05  # seconds


class WatchedCall:
    """A call in flight.

    Args:
        options: The ``RunOptions`` of the call.
        stop: Ends it when it is set.
        seconds: Processor time after which it is ended.
        clock: The processor time of the thread that calls, in seconds.
    """

    def __init__(
        self, options: Any, stop: threading.Event | None, seconds: float, clock: Clock
    ) -> None:
        self._options = options
        self._stop, self._clock = stop, clock
        self._end = clock() + seconds if seconds < math.inf else math.inf
        self.was_stopped = False
        self.took_too_long = False

    def check(self) -> None:
        """End the call if there is a reason."""
        self.was_stopped = self._stop is not None and self._stop.is_set()
        self.took_too_long = self._end < math.inf and self._clock() > self._end
        if self.was_stopped or self.took_too_long:
            self._options.terminate = True


class CallWatch:
    """The calls in flight, and the thread that looks at them."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Forget all calls: a process that was forked has none of its parent's threads."""
        self._calls: set[WatchedCall] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watched(self, call: WatchedCall) -> Iterator[None]:
        """Look at ``call`` while the block runs."""
        with self._changed:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="calls", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._calls.remove(call)

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._calls)
                for call in self._calls:
                    call.check()
            time.sleep(_TICK)


def thread_clock() -> Clock:
    """The processor time of the calling thread, to be read by other threads while it lives.

    Where the system does not tell it, the time of the whole process, divided by the cores. Neither
    goes on while other programs keep the processor busy.
    """
    if hasattr(time, "pthread_getcpuclockid"):
        return partial(time.clock_gettime, time.pthread_getcpuclockid(threading.get_ident()))
    return lambda: time.process_time() / cores()


WATCH = CallWatch()
