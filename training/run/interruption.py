"""SIGINT and SIGTERM during a run: the first one asks for its end, the second one ends it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class StopRequest:
    """The number of the signal that asked for the end of the run; 0 if none did."""

    signal: int = 0


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM in the block into a request. Main thread only.

    The second one acts as it does outside of the block.
    """
    request = StopRequest()

    def receive(number: int, frame: FrameType | None) -> None:
        request.signal = number
        restore()

    before = {number: signal.signal(number, receive) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield request
    finally:
        restore()
