"""The threads of one run: they take jobs as these are planned, and give results as they finish."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from sr_batch.batch.job import Job
from sr_batch.batch.job_boundary import RunEnd, result_of
from sr_batch.batch.rest import Entry
from sr_batch.core.errors import SrBatchError, Stopped
from sr_batch.core.results import JobResult
from sr_batch.files.reading import display_name

Work = Callable[[Job], JobResult]

_THREADS = 4
_IN_FLIGHT = 256  # jobs that have been planned and whose results have not been taken
_TICK = 0.1  # seconds between two checks of the stop event
_PATIENCE = 5.0  # seconds that a run which ends waits for a listing


class Crew:
    """The threads of one run, and the reasons that end it early.

    Attributes:
        halt: Set by the caller's stop event, by a fatal error, or if the caller takes no more
            results.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.halt = threading.Event()
        self._stop = stop
        self._end = RunEnd(self.halt)
        self._fault: BaseException | None = None
        self._slots = threading.Semaphore(_IN_FLIGHT)
        self._finished: queue.SimpleQueue[Future[JobResult] | int] = queue.SimpleQueue()
        self._is_over = False

    def results(self, work: Work, entries: Iterable[Entry], certain: int) -> Iterator[JobResult]:
        """Do ``work`` for all jobs among ``entries``; a result among them is passed on.

        Args:
            work: Carries out one job.
            entries: Taken from it in another thread, when there is a thread for the job soon.
            certain: So many of the first entries have a result, also if the run ends early.

        Raises:
            SrBatchError: after the last result, the error that ended the run early.
        """
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="image")
        feeder = threading.Thread(
            target=self._feed, args=(pool, work, entries, certain), daemon=True, name="planner"
        )
        feeder.start()
        try:
            yield from self._until_last()
        finally:
            self.halt.set()
            self._is_over = True
            feeder.join(_PATIENCE)
            pool.shutdown(cancel_futures=True)
        if error := self._fault or self._end.error:
            raise error

    def _until_last(self) -> Iterator[JobResult]:
        given, total = 0, -1
        while given != total:
            found = self._next()
            if isinstance(found, int):
                total = found
                continue
            given += 1
            self._slots.release()
            yield found.result()

    def _next(self) -> Future[JobResult] | int:
        while True:
            if self._stop.is_set():
                self.halt.set()
            try:
                return self._finished.get(timeout=_TICK)
            except queue.Empty:
                continue

    def _feed(
        self, pool: ThreadPoolExecutor, work: Work, entries: Iterable[Entry], certain: int
    ) -> None:
        """Start a job for each entry while there are slots. Tells their number at the end."""
        started = 0
        try:
            for entry in entries:
                if not self._has_slot():
                    break
                self._start(pool, work, entry)
                started += 1
                if started >= certain and (self.halt.is_set() or self._stop.is_set()):
                    break
        except SrBatchError as error:
            self._end.by(error)
        except BaseException as fault:
            self._fault = fault
            self.halt.set()
        finally:
            self._finished.put(started)

    def _has_slot(self) -> bool:
        """Wait for a slot; False if nobody takes results any more."""
        while not self._slots.acquire(timeout=_TICK):
            if self._is_over:
                return False
        return not self._is_over

    def _start(self, pool: ThreadPoolExecutor, work: Work, entry: Entry) -> None:
        if isinstance(entry, Job):
            future = pool.submit(self._result, work, entry)
        else:
            future = Future[JobResult]()
            future.set_result(entry)
        future.add_done_callback(self._finished.put)

    def _result(self, work: Work, job: Job) -> JobResult:
        source, target, name = str(job.source), str(job.target), display_name(job.source)
        return result_of(partial(self._begin, work, job), source, lambda: target, name, self._end)

    def _begin(self, work: Work, job: Job) -> JobResult:
        if self._stop.is_set():
            raise Stopped
        return work(job)
