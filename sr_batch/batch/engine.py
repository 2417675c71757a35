"""The one engine: takes a plan, gives one result for every input, in the order they finish.

A few threads each take an image through all its steps. Decoding, inference and encoding of
different images so overlap by themselves. What goes wrong with an image is a ``Failed``, never an
exception.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from sr_batch import codec
from sr_batch.batch.image_job import Enlarger, Loader, Worker
from sr_batch.batch.planning import Job, Notify, Plan, log_warning
from sr_batch.core.errors import ImageError, SrBatchError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Cause, Failed, JobResult, NotRun, cause_of, one_line
from sr_batch.files.atomic_write import final, sweep
from sr_batch.files.reading import PIPE, display_name
from sr_batch.upscaling.upscaler import Stopped

Work = Callable[[Job], JobResult]

_THREADS = 4
_TICK = 0.1  # seconds between two looks at the stop event


def run(
    plan: Plan,
    upscaler: Enlarger,
    options: UpscaleOptions,
    progress: Callable[[int], None],
    stop: threading.Event,
    load: Loader = codec.read_pages,
    notify: Notify = log_warning,
    dry: bool = False,
) -> Iterator[JobResult]:
    """Carry out ``plan``; yields one result per input, the settled ones first.

    Args:
        plan: From :func:`sr_batch.batch.planning.plan_jobs`.
        upscaler: Enlarges decoded images.
        options: Format, quality, pixel limit.
        progress: Told input pixels as they are finished, from any thread.
        stop: Once set, images in flight are dropped or finished whole, the rest is ``NotRun``.
        load: Decodes (bytes, name for messages, pixel limit) one picture after the other.
        notify: Told, in one line, what does not stop the run: a broken state file.
        dry: Whether to look only: nothing is decoded or written, what would be done is ``Planned``.

    Raises:
        SrBatchError: after the last result, what ended the run early, such as a full disk.
    """
    yield from plan.settled
    crew = _Crew(stop)
    worker = Worker(upscaler, options, progress, crew.halt, load, notify)
    if dry:
        yield from crew.results(worker.preview, plan.jobs)
        return
    for folder in {final(job.target).parent for job in plan.jobs if job.target != PIPE}:
        sweep(folder)
    yield from crew.results(worker, plan.jobs)


class _Crew:
    """The threads of one run, and what ends it before its time.

    Attributes:
        halt: Set by the caller's stop, a fatal error, or a caller that takes no more results.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.halt = threading.Event()
        self._stop = stop
        self._fatal: SrBatchError | None = None
        self._lock = threading.Lock()

    def results(self, work: Work, jobs: Sequence[Job]) -> Iterator[JobResult]:
        finished: queue.SimpleQueue[Future[JobResult]] = queue.SimpleQueue()
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="image")
        try:
            for job in jobs:
                pool.submit(self._result, work, job).add_done_callback(finished.put)
            for _ in jobs:
                yield self._next(finished)
        finally:
            self.halt.set()
            pool.shutdown(cancel_futures=True)
        if self._fatal:
            raise self._fatal

    def _next(self, finished: "queue.SimpleQueue[Future[JobResult]]") -> JobResult:
        while True:
            if self._stop.is_set():
                self.halt.set()
            try:
                return finished.get(timeout=_TICK).result()
            except queue.Empty:
                continue

    def _result(self, work: Work, job: Job) -> JobResult:
        """The job boundary: whatever happens to an image becomes data here."""
        cause: Cause
        source, target, name = str(job.source), str(job.target), display_name(job.source)
        try:
            if self._stop.is_set():
                raise Stopped
            return work(job)
        except Stopped:
            reason = f"the run ended: {self._fatal}" if self._fatal else "the run was stopped"
            return NotRun(source, target, one_line(reason))
        except ImageError as error:
            text, cause = str(error), cause_of(error)
        except SrBatchError as error:
            text, cause = str(error), "disk"
            self._end(error)
        except MemoryError:
            cause = "memory"
            text = "not enough memory for this image: free some, or upscale it by itself"
        except Exception as error:
            cause = "input"
            text = f"{type(error).__name__}: {error} (a fault of sr-batch: please report it)"
        line = one_line(text if name in text else f"{name}: {text}")
        return Failed(source, target, line, cause)

    def _end(self, error: SrBatchError) -> None:
        with self._lock:
            self._fatal = self._fatal or error
        self.halt.set()
