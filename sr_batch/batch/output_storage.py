"""Writes the output of an image and its sidecars, and records it."""

from sr_batch import codec
from sr_batch.batch.image_work import Work
from sr_batch.batch.job import Job
from sr_batch.batch.output_ledger import Ledgers
from sr_batch.batch.sidecars import copy_sidecars
from sr_batch.core.errors import BadOutput
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.files.atomic_write import imitate, write_output
from sr_batch.files.part_file import part_file
from sr_batch.files.reading import PIPE, content_hash


class OutputStorage:
    """Where the outputs of a run go."""

    def __init__(self, options: UpscaleOptions, ledgers: Ledgers) -> None:
        self._options = options
        self._ledgers = ledgers

    def store(self, work: Work, encoded: bytes) -> tuple[str, ...]:
        """Write the output; notes on what could not be done beside it.

        Raises:
            ImageError: this output cannot be written, or another file has its place now.
            StorageError: the disk is full or failing.
        """
        job, policy, digest = work.job, self._options.metadata, content_hash(encoded)
        work.guard.require_same(digest)
        if job.target == PIPE:
            write_output(PIPE, encoded)
            return ()
        with part_file(job.target, len(encoded)) as part:
            part.write(encoded)
            if self._options.verify and part.path.read_bytes() != encoded:
                raise BadOutput(f"{work.name}: the disk did not give back what was written")
            notes: tuple[str, ...] = ()
            if job.source != PIPE:
                notes += imitate(part.path, job.source, times=policy != "strip")
            part.sync()
            # Sidecars first: once an output has its name, no later run comes back to them.
            notes += self.sidecars(job, work.made.header, work.made.sizes[0])
            work.guard.require_unchanged(digest)
            work.guard.record(digest)
            work.guard.require_unchanged(digest)  # recording waits for the disk
            part.take_name()
        return notes

    def sidecars(self, job: Job, header: codec.Header, size: Size) -> tuple[str, ...]:
        """Copy the sidecars for an output of ``size``. Returns notes on those not copied."""
        ledger = None if job.root == PIPE else self._ledgers.of(job.root)
        policy = self._options.metadata
        return copy_sidecars(job.source, job.target, header, size, policy, ledger)
