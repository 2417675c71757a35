"""The work on one input of a run over stores: look, read, decide, enlarge, publish."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from sr_batch import codec
from sr_batch.batch.decoder_pool import loader
from sr_batch.batch.enlarge_file import Encoded, Outline, enlarge_file, outline
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.image_decision import recipes_of
from sr_batch.batch.job import ALREADY_DONE, EDITED, LARGE_ENOUGH, NOT_READ, Notify, log_warning
from sr_batch.batch.job_boundary import RunEnd, result_of
from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.batch.overwrite_guard import OutputTaken, Recipes
from sr_batch.batch.planning import tag_of, template_fields
from sr_batch.batch.verify import require_same_pictures
from sr_batch.codec.formats import FORMATS
from sr_batch.core.errors import ImageError, Stopped, UnreadableImage, about
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult, Planned, Skipped, one_line
from sr_batch.distributed.job import NOTHING, KeyedJob
from sr_batch.distributed.manifests import ManifestWriter
from sr_batch.distributed.names import OutputNames
from sr_batch.distributed.output_guard import OutputGuard, Target, made_of
from sr_batch.distributed.records import MODIFIED, Made, Record, source_name
from sr_batch.distributed.sidecar_copies import SidecarCopies
from sr_batch.files.reading import content_hash, most_bytes
from sr_batch.stores.location import Place
from sr_batch.stores.opening import open_store
from sr_batch.stores.store import Changed, Head, Item, Store
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, Chosen, open_upscaler

_BYTES_IN_FLIGHT = 1 << 30

Engine = Callable[["WorkerSpec", Iterator[KeyedJob], threading.Event], Iterator[JobResult]]
"""Carries out jobs: each gives exactly one result, in the order they finish.

Once the event is set, jobs that were not begun are ``NotRun``, and no more are taken. A ``Failed``
with the cause ``disk`` ends the run as well.
"""


@dataclass(frozen=True)
class WorkerSpec:
    """All that a worker needs, on this machine or on another one. Can be pickled.

    Attributes:
        sources: Where inputs are.
        target: Where outputs go.
        options: Of the run.
        run: Identifies the run.
        file: Key of the only output, if ``-o`` names a file.
        lists: Whether jobs state what a listing has at the keys of their outputs.
        dry: Whether nothing is made, and results are ``Planned``.
        named: URLs and paths of inputs that were named; no output may replace them.
    """

    sources: tuple[Place, ...]
    target: Place
    options: UpscaleOptions
    run: str
    file: str = ""
    lists: bool = False
    dry: bool = False
    named: frozenset[str] = frozenset()


@contextmanager
def open_worker(
    spec: WorkerSpec,
    halt: threading.Event,
    progress: Callable[[int], None] = lambda pixels: None,
    notify: Notify = log_warning,
) -> Iterator["KeyedWorker"]:
    """A worker with its network and stores, which are closed at the end of the block.

    Args:
        spec: From the driver.
        halt: Ends the work on images in flight within a second.
        progress: Told how many input pixels were enlarged, from any thread.
        notify: Told about problems that do not stop the run.

    Raises:
        SrBatchError: the network or the device cannot be used here; at the end of the block, the
            last manifest cannot be written.
    """
    with (
        open_upscaler(spec.options, notify) as upscaler,
        loader(spec.options.isolate, halt) as load,
    ):
        worker = KeyedWorker(spec, upscaler, halt, progress, notify, load)
        try:
            yield worker
        finally:
            worker.close()


class KeyedWorker:
    """Carries out jobs, each in a thread of the caller's; no exception leaves a call.

    Args:
        spec: From the driver.
        upscaler: Enlarges decoded images.
        halt: As of `open_worker`; an error that ends the run sets it.
        progress: As of `open_worker`.
        notify: As of `open_worker`.
        load: Opens image files.
        opened: Opens stores.

    Attributes:
        end: The error that ended the run early, if there was one.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        upscaler: Enlarger,
        halt: threading.Event,
        progress: Callable[[int], None],
        notify: Notify,
        load: Loader,
        opened: Callable[[Place], Store] = open_store,
    ) -> None:
        self.end = RunEnd(halt)
        self._spec = spec
        self._options = spec.options
        self._upscaler = upscaler
        self._halt = halt
        self._progress = progress
        self._notify = notify
        self._load = load
        self._sources: Sequence[Store] = [opened(place) for place in spec.sources]
        self._target = opened(spec.target)
        self._gate = MemoryGate(_BYTES_IN_FLIGHT)
        self._manifest = ManifestWriter(self._target, spec.run)
        self._told_outdated = threading.Event()

    def __call__(self, job: KeyedJob) -> JobResult:
        """The result of ``job``."""
        task = _Task(job, self._spec, self._upscaler.model)
        work = partial(self._preview if self._spec.dry else self._make, task)
        return result_of(work, task.input, lambda: task.output, task.name, self.end)

    def close(self) -> None:
        """Write the last records.

        Raises:
            StorageError: the store takes no more objects.
        """
        if self.end.error is None:
            self._manifest.close()

    def _make(self, task: "_Task") -> JobResult:
        started = time.perf_counter()
        if settled := self._settled(task):
            return settled
        data = self._read(task)
        with self._opened(task, data) as file:
            work = self._decide(task, data, file.header)
            if isinstance(work, Skipped):
                if work.reason in (ALREADY_DONE, EDITED):
                    size = self._upscaler.output_size(file.header.size)
                    for note in self._copy_sidecars(task, Outline(file.header, "", (size,))):
                        self._notify(note)
                return work
            with self._gate.hold(work.made.peak_bytes(len(data), self._options.verify), self._halt):
                work = self._choose(work)
                encoded = self._encode(work, file)
                self._verify(work, encoded.data)
                notes = (*encoded.notes, *self._copy_sidecars(task, work.made))
                return self._publish(work, encoded.data, notes, started)

    def _preview(self, task: "_Task") -> JobResult:
        """What a call would do and cost. Raises the errors that are known before the work."""
        if settled := self._settled(task):
            return settled
        data = self._read(task)
        with self._opened(task, data) as file:
            work = self._decide(task, data, file.header)
        return work if isinstance(work, Skipped) else self._choose(work).planned()

    def _settled(self, task: "_Task") -> Skipped | Failed | None:
        """The result of a job that needs no input to be read."""
        self._require_going()
        job = task.job
        if job.skip:
            return Skipped(task.input, None, job.skip)
        if job.collides:
            raise OutputTaken(
                f"{job.collides} and {task.name} would both be written to"
                f" {one_line(task.output or '')}: add --on-collision number, or run them"
                " separately, each with its own -o"
            )
        if not task.key or not self._is_done(task):
            return None
        if not self._sidecars(task).are_copied(job.sidecars, job.source.key, task.key):
            return None
        return Skipped(task.input, task.output, ALREADY_DONE)

    def _is_done(self, task: "_Task") -> bool:
        """Whether the output was made from this version of the input, with these settings."""
        seen, recipes = task.job.known, self._recipes(task.kind)
        if known := seen.proven:
            return task.is_source_of(known.made) and recipes.accept(known.made.recipe)
        if (present := self._look(task)) is None:
            return False
        made = made_of(present, seen)
        if made is None or not task.is_source_of(made) or not recipes.accept(made.recipe):
            return False
        self._record(Record(task.key, present.item.version, made))
        return True

    def _look(self, task: "_Task") -> Head | None:
        """What is at the key of the output; no request if the listing knows that nothing is."""
        if task.head is _UNKNOWN:
            unseen = task.is_expected and self._spec.lists and task.job.known.item is None
            task.head = None if unseen else self._target.head(task.key)
        assert not isinstance(task.head, _Unknown)
        return task.head

    def _read(self, task: "_Task") -> bytes:
        """The input as it was listed; if it has changed since, as it is now."""
        self._require_going()
        limit, item = most_bytes(self._options.max_pixels), task.item
        try:
            return task.source.read(item.key, item.version, limit)
        except Changed:
            head = task.source.head(item.key)
        if head is None:
            raise UnreadableImage(f"{task.name}: it was deleted after it was listed")
        task.item = head.item
        return task.source.read(item.key, head.item.version, limit)

    def _opened(self, task: "_Task", data: bytes):  # type: ignore[no-untyped-def]
        return self._load(data, task.name, self._options.max_pixels)
