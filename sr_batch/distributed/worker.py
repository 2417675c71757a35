"""The work on one input of a run over stores: read, enlarge, publish."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from sr_batch import codec
from sr_batch.batch.decoder_pool import loader
from sr_batch.batch.enlarge_file import Encoded, Outline, enlarge_file
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.image_work import done_of, planned_of
from sr_batch.batch.job import ALREADY_DONE, EDITED, NOT_READ, TAKEN, Notify, log_warning
from sr_batch.batch.job_boundary import RunEnd, result_of
from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.batch.overwrite_guard import OutputTaken
from sr_batch.batch.verify import verify_output
from sr_batch.core.errors import ImageError, Stopped, UnreadableImage
from sr_batch.core.results import Done, JobResult, Skipped, one_line
from sr_batch.distributed.decision import KeyedDecider, KeyedWork
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.manifests import ManifestWriter
from sr_batch.distributed.records import Record
from sr_batch.distributed.sidecar_copies import SidecarCopies
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.task import Task
from sr_batch.files.reading import most_bytes
from sr_batch.stores.location import Place
from sr_batch.stores.opening import open_store
from sr_batch.stores.store import MODIFIED, Changed, Store
from sr_batch.upscaling.auto_upscaler import open_upscaler

_BYTES_IN_FLIGHT = 1 << 30


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
        end: Has the error that ended the run early, if there was one.
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
        self._sources = [opened(place) for place in spec.sources]
        self._target = opened(spec.target)
        self._gate = MemoryGate(_BYTES_IN_FLIGHT)
        self._manifest = ManifestWriter(self._target, spec.run)
        self._decider = KeyedDecider(spec, upscaler, load, notify, self._record)

    def __call__(self, job: KeyedJob) -> JobResult:
        """The result of ``job``."""
        task = Task(job, self._spec, self._sources[job.place], self._target, self._upscaler.model)
        return result_of(
            partial(self._carry_out, task), task.input, lambda: task.output, task.name, self.end
        )

    def close(self) -> None:
        """Write the last records.

        Raises:
            StorageError: the store takes no more objects.
        """
        if self.end.error is None and not self._spec.dry:
            self._manifest.close()

    def _carry_out(self, task: Task) -> JobResult:
        try:
            return self._preview(task) if self._spec.dry else self._make(task)
        except ImageError:
            if task.job.unread and not task.is_read:
                return Skipped(task.input, None, NOT_READ + task.job.unread)
            raise

    def _make(self, task: Task) -> JobResult:
        started = time.perf_counter()
        if settled := self._settled(task):
            return settled
        data = self._read(task)
        with self._opened(task, data) as file:
            work = self._decider.decide(task, data, file.header)
            if isinstance(work, Skipped):
                if work.reason in (ALREADY_DONE, EDITED):
                    self._copy_late_sidecars(task, file.header)
                return work
            peak = work.made.peak_bytes(len(data), self._options.verify)
            with self._gate.hold(peak, self._halt):
                work = self._decider.choose(work)
                encoded = self._encode(work, file)
                verify_output(work, encoded.data, self._load, self._options)
            notes = (*encoded.notes, *self._copy_sidecars(task, work.made))
            return self._publish(work, encoded.data, notes, started)

    def _preview(self, task: Task) -> JobResult:
        """What a call would do and cost. Raises the errors that are known before the work."""
        if settled := self._settled(task):
            return settled
        data = self._read(task)
        with self._opened(task, data) as file:
            work = self._decider.decide(task, data, file.header)
        return (
            work if isinstance(work, Skipped) else planned_of(task.ends, self._decider.choose(work))
        )

    def _settled(self, task: Task) -> Skipped | None:
        """The result of a job for which nothing must be read.

        Raises:
            OutputTaken: another input has the same output.
        """
        self._require_going()
        job = task.job
        if job.skip:
            return Skipped(task.input, None, job.skip)
        if job.collides:
            raise OutputTaken(
                f"{one_line(job.collides)} and {task.name} would both be written to"
                f" {one_line(task.output or '')}: add --on-collision number, or run them"
                " separately, each with its own -o"
            )
        if not task.key or not self._decider.is_done(task):
            return None
        copies, key = self._sidecars(task), job.source.key
        if not copies.are_copied(job.sidecars, key, task.key, job.listed):
            return None
        return Skipped(task.input, task.output, ALREADY_DONE)

    def _read(self, task: Task) -> bytes:
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

    def _opened(self, task: Task, data: bytes) -> AbstractContextManager[LoadedFile]:
        return self._load(data, task.name, self._options.max_pixels)

    def _encode(self, work: KeyedWork, file: LoadedFile) -> Encoded:
        self._require_going()
        return enlarge_file(
            *(file, work.upscaler, self._options, work.made.kind, work.task.name),
            *(self._progress, self._halt),
        )

    def _publish(
        self, work: KeyedWork, encoded: bytes, notes: tuple[str, ...], started: float
    ) -> Done | Skipped:
        task, options = work.task, self._options
        facts = work.guard.own.facts if options.record else {}
        if options.metadata != "strip":
            facts[MODIFIED] = str(task.item.modified)
        kind = codec.FORMATS[work.made.kind].mime_types[0]
        try:
            published = work.guard.publish(encoded, kind, facts)
        except OutputTaken:
            if options.existing != "skip":
                raise
            return Skipped(task.input, task.output, TAKEN)
        self._record(work.guard.stored)
        if published == "already done":
            return Skipped(task.input, task.output, ALREADY_DONE)
        scale = options.goal.factor(work.made.header.size)
        return done_of(task.ends, work, scale, notes, time.perf_counter() - started)

    def _sidecars(self, task: Task) -> SidecarCopies:
        out = (self._spec.target, self._target)
        policy = self._options.metadata
        return SidecarCopies(task.place, task.source, out, self._spec.run, policy)

    def _copy_sidecars(self, task: Task, made: Outline) -> Iterator[str]:
        return self._sidecars(task).copy(
            *(task.job.sidecars, task.job.source.key, task.key),
            *(made.header, made.sizes[0], self._record),
        )

    def _copy_late_sidecars(self, task: Task, header: codec.Header) -> None:
        size = self._upscaler.output_size(header.size)
        for note in self._copy_sidecars(task, Outline(header, "", (size,))):
            self._notify(note)

    def _record(self, record: Record | None) -> None:
        if record and self._options.record and not self._spec.dry:
            self._manifest.add(record)

    def _require_going(self) -> None:
        if self._halt.is_set():
            raise Stopped
