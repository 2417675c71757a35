"""A job's claim to its output: made already, free to be made, or not ours to replace."""

import os
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.batch.planning import Job
from sr_batch.core.errors import ImageError, UnwritableOutput
from sr_batch.core.geometry import Size
from sr_batch.core.options import Existing
from sr_batch.files.atomic_write import require_writable
from sr_batch.files.reading import (
    PIPE,
    content_hash,
    display_name,
    file_hash,
    most_bytes,
    read_source,
)

_OR_ELSE = "choose another place with -o, or say --existing skip or overwrite"


class Taken(UnwritableOutput):
    """Something else stands in the output's place."""


class Claim:
    """Says what may be replaced: nothing, or what the same input made. Standard output is free.

    Args:
        job: The one that makes the claim.
        ledger: Of the job's output folder.
        source: Hash of the input's content.
        recipe: Hash of everything else that the output depends on.
        existing: What becomes of a file that stands there and is not this job's.
    """

    def __init__(
        self, job: Job, ledger: Ledger, source: str, recipe: str, existing: Existing = "error"
    ) -> None:
        self._job = job
        self._ledger = ledger
        self._source = source
        self._recipe = recipe
        self._existing = existing
        self._known = None if job.root == PIPE else ledger.find(job.target)
        self._standing: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether the output stands there, as this job would make it."""
        if self._known is None:
            return False
        return self._known == self._entry(file_hash(self._job.target) or "")

    def check(self, kind: str, sizes: tuple[Size, ...]) -> None:
        """Find out before the work what is sure to be refused after it.

        A file that is not known may be ours all the same, its record lost. Then the same work
        gives the same bytes, which :meth:`admit` looks at.

        Raises:
            UnwritableOutput: no file can be made there.
            Taken: a file stands there that is kept.
        """
        target = self._job.target
        if target == PIPE:
            return
        require_writable(target)
        if self._existing == "overwrite" or _is_free(target):
            return
        if self._known is None:
            if self._existing == "skip":
                raise _foreign(target)
            self._standing = _hash_of_image(target, kind, sizes)
        elif self._known.source != self._source and self._known.origin != _origin(self._job):
            raise Taken(
                f"{display_name(target)} is the output of another input,"
                f" {display_name(self._known.origin)} as seen from there, so it is kept: move it"
                f" away, {_OR_ELSE}"
            )

    def admit(self, output: str) -> None:
        """Refuse an output with the hash ``output`` where a different unknown file stands.

        Raises:
            Taken: there is one.
        """
        if self._standing not in (None, output):
            raise _foreign(self._job.target)

    def record(self, output: str) -> None:
        """Keep in the ledger that the output with the hash ``output`` is this job's.

        Raises:
            StorageError: the disk is full or failing.
        """
        if self._job.root != PIPE:
            self._ledger.record(self._job.target, self._entry(output))

    def _entry(self, output: str) -> Entry:
        return Entry(self._source, self._recipe, output, _origin(self._job))


def _origin(job: Job) -> Path:
    """The input as seen from the output folder, so that both may move together."""
    if job.source == PIPE:
        return PIPE
    source, root = (os.path.realpath(path) for path in (job.source, job.root))
    try:
        return Path(os.path.relpath(source, root))
    except ValueError:  # another drive
        return Path(source)


def _is_free(target: Path) -> bool:
    """Nothing stands there, or an empty file: nothing that could be lost."""
    try:
        return not target.exists() or (target.is_file() and target.stat().st_size == 0)
    except OSError as error:
        raise UnwritableOutput(
            f"{display_name(target)}: {error.strerror}; choose another place with -o"
        ) from error


def _hash_of_image(target: Path, kind: str, sizes: tuple[Size, ...]) -> str:
    pixels = sum(size.pixels for size in sizes)
    try:
        data = read_source(target, most_bytes(pixels))
        header = codec.read_header(data, display_name(target), pixels)
    except ImageError as error:
        raise _foreign(target) from error
    if (header.format, header.sizes) != (kind, sizes):
        raise _foreign(target)
    return content_hash(data)


def _foreign(target: Path) -> Taken:
    return Taken(
        f"{display_name(target)} exists and is not known as an output of ours, so it is kept:"
        f" move it away, {_OR_ELSE}"
    )
