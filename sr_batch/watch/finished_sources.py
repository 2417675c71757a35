"""Records final results in the journal, reports them, and applies ``--after`` to the sources."""

from dataclasses import dataclass
from pathlib import Path

from sr_batch.batch.output_ledger import Ledger
from sr_batch.core.results import JobResult
from sr_batch.files.stamp import Stamp
from sr_batch.watch.clock import Clock
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.journal import Journal, Outcome, Removed
from sr_batch.watch.known_sources import KnownSources
from sr_batch.watch.listener import Listener
from sr_batch.watch.source_removal import (
    delete_sidecars,
    has_changed,
    may_remove,
    place_of,
    remove,
    sidecar_stamps,
)

_RECORD_AFTER = 1.0  # seconds

Sidecars = tuple[Stamp | None, ...]


@dataclass(frozen=True)
class _Finished:
    """A source, its stamp and those of its sidecars when it was read, and its result."""

    path: Path
    stamp: Stamp
    sidecars: Sidecars
    result: JobResult
    outcome: Outcome


class FinishedSources:
    """Sources with a final result, until they are recorded.

    Many are recorded at a time: one durable write for each would take longer than enlarging a
    thumbnail.
    """

    def __init__(
        self,
        pair: Pair,
        journal: Journal,
        known: KnownSources,
        listener: Listener,
        clock: Clock,
    ) -> None:
        self._pair = pair
        self._journal = journal
        self._known = known
        self._listener = listener
        self._clock = clock
        self._unrecorded: list[_Finished] = []
        self._recorded = clock.now()

    def add(
        self, path: Path, stamp: Stamp, sidecars: Sidecars, result: JobResult, outcome: Outcome
    ) -> None:
        """Take ``result`` of ``path``; the stamps are from before it was read."""
        self._unrecorded.append(_Finished(path, stamp, sidecars, result, outcome))

    def record_if_due(self) -> None:
        """Do :meth:`record` if the last one is over a second ago."""
        if self._clock.now() - self._recorded > _RECORD_AFTER:
            self.record()

    def record(self) -> None:
        """Write all outcomes to the journal, then report them and move or delete the sources.

        Raises:
            StorageError: the disk is full or failing; the next call tries again.
        """
        removed = self._to_remove()
        self._journal.record(
            {each.path: each.outcome for each in self._unrecorded if each not in removed}
        )
        self._journal.record_removed(removed.values())
        self._recorded = self._clock.now()
        recorded, self._unrecorded = self._unrecorded, []
        for each in recorded:
            self._listener.add(each.result)
            if found := removed.get(each):
                self._remove(each, found)

    def _to_remove(self) -> dict[_Finished, Removed]:
        """The sources that are moved or deleted now, with the place of each.

        Drops those that are not what was enlarged, and those with sidecars that are not what was
        copied: the next scan takes them again.
        """
        found: dict[_Finished, Removed] = {}
        places: set[Path] = set()
        for each in tuple(self._unrecorded):
            if not may_remove(self._pair, each.path, each.stamp, each.result):
                continue
            if _has_other_sidecars(each) or has_changed(
                self._pair, each.path, each.result, self._listener.say
            ):
                self._known.forget(each.path)
                self._unrecorded.remove(each)
                continue
            place = place_of(self._pair, each.path, each.result, places)
            found[each] = Removed(each.path, place, each.outcome)
            places |= {place} if place else set()
        return found

    def _remove(self, each: _Finished, removed: Removed) -> None:
        changed = _has_other_sidecars(each)
        note = "" if changed else remove(each.path, each.stamp, removed.place)
        if note is None:
            self._known.forget(each.path)
            if removed.place is None and each.result.output:
                ledger = Ledger(self._pair.output, self._listener.say)
                delete_sidecars(each.path, Path(each.result.output), ledger)
            return
        self._journal.forget_removed([removed])
        if note:
            self._journal.record({each.path: each.outcome})
            self._listener.say(note, "note: ")
        else:
            self._known.forget(each.path)  # the next scan takes it again


def _has_other_sidecars(finished: _Finished) -> bool:
    """Whether a sidecar came or changed after the copy in the output folder may have been made."""
    return sidecar_stamps(finished.path) != finished.sidecars
