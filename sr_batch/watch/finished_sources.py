"""Records final results in the journal, reports them, and applies ``--after`` to the sources."""

from pathlib import Path

from sr_batch.core.results import JobResult
from sr_batch.files.stamp import Stamp
from sr_batch.watch.clock import Clock
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.journal import Journal, Outcome
from sr_batch.watch.listener import Listener
from sr_batch.watch.source_removal import move_or_delete

_RECORD_AFTER = 1.0  # seconds


class FinishedSources:
    """Sources with a final result, until they are recorded.

    Many are recorded at a time: one durable write for each would take longer than enlarging a
    thumbnail.
    """

    def __init__(self, pair: Pair, journal: Journal, listener: Listener, clock: Clock) -> None:
        self._pair = pair
        self._journal = journal
        self._listener = listener
        self._clock = clock
        self._unrecorded: list[tuple[Path, Stamp, JobResult, Outcome]] = []
        self._recorded = clock.now()

    def add(self, path: Path, stamp: Stamp, result: JobResult, outcome: Outcome) -> None:
        """Take ``result`` of ``path``, which had ``stamp`` when it was read."""
        self._unrecorded.append((path, stamp, result, outcome))

    def record_if_due(self) -> None:
        """Do :meth:`record` if the last one is over a second ago."""
        if self._clock.now() - self._recorded > _RECORD_AFTER:
            self.record()

    def record(self) -> None:
        """Write all outcomes to the journal, then report them and move or delete the sources.

        Raises:
            StorageError: the disk is full or failing; the next call tries again.
        """
        self._journal.record({path: outcome for path, _, _, outcome in self._unrecorded})
        self._recorded = self._clock.now()
        recorded, self._unrecorded = self._unrecorded, []
        for path, stamp, result, _ in recorded:
            self._listener.add(result)
            for note in move_or_delete(self._pair, path, stamp, result):
                self._listener.say(note, "note: ")
