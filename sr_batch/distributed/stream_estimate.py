"""How far a run over stores is, and how long it still takes.

Its inputs are known one after the other, and a cluster answers in steps. So the bytes of inputs
whose outputs are made stand for the work, and the time between results for its pace.
"""

import threading
import time
from collections.abc import Callable

from sr_batch.core.results import Done, Failed, JobResult
from sr_batch.distributed.job import KeyedJob


def is_work(job: KeyedJob) -> bool:
    """Whether ``job`` probably takes time: its output does not exist."""
    return not (job.skip or job.collides or job.known.item)


class StreamEstimate:
    """The estimate for a run. Thread-safe.

    Args:
        clock: Seconds.

    Attributes:
        counted: Inputs that were counted so far.
        is_counted: Whether that is all of them.
        is_taken: Whether the engine has got all of them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counted = 0
        self.is_counted = False
        self.is_taken = False
        self._clock = clock
        self._in_flight: dict[str, KeyedJob] = {}
        self._to_do = 0  # bytes of the inputs that were counted and probably take time
        self._taken = 0  # of those that the engine has got
        self._corrected = 0  # of those that took time against expectation, or did not
        self._done = 0  # of those that took time
        self._pixels = 0
        self._begun: float | None = None  # when the first such input was taken
        self._first: tuple[float, int] | None = None  # when its result came, and the bytes then
        self._last = 0.0  # when the last such result came
        self._lock = threading.Lock()

    def count(self, job: KeyedJob | None) -> None:
        """The run has this input; None for one whose size is not known before it is taken."""
        with self._lock:
            self.counted += 1
            self._to_do += _weight(job) if job and is_work(job) else 0

    def take(self, name: str, job: KeyedJob, is_new: bool) -> None:
        """The engine has got the input ``name``; ``is_new`` if its size was not counted."""
        with self._lock:
            self._in_flight[name] = job
            if is_work(job):
                self._taken += _weight(job)
                self._to_do += _weight(job) if is_new else 0
                self._begun = self._clock() if self._begun is None else self._begun

    def ended(self, result: JobResult) -> None:
        """An input has its result."""
        with self._lock:
            job = self._in_flight.pop(result.input, None)
            if job is None:
                return
            expected, took = is_work(job), isinstance(result, Done | Failed)
            self._corrected += _weight(job) * (took - expected)
            if took:
                self._add(_weight(job), result)

    @property
    def is_whole(self) -> bool:
        """Whether all inputs are known; otherwise the run takes longer than :attr:`seconds`."""
        return self.is_counted or self.is_taken

    @property
    def seconds(self) -> float | None:
        """Seconds until the run ends, never below 0; None before the first result."""
        with self._lock:
            if self._begun is None or self._first is None:
                return None
            pace = self._pace(self._begun, *self._first)
            left = max(0, self._total - self._done)
            return max(0.0, left * pace - (self._clock() - self._last))

    @property
    def share(self) -> float:
        """The finished share of all work that is known, from 0 to 1."""
        with self._lock:
            return min(1.0, self._done / self._total) if self._total > 0 else 0.0

    @property
    def speed(self) -> float | None:
        """Input pixels per second over the whole run; None before the first result."""
        with self._lock:
            seconds = self._last - self._begun if self._begun is not None else 0.0
            return self._pixels / seconds if self._pixels and seconds > 0 else None

    @property
    def _total(self) -> int:
        known = self._taken if self.is_taken else max(self._to_do, self._taken)
        return known + self._corrected

    def _add(self, weight: int, result: JobResult) -> None:
        now = self._clock()
        self._done += weight
        self._pixels += result.input_size.pixels if isinstance(result, Done) else 0
        self._begun = now if self._begun is None else self._begun
        self._first = self._first or (now, self._done)
        self._last = now

    def _pace(self, begun: float, first: float, done: int) -> float:
        """Seconds for a byte: after a while without the time until the first result.

        That includes the start of workers on a cluster.
        """
        if self._last - first > first - begun and self._done > done:
            return (self._last - first) / (self._done - done)
        return (self._last - begun) / self._done


def _weight(job: KeyedJob) -> int:
    return max(1, job.source.size)
