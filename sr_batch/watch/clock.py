"""The time, as a value that tests can replace."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The two clocks of a watch.

    Attributes:
        now: Seconds of a clock that never goes back.
        wall: Seconds since 1970.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
