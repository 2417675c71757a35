"""Goes on in time with what a person has begun, whatever the test waits for."""

import random
import threading
import time
import traceback
from collections.abc import Callable

_PAUSE = 1.0  # seconds that a slow writer pauses at most: longer than --settle


class Later:
    """Takes steps some time from now, in a thread of its own.

    Args:
        chance: How long each step waits.
        lock: Is held during a step.
        faults: Gets what a step raises.

    Attributes:
        pace: How much slower than usual the watch is.
    """

    def __init__(self, chance: random.Random, lock: threading.Lock, faults: list[str]) -> None:
        self._chance = chance
        self._lock = lock
        self._faults = faults
        self.pace = 1.0
        self._steps: list[tuple[float, Callable[[], object]]] = []
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def add(self, step: Callable[[], object], most: float = _PAUSE) -> None:
        """Take ``step`` in ``most`` seconds or earlier."""
        self._steps.append((time.monotonic() + self._chance.uniform(0.1, most), step))

    def finish(self) -> None:
        """Wait for all steps, and end the thread."""
        while self._steps:
            time.sleep(0.05)
        self._finished.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._finished.wait(0.05):
            with self._lock:
                for each in [each for each in self._steps if each[0] <= time.monotonic()]:
                    self._take(each[1])
                    self._steps.remove(each)

    def _take(self, step: Callable[[], object]) -> None:
        """A step that raises must not end the thread: the steps behind it would never be taken."""
        try:
            step()
        except Exception:
            self._faults.append(traceback.format_exc())
