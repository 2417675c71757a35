"""Protects files in the place of an output: only what the same input made may be replaced."""

import os
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
)

_OR_ELSE = "choose another place with -o, or use --existing skip or overwrite"


class OutputTaken(UnwritableOutput):
    """Another file is in the place of the output."""


class OverwriteGuard:
    """Decides whether the output of one job exists already and what it may replace.

    Args:
        job: The job; if its output is standard output, it may always write.
        ledger: Of the job's output folder.
        source: Hash of the input's content.
        recipe: Hash of everything else that the output depends on.
        existing: ``--existing``: what to do about a file that this job did not make.
    """

    def __init__(
        self, job: Job, ledger: Ledger, source: str, recipe: str, existing: Existing = "error"
    ) -> None:
        self._job = job
        self._ledger = ledger
        self._source = source
        self._recipe = recipe
        self._existing = existing
        self._recorded = None if job.root == PIPE else ledger.find(job.target)
        self._unrecorded_hash: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether the output exists, exactly as this job would make it."""
        if self._recorded is None:
            return False
        return self._recorded == self._entry(file_hash(self._job.target) or "")

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
        if self._existing == "overwrite" or _is_free(target):
            return
        if self._recorded is None:
            if self._existing == "skip":
                raise _unknown(target)
            self._unrecorded_hash = _hash_if_alike(target, kind, sizes, load)
        elif self._recorded.source != self._source and self._recorded.origin != _origin(self._job):
            raise OutputTaken(
                f"{display_name(target)} is the output of another input,"
                f" {display_name(self._recorded.origin)} as seen from there, and is kept: move it"
                f" away, {_OR_ELSE}"
            )

    def require_same(self, output: str) -> None:
        """Refuse an output with the hash ``output`` if a file without a record differs from it.

        Raises:
            OutputTaken: it differs.
        """
        if self._unrecorded_hash not in (None, output):
            raise _unknown(self._job.target)

    def record(self, output: str) -> None:
        """Record in the ledger that this job made the output with the hash ``output``.

        Raises:
            StorageError: the disk is full or failing.
        """
        if self._job.root != PIPE:
            self._ledger.record(self._job.target, self._entry(output))

    def _entry(self, output: str) -> Entry:
        return Entry(self._source, self._recipe, output, _origin(self._job))


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


def _unknown(target: Path) -> OutputTaken:
    return OutputTaken(
        f"{display_name(target)} exists and is not recorded as an output, so it is kept:"
        f" move it away, {_OR_ELSE}"
    )
