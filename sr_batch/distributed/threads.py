"""The engine of one machine: threads that each carry out one job from start to end.

Jobs are taken as they are begun, so only those in flight are in memory.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sr_batch.core.results import JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.worker import KeyedWorker

THREADS = 8  # more than work at once: while some enlarge, others wait for a server
_TICK = 0.1  # seconds between two checks of the stop event

Opener = Callable[[WorkerSpec, threading.Event], AbstractContextManager[KeyedWorker]]


@dataclass(frozen=True)
class ThreadsEngine:
    """An `Engine`.

    Attributes:
        opened: Opens the worker, such as `open_worker`.
        threads: How many jobs are in flight.
    """

    opened: Opener
    threads: int = THREADS

    def __call__(
        self, spec: WorkerSpec, jobs: Iterator[KeyedJob], stop: threading.Event
    ) -> Iterator[JobResult]:
        """Carry out ``jobs``.

        Raises:
            SrBatchError: after the last result, the error that ended the run early, or that of
                ``jobs``.
        """
        halt = threading.Event()
        with self.opened(spec, halt) as worker:
            crew = _Crew(worker, jobs, self.threads, stop, halt)
            yield from crew.results()
        if worker.end.error:
            raise worker.end.error


class _Crew:
    """The threads of one run."""

    def __init__(
        self,
        worker: KeyedWorker,
        jobs: Iterator[KeyedJob],
        count: int,
        stop: threading.Event,
        halt: threading.Event,
    ) -> None:
        self._worker = worker
        self._jobs = jobs
        self._taking = threading.Lock()
        self._stop = stop
        self._halt = halt
        self._error: BaseException | None = None
        # A thread that has a result waits until the one before was taken: results stay few.
        self._results: queue.Queue[JobResult | None] = queue.Queue(count)
        self._threads = [
            threading.Thread(target=self._work, name="image", daemon=True) for _ in range(count)
        ]

    def results(self) -> Iterator[JobResult]:
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        try:
            while working:
                if self._stop.is_set():
                    self._halt.set()
                try:
                    result = self._results.get(timeout=_TICK)
                except queue.Empty:
                    continue
                if result is None:
                    working -= 1
                else:
                    yield result
        finally:
            self._halt.set()
            self._drain(working)
        if self._error:
            raise self._error

    def _drain(self, working: int) -> None:
        """Wait for the threads, if the caller takes no more results."""
        while working:
            working -= self._results.get() is None
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        try:
            while (job := self._next()) is not None:
                self._results.put(self._worker(job))
        except BaseException as error:
            self._end(error)
        finally:
            self._results.put(None)

    def _next(self) -> KeyedJob | None:
        """The next job; None if there is none, or the run ends."""
        with self._taking:
            if self._halt.is_set() or self._stop.is_set() or self._error:
                return None
            try:
                return next(self._jobs, None)
            except BaseException as error:
                self._error = error  # what is in flight may go on
                return None

    def _end(self, error: BaseException) -> None:
        self._error = self._error or error
        self._halt.set()
