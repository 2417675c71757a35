"""Watches one pair: finds new files, waits until they settle, enlarges them, retries failures."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Source, as_candidate
from sr_batch.batch.loading import Loader
from sr_batch.batch.sidecars import is_sidecar
from sr_batch.batch.unread_formats import unread_kind
from sr_batch.core.errors import StorageError
from sr_batch.core.results import STOPPED, Done, Failed, JobResult, NotRun
from sr_batch.files.reading import display_name, stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.activity import Activity
from sr_batch.watch.clock import Clock
from sr_batch.watch.error_file import remove_error, write_error
from sr_batch.watch.failed_files import FailedFiles
from sr_batch.watch.file_events import FileEvents
from sr_batch.watch.finished_sources import FinishedSources, Sidecars
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.folder_scan import is_wanted, scan
from sr_batch.watch.journal import Journal, final_status, outcome_of
from sr_batch.watch.known_sources import KnownSources
from sr_batch.watch.late_sidecars import copy_late_sidecars
from sr_batch.watch.listener import Listener
from sr_batch.watch.output_names import OutputNames
from sr_batch.watch.retries import FIRST_PAUSE, LONGEST_PAUSE, Retries
from sr_batch.watch.settled_batch import enlarge_batch
from sr_batch.watch.settling import Settling
from sr_batch.watch.source_removal import sidecar_stamps
from sr_batch.watch.unfinished import is_being_written

_BATCH = 32  # files


@dataclass
class FolderWatch:
    """The watch of one pair.

    Call :meth:`look`, then :meth:`take` and :meth:`work` while files are at rest, then sleep for
    :meth:`wait`, and so on.

    Attributes:
        pair: The folders and their options.
        listener: Receives the reports.
        events: The events of the watched folder; None to rely on scans alone.
        load: Decodes an image.
        clock: Tests pass their own.
    """

    pair: Pair
    listener: Listener
    events: FileEvents | None
    load: Loader
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        options = self.pair.options
        self._choice = Choice(options.recursive, options.include, options.exclude, options.ignore)
        self._settling = Settling(self.pair.settle)
        self._journal = Journal(self.pair.output, self.listener.say)
        self._known = KnownSources(self.pair, self._journal)
        self._names = OutputNames(self.pair, self._known, self.listener.say)
        self._finished = FinishedSources(
            self.pair, self._journal, self._known, self.listener, self.clock
        )
        self._activity = Activity(self.pair.output, self.clock)
        self._retries = Retries()
        self._failed = FailedFiles(
            self._retries, self._settling, self._journal, self.listener, self.clock
        )
        self._failed.resume()
        self._left_behind: set[Path] = set()
        self._sidecars: dict[Path, Sidecars] = {}
        self._next_scan = self.clock.now()
        self._not_before = self.clock.now()
        self._pause = FIRST_PAUSE

    @property
    def waiting(self) -> int:
        """Files that were seen and are not done."""
        return len(self._settling)

    def wait(self) -> float:
        """Seconds until the next file can be taken or the next scan is due."""
        now = self.clock.now()
        due = max(now + self._settling.wait(now), self._not_before)
        return max(0.0, min(due, self._next_scan) - now)

    def look(self) -> None:
        """Find new and changed files: by events, and by a scan if one is due."""
        changed, scan_needed = self.events.take() if self.events else ({}, False)
        now = self.clock.now()
        if scan_needed or now >= self._next_scan:
            self._scan(now)
            self._next_scan = self.clock.now() + self.pair.rescan
        for path, complete in changed.items():
            if self._is_watched(path):
                self._see(path, stamp_of(path), now, complete)
        self.listener.look(self.pair.source, self.waiting)
        if self._activity.is_due:
            self._count_waiting()

    def _count_waiting(self) -> None:
        """Let ``status`` see how many files wait. Those with a retry are in the journal."""
        settling, at_rest, held = self._settling.counts(self.clock.now())
        stopped = [path for path in held if not self._retries.has(path)]  # by a full disk
        self._activity.seen(settling, at_rest + len(stopped))

    def take(self) -> dict[Path, Stamp]:
        """Files at rest, for :meth:`work`. None while the watch pauses for a full disk."""
        now = self.clock.now()
        if now < self._not_before:
            return {}
        batch = self._settling.take(now, _BATCH)
        for path, stamp in list(batch.items()):
            if (found := stamp_of(path)) != stamp:  # it has changed after all
                del batch[path]
                self._see(path, found, now)
            elif self._is_in_use(path, stamp):
                del batch[path]
        return batch

    def work(self, batch: dict[Path, Stamp], upscaler: Enlarger, stop: threading.Event) -> None:
        """Enlarge ``batch``. Every file of it is finished, or seen again later."""
        found = self._candidates(batch)
        self._activity.begin([each.path for each in found if isinstance(each, Source)])
        self._count_waiting()
        self._sidecars = {path: sidecar_stamps(path) for path in batch}
        left = {path: stamp for path, stamp in batch.items() if not self._known.has(path, stamp)}
        try:
            for result in enlarge_batch(
                found, self._names, upscaler, self.load, self.listener, self._activity, stop
            ):
                path = Path(result.input)
                self._activity.finished(path)
                if path in left and not isinstance(result, NotRun):
                    self._handle(path, left.pop(path), result)
                self._finished.record_if_due()
            self._finished.record()
            self._copy_late_sidecars(left, upscaler, stop)
            self._pause = FIRST_PAUSE
        except StorageError as error:
            self._pause_work(str(error))
        for path, stamp in left.items():
            self._settling.later(path, stamp, self._not_before)
        self._activity.begin(())

    def _is_in_use(self, path: Path, stamp: Stamp) -> bool:
        """Whether ``path`` must wait because ``--after`` would take it from under its writer."""
        if self.pair.after == "keep" or not is_being_written(path):
            return False
        self.listener.say(
            f"{display_name(path)}: another program has it open for writing", "waiting: "
        )
        self._settling.later(path, stamp, self.clock.now() + FIRST_PAUSE, until_closed=True)
        return True

    def _is_watched(self, path: Path) -> bool:
        if path.is_relative_to(self.pair.output) or not path.is_relative_to(self.pair.source):
            return False
        return is_wanted(path.relative_to(self.pair.source), self._choice)

    def _scan(self, now: float) -> None:
        self._known.forget_retried()
        present: set[Path] = set()
        wall = self.clock.wall()
        left_behind: set[Path] = set()
        for found in scan(self.pair.source, self._choice, left_behind.add):
            self.listener.alive()
            if isinstance(found, Failed):
                self.listener.say(found.error, "failed: ")
            elif not found[0].is_relative_to(self.pair.output):
                path, stamp = found
                present.add(path)
                at_rest = wall - stamp.modified / 1e9 > self.pair.settle
                self._see(path, stamp, now, old=at_rest)
        self._tell_left_behind(left_behind)
        self._known.keep(present)
        self._retries.keep(present)
        self._settling.keep(present)
        self._known.prune_once(present, wall)

    def _tell_left_behind(self, found: set[Path]) -> None:
        """Report what other programs have left behind, unless that was done before."""
        for path in sorted(found - self._left_behind):
            if not path.is_relative_to(self.pair.output):
                self.listener.passed_over(path)
        self._left_behind = found

    def _see(
        self,
        path: Path,
        stamp: Stamp | None,
        now: float,
        complete: bool = False,
        old: bool = False,
    ) -> None:
        if stamp is None:
            self._known.forget_output(path)
            self._settling.forget(path)
        elif self._known.has(path, stamp):
            self._settling.forget(path)
        else:
            self._settling.see(path, stamp, now, complete, old)

    def _candidates(self, batch: dict[Path, Stamp]) -> list[Source | Failed]:
        """The images in ``batch``. Other files are known from now on and left alone."""
        found: list[Source | Failed] = []
        for path, stamp in batch.items():
            relative, kind = path.relative_to(self.pair.source), unread_kind(path)
            source = Source(path, relative, self.pair.source, kind)
            if candidate := as_candidate(source):
                found.append(candidate)
            elif not is_sidecar(path):
                self._known.ignore(path, stamp)
        return found

    def _copy_late_sidecars(
        self, left: dict[Path, Stamp], upscaler: Enlarger, stop: threading.Event
    ) -> None:
        """Copy the sidecars that are ``left``, and take them out of it."""
        sidecars = [path for path in left if is_sidecar(path)]
        copy_late_sidecars(
            sidecars,
            self._known,
            self._journal,
            self._names,
            upscaler,
            self.load,
            self.listener,
            stop,
        )
        if not stop.is_set():
            for path in sidecars:
                self._known.ignore(path, left.pop(path))

    def _handle(self, path: Path, stamp: Stamp, result: JobResult) -> None:
        """Retry a failure that may pass; finish every other file."""
        if not isinstance(result, Failed):
            remove_error(self.pair, path)
            if isinstance(result, Done):
                self._known.made(path, stamp, Path(result.output))
            if not self._is_in_use(path, stamp):  # else its output is recognized later
                self._finish(path, stamp, result)
            return
        if stamp_of(path) != stamp:
            return  # it has changed or no longer exists, which the next look finds
        if result.cause == "disk":  # space may become free
            self._settling.later(path, stamp, self.clock.now() + self._pause)
        elif not self._failed.try_later(path, stamp, result):
            self._give_up(path, stamp, result)

    def _give_up(self, path: Path, stamp: Stamp, failed: Failed) -> None:
        attempts = self._retries.count(path, stamp)
        notes = write_error(self.pair, path, failed.error, attempts, self.clock.wall())
        self._finish(path, stamp, failed)
        for note in notes:
            self.listener.say(note, "note: ")

    def _finish(self, path: Path, stamp: Stamp, result: JobResult) -> None:
        self._known.add(path, stamp, isinstance(result, Failed))
        attempts = self._retries.count(path, stamp)
        outcome = outcome_of(result, final_status(result), stamp, attempts, self.clock.wall())
        self._finished.add(path, stamp, self._sidecars[path], result, outcome)
        self._retries.forget(path)

    def _pause_work(self, why: str) -> None:
        """Stop all work for a while: the disk is full or failing."""
        self.listener.say(why, STOPPED)
        self._not_before = self.clock.now() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
