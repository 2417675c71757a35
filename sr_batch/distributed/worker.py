"""The work on one input of a run over stores: look, read, decide, enlarge, publish."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from sr_batch import codec
from sr_batch.batch.decoder_pool import loader
from sr_batch.batch.enlarge_file import Encoded, Outline, enlarge_file, outline
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.image_decision import recipes_of
from sr_batch.batch.image_work import done_of, planned_of
from sr_batch.batch.job import ALREADY_DONE, EDITED, LARGE_ENOUGH, NOT_READ, Notify, log_warning
from sr_batch.batch.job_boundary import RunEnd, result_of
from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.batch.overwrite_guard import OutputTaken
from sr_batch.batch.plan_source import template_fields
from sr_batch.batch.verify import require_same_pictures
from sr_batch.core.errors import ImageError, Stopped, UnreadableImage, about
from sr_batch.core.results import Done, JobResult, Skipped, one_line
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.manifests import ManifestWriter
from sr_batch.distributed.output_guard import OutputGuard, Target, made_of
from sr_batch.distributed.records import Record
from sr_batch.distributed.sidecar_copies import SidecarCopies
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.task import Task
from sr_batch.files.reading import content_hash, most_bytes
from sr_batch.stores.location import Place
from sr_batch.stores.opening import open_store
from sr_batch.stores.store import MODIFIED, Changed, Store
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, Chosen, open_upscaler

_BYTES_IN_FLIGHT = 1 << 30
_TAKEN = "another file has its name"


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


@dataclass(frozen=True)
class _Work:
    """An input that is to be enlarged."""

    task: Task
    data: bytes
    made: Outline
    guard: OutputGuard
    upscaler: Enlarger
    recipe: str
    choice: Chosen | None = None


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
        self._told_outdated = threading.Event()

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
            work = self._decide(task, data, file.header)
            if isinstance(work, Skipped):
                if work.reason in (ALREADY_DONE, EDITED):
                    self._copy_late_sidecars(task, file.header)
                return work
            peak = work.made.peak_bytes(len(data), self._options.verify)
            with self._gate.hold(peak, self._halt):
                work = self._choose(work)
                encoded = self._encode(work, file)
                self._verify(work, encoded.data)
            notes = (*encoded.notes, *self._copy_sidecars(task, work.made))
            return self._publish(work, encoded.data, notes, started)

    def _preview(self, task: Task) -> JobResult:
        """What a call would do and cost. Raises the errors that are known before the work."""
        if settled := self._settled(task):
            return settled
        data = self._read(task)
        with self._opened(task, data) as file:
            work = self._decide(task, data, file.header)
        return work if isinstance(work, Skipped) else planned_of(task.ends, self._choose(work))

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
        if not task.key or not self._is_done(task):
            return None
        copies, key = self._sidecars(task), job.source.key
        if not copies.are_copied(job.sidecars, key, task.key, job.listed):
            return None
        return Skipped(task.input, task.output, ALREADY_DONE)

    def _is_done(self, task: Task) -> bool:
        """Whether the output was made from this version of the input, with these settings."""
        accept = recipes_of(task.kind, self._upscaler, self._options).accept
        if known := task.seen.proven:
            return task.is_source_of(known.made) and accept(known.made.recipe)
        present = task.head()
        made = made_of(present, task.seen) if present and present.item.size else None
        if not present or not made or not task.is_source_of(made) or not accept(made.recipe):
            return False
        self._record(Record(task.key, present.item.version, made))
        return True

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

    def _decide(self, task: Task, data: bytes, header: codec.Header) -> _Work | Skipped:
        """Find out whether there is anything to do, and refuse what cannot be done.

        Raises:
            ImageError: the input cannot be enlarged, or its output cannot be written.
        """
        task.is_read = True
        goal, format = self._options.goal, task.kind if self._spec.file else self._options.format
        with about(task.name):
            if goal.leaves(header.size):
                return Skipped(task.input, None, LARGE_ENOUGH)
        made = outline(header, format, task.name, self._upscaler.output_size)
        fields = template_fields(header.size, made.sizes[0], goal, self._upscaler.model)
        task.key = task.names.of(task.job.source.key, made.kind, fields, task.job.number)
        task.require_good_key()
        recipes = recipes_of(made.kind, self._upscaler, self._options)
        target = Target(self._target, task.key, one_line(task.output or ""), task.seen, task.head)
        own = task.made(content_hash(data), recipes.own)
        guard = OutputGuard(target, own, recipes, self._options.existing)
        if guard.is_done:
            self._record(guard.record)
            return Skipped(task.input, task.output, ALREADY_DONE)
        if guard.is_edited:
            return Skipped(task.input, task.output, EDITED)
        made.require_possible(task.name)
        try:
            guard.require_replaceable(made.kind, made.sizes, self._load)
        except OutputTaken:
            if self._options.existing != "skip":
                raise
            return Skipped(task.input, task.output, _TAKEN)
        if guard.is_outdated:
            self._tell_outdated()
        return _Work(task, data, made, guard, self._upscaler, recipes.own)

    def _choose(self, work: _Work) -> _Work:
        """With ``--model auto``, the upscaler that suits the first picture of the file."""
        if not isinstance(self._upscaler, AutoUpscaler):
            return work
        with self._opened(work.task, work.data) as file:
            chosen = self._upscaler.chosen_for(next(file.pages()))
        recipes = recipes_of(work.made.kind, chosen.upscaler, self._options)
        work.guard.made_by(recipes)
        return replace(work, upscaler=chosen.upscaler, choice=chosen, recipe=recipes.own)

    def _encode(self, work: _Work, file: LoadedFile) -> Encoded:
        self._require_going()
        return enlarge_file(
            *(file, work.upscaler, self._options, work.made.kind, work.task.name),
            *(self._progress, self._halt),
        )

    def _verify(self, work: _Work, encoded: bytes) -> None:
        """With ``--verify``, decode input and output again and compare them."""
        if not self._options.verify:
            return
        bound, name = work.upscaler.bound, work.task.name
        with self._opened(work.task, work.data) as file, about(name):
            require_same_pictures(encoded, work.made.sizes, file.pages(), bound)

    def _publish(
        self, work: _Work, encoded: bytes, notes: tuple[str, ...], started: float
    ) -> Done | Skipped:
        task, options = work.task, self._options
        own = task.made(content_hash(work.data), work.recipe)
        work.guard.describe(own)
        facts = own.facts if options.record else {}
        if options.metadata != "strip":
            facts[MODIFIED] = str(task.item.modified)
        kind = codec.FORMATS[work.made.kind].mime_types[0]
        try:
            published = work.guard.publish(encoded, kind, facts)
        except OutputTaken:
            if options.existing != "skip":
                raise
            return Skipped(task.input, task.output, _TAKEN)
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

    def _tell_outdated(self) -> None:
        """Say once that outputs of inputs that are not new are replaced."""
        if self._told_outdated.is_set():
            return
        self._told_outdated.set()
        self._notify(
            f"{one_line(self._spec.target.url)} has outputs of another model or other settings,"
            " which are made again; to keep them, give the options that made them, or another"
            " place with -o"
        )

    def _require_going(self) -> None:
        if self._halt.is_set():
            raise Stopped
