"""Decides whether an input is enlarged, and by which network."""

import threading
from dataclasses import replace
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.enlarge_file import outline
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.image_work import Enlarged, Work
from sr_batch.batch.job import ALREADY_DONE, EDITED, LARGE_ENOUGH, TAKEN, Job, Notify
from sr_batch.batch.loading import Loader
from sr_batch.batch.output_ledger import Ledgers
from sr_batch.batch.overwrite_guard import OutputTaken, OverwriteGuard, Recipes
from sr_batch.core.errors import about
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Skipped
from sr_batch.files.reading import content_hash, display_name
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, Chosen


class Decider:
    """Decides for one input after the other. Thread-safe."""

    def __init__(
        self,
        upscaler: Enlarger,
        options: UpscaleOptions,
        load: Loader,
        notify: Notify,
        ledgers: Ledgers,
    ) -> None:
        self._upscaler = upscaler
        self._options = options
        self._load = load
        self._notify = notify
        self._ledgers = ledgers
        self._outdated: set[Path] = set()
        self._lock = threading.Lock()

    def decide(self, job: Job, name: str, data: bytes, header: codec.Header) -> Work | Skipped:
        """Find out whether there is anything to do, and refuse what cannot be done.

        Raises:
            ImageError: the input cannot be enlarged, or its output cannot be written.
            StorageError: the disk is full or failing.
        """
        with about(name):
            if self._options.goal.leaves(header.size):
                return Skipped(str(job.source), None, LARGE_ENOUGH)
        made = outline(header, job.format, name, self._upscaler.output_size)
        guard = self._guard(job, data, made.kind)
        if guard.is_done:
            return Skipped(str(job.source), str(job.target), ALREADY_DONE)
        if guard.is_edited:
            return Skipped(str(job.source), str(job.target), EDITED)
        made.require_possible(name)
        try:
            guard.require_replaceable(made.kind, made.sizes, self._load)
        except OutputTaken:
            if self._options.existing != "skip":
                raise
            return Skipped(str(job.source), str(job.target), TAKEN)
        if guard.is_outdated:
            self._tell_outdated(job.root)
        return Work(job, name, data, made, guard, self._upscaler)

    def choose(self, work: Work) -> Work:
        """With ``--model auto``, the upscaler that suits the first picture of the file."""
        chosen = chosen_for(work, self._upscaler, self._load, self._options)
        if chosen is None:
            return work
        work.guard.made_by(recipes_of(work.made.kind, chosen.upscaler, self._options))
        return replace(work, upscaler=chosen.upscaler, choice=chosen)

    def _tell_outdated(self, root: Path) -> None:
        """Say once for each folder that outputs of inputs that are not new are replaced."""
        with self._lock:
            if root in self._outdated:
                return
            self._outdated.add(root)
        self._notify(
            f"{display_name(root)} has outputs of another model or other settings, which are made"
            " again; to keep them, give the options that made them, or another folder with -o"
        )

    def _guard(self, job: Job, data: bytes, kind: str) -> OverwriteGuard:
        ledger, recipes = (
            self._ledgers.of(job.root),
            recipes_of(kind, self._upscaler, self._options),
        )
        return OverwriteGuard(job, ledger, content_hash(data), recipes, self._options.existing)


def chosen_for(
    work: Enlarged, upscaler: Enlarger, load: Loader, options: UpscaleOptions
) -> Chosen | None:
    """With ``--model auto``, the upscaler that suits the first picture of the file.

    The file is opened once more, because its pictures can be decoded only once.
    """
    if not isinstance(upscaler, AutoUpscaler):
        return None
    with load(work.data, work.name, options.max_pixels) as file:
        return upscaler.chosen_for(next(file.pages()))


def recipes_of(kind: str, upscaler: Enlarger, options: UpscaleOptions) -> Recipes:
    """Hashes of everything but the input that the bytes of an output of ``kind`` depend on."""
    rest = f"{kind}\n{options.encoding_recipe(kind)}"
    own, *equal = (
        content_hash(f"{pixels}\n{rest}".encode())
        for pixels in (upscaler.recipe, *upscaler.equal_recipes)
    )
    return Recipes(own, frozenset(equal))
