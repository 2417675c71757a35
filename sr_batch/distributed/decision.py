"""Decides whether an input of a run over stores is enlarged, and by which network."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sr_batch import codec
from sr_batch.batch.enlarge_file import Outline, outline
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.image_decision import chosen_for, recipes_of
from sr_batch.batch.job import ALREADY_DONE, EDITED, LARGE_ENOUGH, TAKEN, Notify
from sr_batch.batch.loading import Loader
from sr_batch.batch.overwrite_guard import OutputTaken
from sr_batch.batch.plan_source import template_fields
from sr_batch.core.errors import about
from sr_batch.core.results import Skipped, one_line
from sr_batch.distributed.output_guard import OutputGuard, Target, made_of
from sr_batch.distributed.records import Record
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.task import Task
from sr_batch.files.reading import content_hash
from sr_batch.upscaling.auto_upscaler import Chosen


@dataclass(frozen=True)
class KeyedWork:
    """An input that is to be enlarged.

    Attributes:
        task: Names input and output.
        data: The bytes of the input.
        made: What the output will be.
        guard: Protects other objects from the output.
        upscaler: What enlarges it.
        choice: With ``--model auto``, the chosen upscaler.
    """

    task: Task
    data: bytes
    made: Outline
    guard: OutputGuard
    upscaler: Enlarger
    choice: Chosen | None = None

    @property
    def name(self) -> str:
        """The input, for messages."""
        return self.task.name


class KeyedDecider:
    """Decides for one input after the other. Thread-safe.

    Args:
        spec: From the driver.
        upscaler: Enlarges decoded images.
        load: Opens image files.
        notify: Told that outputs of other settings are replaced.
        record: Told about outputs that were found.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        upscaler: Enlarger,
        load: Loader,
        notify: Notify,
        record: Callable[[Record | None], None],
    ) -> None:
        self._spec, self._options = spec, spec.options
        self._upscaler = upscaler
        self._load = load
        self._notify = notify
        self._record = record
        self._told_outdated = threading.Event()

    def is_done(self, task: Task) -> bool:
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

    def decide(self, task: Task, data: bytes, header: codec.Header) -> KeyedWork | Skipped:
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
        guard = self._guard(task, data, made.kind)
        return self._kept(task, made, guard) or KeyedWork(task, data, made, guard, self._upscaler)

    def choose(self, work: KeyedWork) -> KeyedWork:
        """With ``--model auto``, the upscaler that suits the first picture of the file."""
        chosen = chosen_for(work, self._upscaler, self._load, self._options)
        if chosen is None:
            return work
        work.guard.made_by(recipes_of(work.made.kind, chosen.upscaler, self._options))
        return replace(work, upscaler=chosen.upscaler, choice=chosen)

    def _guard(self, task: Task, data: bytes, kind: str) -> OutputGuard:
        recipes = recipes_of(kind, self._upscaler, self._options)
        target = Target(task.target, task.key, one_line(task.output or ""), task.seen, task.head)
        own = task.made(content_hash(data), recipes.own)
        return OutputGuard(target, own, recipes, self._options.existing)

    def _kept(self, task: Task, made: Outline, guard: OutputGuard) -> Skipped | None:
        """The result if what is there is kept. Raises ImageError as `decide`."""
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
            return Skipped(task.input, task.output, TAKEN)
        if guard.is_outdated:
            self._tell_outdated()
        return None

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
