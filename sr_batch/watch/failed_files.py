"""Lets files that failed come back later, if that may help."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.results import Failed
from sr_batch.files.stamp import Stamp
from sr_batch.watch.clock import Clock
from sr_batch.watch.journal import Journal, outcome_of
from sr_batch.watch.listener import Listener
from sr_batch.watch.retries import Retries, pause_after
from sr_batch.watch.settling import Settling
from sr_batch.watch.unfinished import is_being_written, is_blank


@dataclass(frozen=True)
class FailedFiles:
    """The files that wait for their next attempt.

    Attributes:
        retries: Decides whether there is one, and when.
        settling: Gives a file back when it is due.
        journal: Keeps the failures for the next watch.
        listener: Receives the reports.
        clock: Of the watch.
    """

    retries: Retries
    settling: Settling
    journal: Journal
    listener: Listener
    clock: Clock

    def resume(self) -> None:
        """Go on with the pauses of an earlier watch: a restart retries no file too early."""
        for path, outcome in self.journal.waiting().items():
            with suppress(ValueError):  # not a stamp: it was written by another version
                stamp = Stamp.read(outcome.stamp)
                pause = pause_after(outcome.attempts)
                left = min(pause, outcome.finished + pause - self.clock.wall())
                self.retries.resume(path, stamp, outcome.attempts)
                self.settling.later(path, stamp, self.clock.now() + left)

    def try_later(self, path: Path, stamp: Stamp, failed: Failed) -> bool:
        """Whether ``failed`` may pass; ``path`` then comes back later.

        A young, blank or open file may still be written, and memory may become free.
        """
        age = self.clock.wall() - max(stamp.modified, stamp.changed) / 1e9
        in_use = is_being_written(path)
        pause = self.retries.add(path, stamp, failed.cause, age, is_blank(path), in_use)
        if pause is None:
            return False
        self.settling.later(path, stamp, self.clock.now() + pause, until_closed=in_use)
        self.listener.say(f"{failed.error}; retrying in {pause:.0f} s", "waiting: ")
        attempts = self.retries.count(path, stamp)
        outcome = outcome_of(failed, "waiting", stamp, attempts, self.clock.wall())
        self.journal.record({path: outcome})
        return True
