"""``--engine ray``: jobs are carried out by workers on a Ray cluster. Imports no Ray itself."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count, islice

from sr_batch.batch.job import Notify, log_warning
from sr_batch.core.errors import ClusterLost, SrBatchError, StorageError, UsageError
from sr_batch.core.installing import pip
from sr_batch.core.results import Failed, JobResult, NotRun
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_child import RayChild
from sr_batch.distributed.ray_messages import (
    Begin,
    Connected,
    Ended,
    Finished,
    FromDriver,
    NumberedJob,
    RaySettings,
    Said,
    Stop,
    Tasks,
    Wanted,
)
from sr_batch.distributed.spec import Engine, WorkerSpec
from sr_batch.stores.store import Unreachable

_TICK = 0.1
_CONNECTING = 120.0  # seconds until Ray has answered
_STOPPING = 30.0  # seconds from a stop until the driver has ended
_MOST_STARTS = 3  # of drivers in a row that were killed without a result


def ray_engine(
    settings: RaySettings,
    progress: Callable[[int], None] = lambda pixels: None,
    notify: Notify = log_warning,
) -> Engine:
    """The engine for a run.

    Args:
        settings: What the user asks of the cluster.
        progress: Told how many input pixels were enlarged.
        notify: Told about problems that do not stop the run, and where the dashboard is.

    Raises:
        UsageError: Ray is not installed.
        Unreachable: nothing answers at the address.

    The engine raises `ClusterLost` after the results of all jobs that it took.
    """
    require_ray()
    settings.address.check()

    def engine(
        spec: WorkerSpec, jobs: Iterator[KeyedJob], stop: threading.Event
    ) -> Iterator[JobResult]:
        return _Run(settings, spec, jobs, stop, progress, notify).results()

    return engine


def require_ray() -> None:
    """Raise UsageError with the command that installs Ray, unless it is installed."""
    if find_spec("ray") is None:
        raise UsageError(f"--engine ray needs Ray: {pip('install', 'sr-batch[ray]')}")


class _Run:
    """One call of the engine."""

    def __init__(
        self,
        settings: RaySettings,
        spec: WorkerSpec,
        jobs: Iterator[KeyedJob],
        stop: threading.Event,
        progress: Callable[[int], None],
        notify: Notify,
    ) -> None:
        self._settings, self._spec, self._stop = settings, spec, stop
        self._progress, self._notify = progress, notify
        self._jobs = jobs
        self._numbers = count()
        self._in_flight: dict[int, KeyedJob] = {}
        self._has_all = False  # the driver has got the last job
        self._is_connected = False  # the driver that runs now
        self._was_connected = False  # any driver
        self._stopped: float | None = None
        self._deadline = 0.0
        self._starts = 0
        self._error: SrBatchError | None = None

    def results(self) -> Iterator[JobResult]:
        """One result for every job.

        Raises:
            SrBatchError: the cluster cannot be used, or was lost.
        """
        child = self._begin()
        try:
            while True:
                message = self._next(child)
                if isinstance(message, Ended) and self._is_refused(message):
                    message = None
                if isinstance(message, Ended):
                    self._error = self._error or self._error_of(message)
                    break
                if message is None:
                    child.close()
                    if self._stopped is not None:
                        break
                    if not self._may_start_again():
                        self._error = self._error or self._lost()
                        break
                    child = self._begin()
                    continue
                yield from self._handled(message, child)
        finally:
            child.close()
        yield from self._not_run(self._error)
        if self._error:
            raise self._error

    def _begin(self) -> RayChild:
        """Start a driver, and give it the jobs that the last one did not answer."""
        self._starts += 1
        self._is_connected = False
        self._deadline = time.monotonic() + _CONNECTING
        child = RayChild()
        child.tell(Begin(self._settings, self._spec))
        if self._in_flight or self._has_all:
            rest = tuple(NumberedJob(*item) for item in self._in_flight.items())
            child.tell(Tasks(rest, self._has_all))
        return child

    def _next(self, child: RayChild) -> FromDriver | None:
        """What the driver says; None if it has ended, or is too late."""
        while True:
            if self._stop.is_set() and self._stopped is None:
                self._stopped = time.monotonic()
                self._deadline = self._stopped + _STOPPING
                child.tell(Stop())
            try:
                return child.heard.get(timeout=_TICK)
            except queue.Empty:
                waits = self._stopped is not None or not self._is_connected
                if waits and time.monotonic() > self._deadline:
                    return None

    def _handled(self, message: FromDriver, child: RayChild) -> Iterator[JobResult]:
        match message:
            case Connected(dashboard):
                self._is_connected = self._was_connected = True
                if dashboard:
                    self._notify(f"the dashboard of the cluster: http://{dashboard}")
            case Wanted(number):
                child.tell(self._more(number))
            case Said(text):
                self._notify(text)
            case Finished(results, pixels):
                self._progress(pixels)
                yield from self._new(results)

    def _more(self, number: int) -> Tasks:
        tasks = tuple(islice(self._numbered(), number))
        self._has_all = len(tasks) < number
        return Tasks(tasks, self._has_all)

    def _numbered(self) -> Iterator[NumberedJob]:
        """The next jobs; none if the run ends, or its listing has failed."""
        while not (self._stop.is_set() or self._error):
            try:
                job = next(self._jobs)
            except StopIteration:
                return
            except SrBatchError as error:
                self._error = error
                return
            number = next(self._numbers)
            self._in_flight[number] = job
            yield NumberedJob(number, job)

    def _new(self, results: tuple[tuple[int, JobResult], ...]) -> Iterator[JobResult]:
        for number, result in results:
            if self._in_flight.pop(number, None) is not None:
                self._starts = 0
                yield result
                if isinstance(result, Failed) and result.cause == "disk":
                    self._error = self._error or StorageError(result.error)

    def _may_start_again(self) -> bool:
        """Whether the driver was killed while the cluster goes on."""
        if not self._was_connected or self._starts >= _MOST_STARTS:
            return False
        try:
            self._settings.address.check()
        except Unreachable:
            return False
        self._notify("the driver of the cluster has ended, and is started again")
        return True

    def _is_refused(self, ended: Ended) -> bool:
        """Whether a cluster that was there does not take another driver in."""
        is_away = ended.exit_code == Unreachable.exit_code and not self._is_connected
        return is_away and self._was_connected

    def _error_of(self, ended: Ended) -> SrBatchError | None:
        if not ended.error:
            return None
        if ended.exit_code == ClusterLost.exit_code:
            return self._lost()
        kinds = {2: UsageError, 4: Unreachable}
        return kinds.get(ended.exit_code, SrBatchError)(ended.error)

    def _lost(self) -> SrBatchError:
        address = self._settings.address
        if not self._was_connected:
            what = (
                "something answers there, but Ray does not"
                if address.host
                else "Ray did not start here"
            )
            return Unreachable(f"--address {address}: {what}")
        return ClusterLost(
            f"the cluster {address} is lost: when it is back, run the same command again to go on"
        )

    def _not_run(self, error: SrBatchError | None) -> Iterator[JobResult]:
        reason = f"the run ended: {error}" if error else "the run was stopped"
        for job in self._in_flight.values():
            yield NotRun(self._spec.sources[job.place].below(job.source.key), None, reason)
        self._in_flight.clear()
