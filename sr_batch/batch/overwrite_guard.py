"""Protects files in the place of an output: only an output of the same input may be replaced."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sr_batch.batch.job import Job
from sr_batch.batch.loading import Loader
from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.core.errors import ImageError, UnwritableOutput
from sr_batch.core.geometry import Size
from sr_batch.core.options import Existing
from sr_batch.files.atomic_write import require_writable_folder
from sr_batch.files.part_file import require_only_file, resolved
from sr_batch.files.reading import (
    PIPE,
    content_hash,
    display_name,
    file_hash,
    most_bytes,
    read_source,
    stamp_of,
)

_OR_ELSE = "choose another place with -o, or use --existing skip or overwrite"
_OR_ELSE_AGAIN = "give the new picture another name, or use --again replace"


class OutputTaken(UnwritableOutput):
    """Another file is in the place of the output."""


@dataclass(frozen=True)
class Recipes:
    """Hashes of everything besides the input that an output depends on.

    Attributes:
        own: Of this run.
        equal: Of runs on other machines with the same options. Their outputs count as done, too.
    """

    own: str
    equal: Collection[str] = ()

    def accept(self, recipe: str) -> bool:
        """Whether an output made by ``recipe`` is up to date."""
        return recipe == self.own or recipe in self.equal


class OverwriteGuard:
    """Decides whether the output of one job exists already and what it may replace.

    Args:
        job: The job; if its output is standard output, it may always write.
        ledger: Of the job's output folder.
        source: Hash of the input's content.
        recipes: Of this run, and of others that count as this one.
        existing: ``--existing``: what to do about a file that this job did not make, or that was
            changed since.
    """

    def __init__(
        self, job: Job, ledger: Ledger, source: str, recipes: Recipes, existing: Existing = "error"
    ) -> None:
        self._job = job
        self._ledger = ledger
        self._source = source
        self._recipes = recipes
        self._existing = existing
        self._recorded = None if job.root == PIPE else ledger.find(job.target)
        self._unrecorded_hash: str | None = None
        self._seen = None if job.target == PIPE else stamp_of(job.target)

    @cached_property
    def _present(self) -> str:
        """Hash of the file that is there; empty if it cannot be read."""
        return file_hash(self._job.target) or ""

    @property
    def _is_current(self) -> bool:
        """Whether the ledger has this input, enlarged with settings that count as these."""
        recorded = self._recorded
        return (
            recorded is not None
            and recorded.source == self._source
            and self._recipes.accept(recorded.recipe)
        )

    @property
    def is_outdated(self) -> bool:
        """Whether the output was made from this input with settings that count as others."""
        recorded = self._recorded
        made = recorded is not None and recorded.source == self._source
        return made and not self._is_current and not _is_free(self._job.target)

    @property
    def is_done(self) -> bool:
        """Whether the output exists, exactly as this job would make it."""
        recorded = self._recorded
        return self._is_current and recorded is not None and recorded.output == self._present

    @property
    def is_edited(self) -> bool:
        """Whether the output was made by this job and changed since, and is to be kept."""
        recorded = self._recorded
        if recorded is None or self._existing == "overwrite" or _is_free(self._job.target):
            return False
        return self._is_current and bool(self._present) and not recorded.knows(self._present)

    def require_replaceable(self, kind: str, sizes: tuple[Size, ...], load: Loader) -> None:
        """Refuse, before the work, an output that could not be stored after it.

        A file without a record may be an earlier output whose record was lost. In that case the
        same work gives the same bytes, which :meth:`require_same` checks.

        Args:
            kind: Format of the output.
            sizes: Of its pictures.
            load: Opens the file that is there.

        Raises:
            UnwritableOutput: no file can be made there.
            OutputTaken: there is a file that must be kept, or something that is not a file.
        """
        target = self._job.target
        if target == PIPE:
            return
        require_writable_folder(target)
        _require_only_file(target)
        if _is_free(target):
            return
        self._require_not_of_another()
        if self._existing == "overwrite":
            return
        if self._recorded is None:
            if self._existing == "skip":
                raise _unknown(target)
            self._unrecorded_hash = _hash_if_alike(target, kind, sizes, load)
        elif not self._recorded.knows(self._present):
            raise _changed(target)

    def _require_not_of_another(self) -> None:
        """Refuse to replace an output that was made from another picture.

        ``--existing overwrite`` allows it, but not if the job is to keep the others: then the two
        pictures had one name, and the source of the first may be gone.
        """
        recorded = self._recorded
        if recorded is None or recorded.source == self._source:
            return
        others = self._existing != "overwrite" and recorded.origin != _origin(self._job)
        if self._job.keep_others or others:
            raise OutputTaken(
                f"{display_name(self._job.target)} was made from another input"
                f" ({display_name(recorded.origin)}, relative to the output folder), so it is"
                f" kept: move it away, {_OR_ELSE_AGAIN if self._job.keep_others else _OR_ELSE}"
            )

    def require_same(self, output: str) -> None:
        """Refuse an output with the hash ``output`` if a file without a record differs from it.

        Raises:
            OutputTaken: it differs.
        """
        if self._unrecorded_hash not in (None, output):
            raise _unknown(self._job.target)

    def require_unchanged(self, output: str) -> None:
        """Refuse to replace what somebody wrote to the output's place during the work.

        Another run may have written the same bytes, or an output that the ledger knows.

        Args:
            output: Hash of the output.

        Raises:
            OutputTaken: there is another file now.
        """
        target = self._job.target
        if stamp_of(target) == self._seen or _is_free(target):
            return
        self._present = file_hash(target) or ""
        if self._job.root != PIPE:
            self._recorded = self._ledger.find(target)
        if self._job.keep_others:
            self._require_not_of_another()
        if self._existing == "overwrite":
            return
        known = self._recorded is not None and self._recorded.knows(self._present)
        if self._present != output and not known:
            raise _changed(target)

    def record(self, output: str) -> None:
        """Record in the ledger that this job made the output with the hash ``output``.

        Raises:
            StorageError: the disk is full or failing.
        """
        if self._job.root != PIPE:
            self._ledger.record(self._job.target, self._entry(output, self._replaced()))

    def _replaced(self) -> str:
        """Hash of the earlier output that is there; empty if there is none."""
        known = self._recorded is not None and self._recorded.knows(self._present)
        return self._present if known else ""

    def made_by(self, recipes: Recipes) -> None:
        """Tell which recipe the output is made by, where more than one was possible before."""
        self._recipes = recipes

    def _entry(self, output: str, replaced: str = "") -> Entry:
        return Entry(self._source, self._recipes.own, output, _origin(self._job), replaced)


def _origin(job: Job) -> Path:
    """The input as seen from the output folder, so that both may be moved together."""
    if job.source == PIPE:
        return PIPE
    source, root = (os.path.realpath(path) for path in (job.source, job.root))
    try:
        return Path(os.path.relpath(source, root))
    except ValueError:  # another drive
        return Path(source)


def _is_free(target: Path) -> bool:
    """Whether there is no file, or an empty one, so that nothing can be lost."""
    try:
        return not target.exists() or (target.is_file() and target.stat().st_size == 0)
    except OSError as error:
        raise UnwritableOutput(
            f"{display_name(target)}: {error.strerror}; choose another place with -o"
        ) from error


def _require_only_file(target: Path) -> None:
    try:
        require_only_file(resolved(target))
    except UnwritableOutput as error:
        raise OutputTaken(str(error)) from error


def _hash_if_alike(target: Path, kind: str, sizes: tuple[Size, ...], load: Loader) -> str:
    """The hash of an image that has the format and the sizes of the output; refuses others."""
    pixels = sum(size.pixels for size in sizes)
    try:
        data = read_source(target, most_bytes(pixels))
        with load(data, display_name(target), pixels) as file:
            header = file.header
    except ImageError as error:
        raise _unknown(target) from error
    if (header.format, header.sizes) != (kind, sizes):
        raise _unknown(target)
    return content_hash(data)


def _changed(target: Path) -> OutputTaken:
    return OutputTaken(
        f"{display_name(target)} was changed by another program, so it is kept: move it away,"
        f" {_OR_ELSE}"
    )


def _unknown(target: Path) -> OutputTaken:
    return OutputTaken(
        f"{display_name(target)} exists and is not recorded as an output, so it is kept:"
        f" move it away, {_OR_ELSE}"
    )
