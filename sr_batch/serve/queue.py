"""The jobs of a server, and which one is next. The one place where a job changes."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from sr_batch.batch.enlarge_file import Outline
from sr_batch.serve.client_options import JobOptions
from sr_batch.serve.job import RESTING, STATUSES, Job, Status
from sr_batch.serve.problems import Problem
from sr_batch.serve.store import StoredFile

MOST_JOBS = 20_000
MOST_REQUESTS = 256  # that wait for their picture

_RETRY = {"Retry-After": "10"}
STOPPING = Problem(503, "the server is being stopped", _RETRY)
CANCELED = Problem(409, "the job was canceled")

Changed = Callable[[Job], None]


class Queue:
    """Thread-safe. First come, first served.

    Args:
        changed: Called after each change of a job that clients see, or that is gone.

    Attributes:
        totals: How many jobs ended so far, by status.
    """

    def __init__(self, changed: Changed = lambda job: None) -> None:
        self._jobs: dict[str, Job] = {}
        self._waiting: list[Job] = []
        self.totals: Counter[str] = Counter()
        self._paces: dict[tuple[object, ...], float] = {}
        self._changed = changed
        self._closed = False
        self._used = time.monotonic()
        self._lock = threading.Condition(threading.RLock())

    @property
    def is_closed(self) -> bool:
        """Whether the server stops."""
        return self._closed

    # What clients do

    def add(self, job: Job, hold: bool = False) -> None:
        """Take ``job`` in; unless it is to be held, it waits for its turn.

        Raises:
            Problem: 429 if there are too many, 503 if the server stops.
        """
        with self._lock:
            if self._closed:
                raise STOPPING
            count = sum(each.listed == job.listed for each in self._jobs.values())
            if count >= (MOST_JOBS if job.listed else MOST_REQUESTS):
                raise Problem(429, "the queue is full: try again later", _RETRY)
            self._jobs[job.id] = job
            if hold:
                self._tell(job)
            else:
                self._line_up(job)

    def start(self, job_id: str, options: JobOptions, plan: Outline) -> Job:
        """Let a job that rests wait for its turn; an earlier result is deleted.

        Raises:
            Problem: 404, or 409 for a job that waits or runs.
        """
        with self._lock:
            job = self.get(job_id)
            if job.status not in RESTING:
                raise Problem(409, f"the job is {job.status}: cancel it first")
            if job.stop:
                raise Problem(409, "the job is still being stopped: try again in a second")
            if self._closed:
                raise STOPPING
            job.options, job.plan, job.model = options, plan, options.chosen.model
            job.drop_result()
            job.problem = job.seconds = job.precision = None
            job.notes, job.done_pixels = (), 0
            self._line_up(job)
            return job

    def cancel(self, job_id: str) -> Job:
        """Stop a job that waits or runs; does nothing to others. Raises Problem (404)."""
        with self._lock:
            job = self.get(job_id)
            if job.status in ("waiting", "running"):
                with suppress(ValueError):
                    self._waiting.remove(job)
                if job.stop:
                    job.stop.set()
                self._rest(job, "canceled")
            return job

    def delete(self, job_id: str) -> None:
        """Cancel a job and forget it. Raises Problem (404)."""
        with self._lock:
            job = self.cancel(job_id)
            del self._jobs[job_id]
            if not job.stop:  # else its worker does it
                job.remove_files()
            self._tell(job)

    def delete_finished(self) -> None:
        """Forget all jobs that are done, failed or canceled."""
        for job in self.listed():
            if job.status in ("done", "failed", "canceled"):
                with suppress(Problem):
                    self.delete(job.id)

    def get(self, job_id: str) -> Job:
        """The job of that name. Raises Problem (404)."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            raise Problem(404, f"no job has the id {job_id[:40]}; it may have been deleted")
        return job

    def listed(self) -> list[Job]:
        """All that clients see, the oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if job.listed]

    def knows(self, job: Job) -> bool:
        """Whether it was not deleted."""
        with self._lock:
            return job.id in self._jobs

    def pace(self, job: Job) -> float | None:
        """Seconds for a pixel of jobs like ``job``; None before the first."""
        return self._paces.get(_kind(job))

    def idle_seconds(self) -> float:
        """How long no job has waited, run or ended."""
        with self._lock:
            if any(job.status in ("waiting", "running") for job in self._jobs.values()):
                return 0.0
            return time.monotonic() - self._used

    def counts(self) -> dict[str, int]:
        """How many jobs have each status, those of waiting requests among them."""
        with self._lock:
            found = [job.status for job in self._jobs.values()]
        return {status: found.count(status) for status in STATUSES}

    # What workers do

    def take(self, most_pixels: int | None, stop: threading.Event) -> Job | None:
        """The next job, once there is one; None when the server stops.

        Args:
            most_pixels: The most pixels of its output, for a worker of small pictures.
            stop: Is cleared now, and set when that job is canceled.
        """
        with self._lock:
            while not self._closed:
                for job in self._waiting:
                    if most_pixels is None or _output_pixels(job) <= most_pixels:
                        self._waiting.remove(job)
                        stop.clear()
                        job.stop, job.status, job.started = stop, "running", time.monotonic()
                        self._tell(job)
                        return job
                self._lock.wait()
            return None

    def advance(self, job: Job, pixels: int) -> None:
        """So many more pixels of its input are enlarged."""
        with self._lock:
            job.done_pixels += pixels
            self._tell(job)

    def finish(
        self,
        job: Job,
        result: StoredFile,
        notes: tuple[str, ...],
        model: str,
        precision: str | None,
    ) -> None:
        """The output of ``job`` is there."""
        with self._lock:
            self._leave(job)
            if job.status != "running":
                result.remove()
                return
            job.result, job.notes, job.model, job.precision = result, notes, model, precision
            job.seconds = time.monotonic() - job.started
            self._paces[_kind(job)] = job.seconds / job.header.pixels
            self._rest(job, "done")

    def fail(self, job: Job, problem: Problem) -> None:
        """There will be no output."""
        with self._lock:
            self._leave(job)
            if job.status == "running":
                job.problem, job.seconds = problem, time.monotonic() - job.started
                self._rest(job, "failed")

    def close(self) -> None:
        """Cancel all jobs, and let the workers go."""
        with self._lock:
            self._closed = True
            for job_id in list(self._jobs):
                self.cancel(job_id)
            self._lock.notify_all()

    def forget_older(self, seconds: float) -> None:
        """Delete jobs that have rested for so long."""
        before = time.monotonic() - seconds
        for job in self.listed():
            if job.status in RESTING and job.changed < before:
                with suppress(Problem):
                    self.delete(job.id)

    def _line_up(self, job: Job) -> None:
        job.status, job.changed = "waiting", time.monotonic()
        self._waiting.append(job)
        self._tell(job)
        self._lock.notify_all()

    def _rest(self, job: Job, status: Status) -> None:
        job.status, job.changed = status, time.monotonic()
        self.totals[status] += 1
        self._used = job.changed
        self._tell(job)
        finished, job.finished = job.finished, []
        for each in finished:
            each()

    def _leave(self, job: Job) -> None:
        """Its worker is done with it."""
        job.stop = None
        if job.id not in self._jobs:
            job.remove_files()

    def _tell(self, job: Job) -> None:
        if job.listed:
            self._changed(job)


def _output_pixels(job: Job) -> int:
    return sum(size.pixels for size in job.plan.sizes)


def _kind(job: Job) -> tuple[object, ...]:
    """What the seconds for a pixel depend on, roughly."""
    chosen = job.options.chosen
    factor = chosen.goal.fixed or round(job.plan.sizes[0].width / job.header.size.width, 1)
    return (chosen.model, chosen.precision, factor, chosen.self_ensemble, job.plan.kind)
