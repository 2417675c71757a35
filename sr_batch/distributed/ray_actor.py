"""The process of a worker on a node of the cluster: it opens what it needs once, and keeps it.

Pictures do not pass through Ray: the worker reads and writes the stores itself.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pkgutil import resolve_name

from sr_batch.core.errors import SrBatchError
from sr_batch.core.results import JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.spec import WorkerSpec

_OVERLAP = 1  # threads besides one for each core: they read and write meanwhile


def own_version() -> str:
    """The version of sr-batch in this process."""
    return version("sr-batch")


@dataclass(frozen=True)
class Opened:
    """A worker is ready, or ``error`` says why not."""

    node: str
    version: str
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Answer:
    """The results of a chunk in the order of its jobs, and what happened meanwhile."""

    results: tuple[JobResult, ...]
    pixels: int
    seconds: float
    notes: tuple[str, ...]


class ChunkWorker:
    """Carries out chunks, in the order that they come. The class of a Ray actor.

    Its methods are called in threads: `work` in two, so that the jobs of the next chunk begin
    while the last ones of this chunk are still being stored.

    Args:
        spec: From the driver.
        opener: As of `RaySettings`.
        cpus: Cores that it may use.
    """

    def __init__(self, spec: WorkerSpec, opener: str, cpus: int) -> None:
        self._spec = replace(spec, options=replace(spec.options, jobs=spec.options.jobs or cpus))
        self._opener = opener
        self._halt = threading.Event()
        self._threads = ThreadPoolExecutor(cpus + _OVERLAP, thread_name_prefix="image")
        self._lock = threading.Lock()
        self._pixels = 0
        self._notes: list[str] = []
        self._context = ExitStack()
        self._do: Callable[[KeyedJob], JobResult]

    def open(self) -> Opened:
        """Open network and stores. Its answer shows that the process works."""
        import ray

        node = ray.get_runtime_context().get_node_id()
        try:
            opened = resolve_name(self._opener)(self._spec, self._halt, self._advance, self._note)
            self._do = self._context.enter_context(opened)
        except SrBatchError as error:
            return Opened(node, own_version(), f"{os.uname().nodename}: {error}", error.exit_code)
        return Opened(node, own_version())

    def work(self, jobs: Sequence[KeyedJob]) -> Answer:
        """Carry out ``jobs``. No exception of one of them leaves the call."""
        began: list[float] = []
        futures = [self._threads.submit(self._one, job, began) for job in jobs]
        results = tuple(future.result() for future in futures)
        with self._lock:
            pixels, self._pixels = self._pixels, 0
            notes, self._notes = self._notes, []
        return Answer(results, pixels, time.monotonic() - began[0], tuple(notes))

    def halt(self) -> None:
        """Drop the images in flight; what was not begun becomes ``NotRun``."""
        self._halt.set()

    def close(self) -> str:
        """Store the last records. Returns what went wrong, or an empty text."""
        try:
            self._context.close()
        except SrBatchError as error:
            return str(error)
        return ""

    def _one(self, job: KeyedJob, began: list[float]) -> JobResult:
        began.append(time.monotonic())
        return self._do(job)

    def _advance(self, pixels: int) -> None:
        with self._lock:
            self._pixels += pixels

    def _note(self, text: str) -> None:
        with self._lock:
            if text not in self._notes:
                self._notes.append(text)
