"""The engine: carries out a plan and yields one result for every input, in the order they finish.

A few threads each carry out one job from start to end, so decoding, inference and encoding of
different images overlap. An image that fails is a ``Failed`` result, never an exception.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.following import Follower, Nobody
from sr_batch.batch.image_job import ImageWorker
from sr_batch.batch.job import Job, Notify, log_warning
from sr_batch.batch.job_boundary import RunEnd, result_of
from sr_batch.batch.loading import Loader, load_file
from sr_batch.batch.planning import Plan
from sr_batch.batch.tile_file import sweep_tiles
from sr_batch.core.errors import Stopped
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.files.part_file import resolved, sweep
from sr_batch.files.reading import PIPE, display_name

Work = Callable[[Job], JobResult]

_THREADS = 4
_TICK = 0.1  # seconds between two checks of the stop event


def run(
    plan: Plan,
    upscaler: Enlarger,
    options: UpscaleOptions,
    progress: Callable[[int], None],
    stop: threading.Event,
    load: Loader = load_file,
    notify: Notify = log_warning,
    dry: bool = False,
    follower: Follower | None = None,
) -> Iterator[JobResult]:
    """Carry out ``plan``. Yields one result per input, the settled ones first.

    Args:
        plan: From :func:`sr_batch.batch.planning.plan_jobs`.
        upscaler: Enlarges decoded images.
        options: Format, quality, pixel limit.
        progress: Told how many input pixels were finished or restored, from any thread.
        stop: Once set, images in flight are dropped or finished whole, the rest is ``NotRun``.
        load: Opens the input files.
        notify: Told about problems that do not stop the run.
        dry: Decode and write nothing; inputs that would be enlarged are ``Planned``.
        follower: Told what is done on each image.

    Raises:
        SrBatchError: after the last result, the error that ended the run early, such as a full
            disk.
    """
    yield from plan.settled
    crew = _Crew(stop)
    worker = ImageWorker(
        upscaler, options, progress, crew.halt, load, notify, plan.ledgers, follower or Nobody()
    )
    if dry:
        yield from crew.results(worker.preview, plan.jobs)
        return
    _sweep_folders(plan)
    yield from crew.results(worker, plan.jobs)


def copy_late_sidecars(
    plan: Plan,
    upscaler: Enlarger,
    options: UpscaleOptions,
    stop: threading.Event,
    load: Loader = load_file,
    notify: Notify = log_warning,
) -> Iterator[JobResult]:
    """Copy the sidecars that came after their pictures were finished; make no pictures.

    Yields one result for each job of ``plan``: ``Failed`` if its sidecars could not be copied.

    Raises:
        SrBatchError: as :func:`run` does.
    """
    crew = _Crew(stop)
    worker = ImageWorker(
        upscaler, options, lambda pixels: None, crew.halt, load, notify, plan.ledgers, Nobody()
    )
    yield from crew.results(worker.copy_late_sidecars, plan.jobs)


def _sweep_folders(plan: Plan) -> None:
    for folder in {resolved(job.target).parent for job in plan.jobs if job.target != PIPE}:
        sweep(folder)
    for root in {job.root for job in plan.jobs if job.root != PIPE}:
        sweep_tiles(root)


class _Crew:
    """The threads of one run, and the reasons that end it early.

    Attributes:
        halt: Set by the caller's stop event, by a fatal error, or if the caller takes no more
            results.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.halt = threading.Event()
        self._stop = stop
        self._end = RunEnd(self.halt)

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
        if self._end.error:
            raise self._end.error

    def _next(self, finished: "queue.SimpleQueue[Future[JobResult]]") -> JobResult:
        while True:
            if self._stop.is_set():
                self.halt.set()
            try:
                return finished.get(timeout=_TICK).result()
            except queue.Empty:
                continue

    def _result(self, work: Work, job: Job) -> JobResult:
        source, target, name = str(job.source), str(job.target), display_name(job.source)
        return result_of(partial(self._begin, work, job), source, lambda: target, name, self._end)

    def _begin(self, work: Work, job: Job) -> JobResult:
        if self._stop.is_set():
            raise Stopped
        return work(job)
